package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"mlff/distill"
	"mlff/teacher"
)

// labelling is the flags of mlff label.
type labelling struct {
	teaching
	teacher, out    string
	slurm           string
	submit, collect bool
	jobFrames       int
}

func labelCommand(t *terminal) *cobra.Command {
	l := labelling{teaching: teaching{terminal: t}}
	c := &cobra.Command{
		Use:   "label FILE... --teacher NAME --out LABELLED",
		Short: "Write a teacher's answers for structures",
		Long: "Write a teacher's answers for structures. What was labelled when the command is interrupted or killed stays, in\n" +
			"LABELLED.parts: the same command goes on from there. Files may have any format that ASE reads, where Python has\n" +
			"it. With --slurm the jobs of a cluster do the work, each for some of the frames; the command submits them,\n" +
			"watches them, submits again what failed or ran out of time, and puts the parts together. It may be ended and\n" +
			"started again at any time; the jobs go on.",
		Example: "  mlff label start.extxyz --teacher sw-si --out labelled.extxyz\n" +
			"  mlff label start.extxyz --teacher mace:m.model --python VENV --out labelled.extxyz --slurm \"--partition=cpu --time=1:00:00\"",
		Args: arguments(0, -1, "files of structures"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := l.check(cmd.Flags().Changed("slurm"), args); err != nil {
				return err
			}
			if l.collect || cmd.Flags().Changed("slurm") {
				return l.onCluster(cmd.Context(), args)
			}
			return l.here(cmd.Context(), args)
		},
	}
	f := c.Flags()
	f.StringVar(&l.teacher, "teacher", "", "who labels; mlff teachers lists them")
	l.pythonFlag(f)
	l.flags(f)
	f.StringVar(&l.out, "out", "", "file to write, extended XYZ (.gz and .zst by name)")
	f.StringVar(&l.slurm, "slurm", "", "label in jobs of a Slurm cluster, with these flags for sbatch")
	f.BoolVar(&l.submit, "submit", false, "with --slurm: end once the jobs are submitted")
	f.BoolVar(&l.collect, "collect", false, "wait for the jobs that were submitted for --out, and write it")
	f.IntVar(&l.jobFrames, "job-frames", 0, "with --slurm: frames of a job (default 100)")
	return c
}

func (l *labelling) check(slurm bool, files []string) error {
	switch {
	case l.out == "" || l.teacher == "" && !l.collect:
		return usage("label needs --teacher and --out")
	case len(files) == 0 && !l.collect:
		return usage("label needs files of structures")
	case l.collect && (l.submit || len(files) > 0):
		return usage("--collect only waits for what was submitted: leave out files and --submit")
	case !slurm && (l.submit || l.jobFrames != 0):
		return usage("--submit and --job-frames need --slurm")
	case l.jobFrames < 0:
		return usage("--job-frames %d is negative", l.jobFrames)
	}
	return apart(l.out, append(distill.TeacherFiles(l.teacher), files...)...)
}

// here labels in processes of this machine.
func (l *labelling) here(ctx context.Context, files []string) error {
	teach, err := teacher.Open(l.teacher, l.options(ctx))
	if err != nil {
		return err
	}
	defer teach.Close()
	bar := newProgress(l.terminal.err)
	made, err := distill.Label(ctx, teach, files, l.out, l.python, func(done, total int) { bar.Progress("label", done, total) })
	bar.Done()
	if err != nil {
		return err
	}
	return l.terminal.labelled(made)
}

// pollEvery is polite to the daemon that answers squeue for everybody.
const pollEvery = 10 * time.Second

// onCluster labels in jobs, which run this program on their nodes.
func (l *labelling) onCluster(ctx context.Context, files []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	bar := newProgress(l.terminal.err)
	made, err := distill.LabelCluster(ctx, files, l.out, distill.ClusterOptions{
		Flags: l.slurm, Label: append([]string{self, "label", "--teacher", l.teacher}, l.arguments()...), Python: l.python, JobFrames: l.jobFrames,
		Submit: l.submit, Collect: l.collect, Poll: cmp.Or(l.terminal.poll, pollEvery),
		Progress: func(done, total int) { bar.Progress("label", done, total) }, Message: bar.Message,
	})
	bar.Done()
	switch {
	case err != nil:
		return err
	case made == nil && l.terminal.json:
		return l.terminal.printJSON(map[string]any{"submitted": true, "out": l.out})
	case made == nil:
		_, err := fmt.Fprintf(l.terminal.out, "submitted; wait for it with: mlff label --collect --out %s\n", l.out)
		return err
	}
	return l.terminal.labelled(made)
}

// arguments are the flags about the teacher's processes as they were given.
func (t *teaching) arguments() []string {
	var list []string
	if t.python != "" {
		list = append(list, "--python", t.python)
	}
	if t.workers != 0 {
		list = append(list, "--workers", strconv.Itoa(t.workers))
	}
	if t.limit != 0 {
		list = append(list, "--limit", t.limit.String())
	}
	if t.memory != 0 {
		list = append(list, "--memory", strconv.FormatFloat(t.memory, 'g', -1, 64))
	}
	return list
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
