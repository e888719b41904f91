package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"mlff/distill"
	"mlff/teacher"
)

func labelCommand(t *terminal) *cobra.Command {
	var name, out string
	flags := teaching{terminal: t}
	c := &cobra.Command{
		Use:     "label FILE... --teacher NAME --out LABELLED",
		Short:   "Write a teacher's answers for structures",
		Example: "  mlff label start.extxyz --teacher sw-si --out labelled.extxyz",
		Args:    arguments(1, -1, "files of structures"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if name == "" || out == "" {
				return usage("label needs --teacher and --out")
			}
			if err := apart(out, append(distill.TeacherFiles(name), args...)...); err != nil {
				return err
			}
			teach, err := teacher.Open(name, flags.options(cmd.Context()))
			if err != nil {
				return err
			}
			defer teach.Close()
			bar := newProgress(t.err)
			made, err := distill.Label(cmd.Context(), teach, args, out, func(done, total int) { bar.Progress("label", done, total) })
			bar.Done()
			if err != nil {
				return err
			}
			return t.labelled(made)
		},
	}
	f := c.Flags()
	f.StringVar(&name, "teacher", "", "who labels; mlff teachers lists them")
	flags.pythonFlag(f)
	flags.flags(f)
	f.StringVar(&out, "out", "", "file to write, extended XYZ (.gz and .zst by name)")
	return c
}

func sampleCommand(t *terminal) *cobra.Command {
	var c changes
	var out string
	flags := teaching{terminal: t}
	command := &cobra.Command{
		Use:     "sample [CONFIG] --out LABELLED",
		Short:   "Write labelled frames that are worth learning from",
		Example: "  mlff sample examples/silicon.yaml --labels 100 --out frames.extxyz",
		Args:    arguments(0, 1, "at most one configuration"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return usage("sample needs --out")
			}
			config, err := c.config(cmd.Flags(), args)
			if err == nil {
				err = checked(config)
			}
			if err == nil {
				err = apart(out, append(config.Files(), args...)...)
			}
			if err != nil {
				return err
			}
			bar := newProgress(t.err)
			n, err := distill.Sample(cmd.Context(), config, out, flags.options(cmd.Context()), bar.Progress)
			bar.Done()
			if err != nil {
				return err
			}
			return t.wrote(n, out)
		},
	}
	c.flags(command.Flags())
	flags.flags(command.Flags())
	command.Flags().StringVar(&out, "out", "", "file to write, extended XYZ (.gz and .zst by name)")
	return command
}

// labelled says what came of labelling.
func (t *terminal) labelled(made *distill.LabelOutcome) error {
	for _, r := range made.Refused {
		fmt.Fprintf(t.err, "warning: %s frame %d is left out: %s\n", r.File, r.Frame, oneLine(r.Reason))
	}
	if made.Frames == 0 && len(made.Refused) > 0 {
		return fmt.Errorf("the teacher could label none of %d frames", len(made.Refused))
	}
	if t.json {
		return t.printJSON(made)
	}
	return t.wrote(made.Frames, made.Out)
}

// wrote says how many frames are in a file now.
func (t *terminal) wrote(frames int, out string) error {
	if t.json {
		return t.printJSON(map[string]any{"frames": frames, "out": out})
	}
	_, err := fmt.Fprintf(t.out, "%s: %s\n", count(frames, "labelled frame"), out)
	return err
}
