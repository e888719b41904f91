package main

import (
	"context"
	"fmt"
	"io"
	"math"
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
	bars, err := v.bars(f)
	if err != nil {
		return err
	}
	p, err := v.open(student)
	if err != nil {
		return err
	}
	defer p.Close()
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
	v.terminal.warnOf(c)
	if err == nil && (!c.Passed || c.Undecided() != "") { // whoever gives a bar wants it decided
		return errBelowBar
	}
	return err
}

// bars are those that the command line states.
func (v *validation) bars(f *pflag.FlagSet) (validate.Bars, error) {
	bars := validate.Bars{}
	for _, b := range []struct {
		name  string
		value *float64
		most  float64
	}{{"energy", &v.energy, 1}, {"forces", &v.forces, 1}, {"stress", &v.stress, 1}, {"drift", &v.drift, math.MaxFloat64}} {
		if !f.Changed(b.name) {
			continue
		}
		switch x := *b.value; {
		case b.name == "drift" && !(x >= 0 && x <= b.most):
			return nil, usage("--drift %g is no drift: give meV/atom/ps, at least 0", x)
		case b.name != "drift" && !(x > 0 && x <= b.most):
			return nil, usage("--%s %g is no accuracy: give a number above 0 and up to 1, such as 0.95", b.name, x)
		}
		bars[b.name] = b.value
	}
	return bars, nil
}

func printChecks(out io.Writer, checks []validate.Check) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	for _, c := range checks {
		figure, verdict := "-", "no bar"
		if c.Figure != nil {
			figure = strings.TrimSpace(fmt.Sprintf("%.4g %s", *c.Figure, c.Unit))
		}
		switch {
		case c.Pass != nil && c.Bar != nil:
			verdict = fmt.Sprintf("%s %g: %s", c.Sense, *c.Bar, map[bool]string{true: "ok", false: "FAILED"}[*c.Pass])
		case c.Pass != nil:
			verdict = "FAILED"
		case c.Bar != nil:
			verdict = fmt.Sprintf("%s %g: not decided", c.Sense, *c.Bar)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", c.Name, figure, verdict, c.Note)
	}
}
