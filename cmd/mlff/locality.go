package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mlff/teacher"
)

// locality is the flags of mlff teachers locality.
type locality struct {
	teaching
	structures []string
	options    teacher.LocalityOptions
}

func localityCommand(t *terminal) *cobra.Command {
	l := locality{teaching: teaching{terminal: t}}
	c := &cobra.Command{
		Use:   "locality TEACHER --structures FILE",
		Short: "Measure how far a student must see",
		Long: "Measure the error floor of a student by its reach: atoms within a radius stay where they are, all others are\n" +
			"displaced, and the force on the centre changes by what no student of that reach can know.",
		Example: "  mlff teachers locality sw-si --structures si.extxyz --radii 3,4,5",
		Args:    arguments(1, 1, "one teacher"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(l.structures) == 0 {
				return usage("teachers locality needs --structures")
			}
			return l.run(cmd.Context(), args[0])
		},
	}
	f := c.Flags()
	l.flags(f)
	l.pythonFlag(f)
	f.StringSliceVar(&l.structures, "structures", nil, "structures to measure in")
	float64s(f, &l.options.Radii, "radii", "reaches to look at, ascending, Å (default 4 to 10)")
	f.Float64Var(&l.options.Rattle, "rattle", 0, "standard deviation of the displacements, Å (default 0.1)")
	f.IntVar(&l.options.Samples, "samples", 0, "displaced structures for each centre and radius (default 8)")
	return c
}

func (l *locality) run(ctx context.Context, name string) error {
	structures, err := l.read(ctx, l.structures, mostChecked)
	if err != nil {
		return err
	}
	teach, err := teacher.Open(name, l.teaching.options(ctx))
	if err != nil {
		return err
	}
	defer teach.Close()
	bar := newProgress(l.terminal.err)
	reaches, err := teacher.Locality(ctx, teach, structures, l.options, func(done, total int) { bar.Progress("locality", done, total) })
	bar.Done()
	if err != nil {
		return err
	}
	if l.terminal.json {
		return l.terminal.printJSON(map[string]any{"locality": reaches})
	}
	w := tabwriter.NewWriter(l.terminal.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "reach\tneighbours\terror floor of forces\n")
	for _, r := range reaches {
		fmt.Fprintf(w, "%g Å\t%.0f\t%.3g meV/Å\n", r.Radius, r.Atoms, 1e3*r.Spread)
	}
	return w.Flush()
}
