package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mlff/distill"
	"mlff/model"
	"mlff/structure"
	"mlff/validate"
)

// validation is the flags of mlff validate.
type validation struct {
	runner
	keys   structure.Keys
	energy float64
	forces float64
	stress float64
	drift  float64
}

func validateCommand(t *terminal) *cobra.Command {
	v := validation{runner: runner{terminal: t}}
	c := &cobra.Command{
		Use:   "validate STUDENT [FILE...]",
		Short: "Measure a student: errors, drift, dimers, compression",
		Long: "Measure a student as distill does: errors against labelled frames, the drift of the energy, the repulsion\n" +
			"of dimers and the energy under compression. Bars that are given decide about exit code 3.",
		Example: "  mlff validate run/student.safetensors test.extxyz --forces 0.95 --drift 0.01",
		Args:    arguments(1, -1, "a student and labelled files"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return v.run(cmd.Context(), cmd.Flags(), args[0], args[1:])
		},
	}
	f := c.Flags()
	v.flags(f)
	labelKeys(f, &v.keys)
	f.Float64Var(&v.energy, "energy", 0, "bar: least accuracy of energies")
	f.Float64Var(&v.forces, "forces", 0, "bar: least accuracy of forces")
	f.Float64Var(&v.stress, "stress", 0, "bar: least accuracy of stress")
	f.Float64Var(&v.drift, "drift", 0, "bar: largest drift, meV/atom/ps")
	return c
}

func (v *validation) run(ctx context.Context, f *pflag.FlagSet, student string, files []string) error {
	p, err := v.open(student)
	if err != nil {
		return err
	}
	defer p.Close()
	bars := validate.Bars{}
	for name, value := range map[string]*float64{"energy": &v.energy, "forces": &v.forces, "stress": &v.stress, "drift": &v.drift} {
		if f.Changed(name) {
			bars[name] = value
		}
	}
	bar := newProgress(v.terminal.err)
	result, err := distill.Validate(ctx, p, files, v.keys, validate.Options{Bars: bars, Dynamics: v.terminal.dynamics, Progress: bar.Progress})
	bar.Done()
	if err != nil {
		return err
	}
	c := result.Certificate()
	if v.terminal.json {
		err = v.terminal.printJSON(struct {
			*model.Certificate
			Checks []validate.Check `json:"checks"`
		}{c, result.Checks})
	} else {
		printChecks(v.terminal.out, result.Checks)
	}
	if err == nil && !c.Passed {
		return errBelowBar
	}
	return err
}

func printChecks(out io.Writer, checks []validate.Check) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	for _, c := range checks {
		figure, verdict := "-", "no bar"
		if c.Figure != nil {
			figure = strings.TrimSpace(fmt.Sprintf("%.4g %s", *c.Figure, c.Unit))
		}
		if c.Pass != nil && c.Bar != nil {
			verdict = fmt.Sprintf("%s %g: %s", c.Sense, *c.Bar, map[bool]string{true: "ok", false: "FAILED"}[*c.Pass])
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", c.Name, figure, verdict, c.Note)
	}
}
