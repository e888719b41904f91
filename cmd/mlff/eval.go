package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mlff/dataset"
	"mlff/distill"
	"mlff/structure"
)

// runner is how a student is run.
type runner struct {
	terminal  *terminal
	precision string
}

func (r *runner) flags(f *pflag.FlagSet) {
	f.StringVar(&r.precision, "precision", "float32", "working precision of the student: float32 or float64")
}

// labelKeys are flags that say where labels are in extended XYZ files.
func labelKeys(f *pflag.FlagSet, k *structure.Keys) {
	f.StringVar(&k.Energy, "energy-key", "", "comment-line key of the energy (default REF_energy, then energy)")
	f.StringVar(&k.Forces, "forces-key", "", "column of the forces (default REF_forces, then forces)")
	f.StringVar(&k.Stress, "stress-key", "", "comment-line key of the stress (default REF_stress, then stress)")
	f.StringVar(&k.Virial, "virial-key", "", "comment-line key of the virial, -V times stress")
	f.BoolVar(&k.FreeEnergy, "free-energy", false, "take free_energy for the energy")
}

func evalCommand(t *terminal) *cobra.Command {
	r := runner{terminal: t}
	var keys structure.Keys
	c := &cobra.Command{
		Use:     "eval STUDENT FILE...",
		Short:   "Compare a student with labelled frames",
		Example: "  mlff eval run/student.safetensors test.extxyz",
		Args:    arguments(2, -1, "a student and labelled files"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.eval(cmd.Context(), args[0], args[1:], keys)
		},
	}
	r.flags(c.Flags())
	labelKeys(c.Flags(), &keys)
	return c
}

func (r *runner) eval(ctx context.Context, student string, files []string, keys structure.Keys) error {
	p, err := r.open(student)
	if err != nil {
		return err
	}
	defer p.Close()
	bar := newProgress(r.terminal.err)
	seen := watch(p)
	c, err := distill.Evaluate(ctx, seen, files, keys, bar.Count("frames"))
	bar.Done()
	if err != nil {
		return err
	}
	seen.warn(r.terminal.err)
	if r.terminal.json {
		return r.terminal.printJSON(map[string]any{"test": c.Errors()})
	}
	printErrors(r.terminal.out, c)
	return nil
}

// printErrors prints the error table: everything, each species, each config_type.
func printErrors(w io.Writer, c *dataset.Comparison) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	header(table, "energy [meV/atom]", "forces [meV/Å]", "stress [MPa]")
	row(table, "all", c.Errors())
	types := c.ByType()
	for _, k := range types {
		if len(types) > 1 || k.Type != "" {
			row(table, orNone(k.Type), k.Errors)
		}
	}
	table.Flush()
	if e := c.Errors(); e.EStar != nil {
		fmt.Fprintf(w, "\ne* %.4g meV (spread over frames of the energy error divided by the square root of atoms)\n", *e.EStar)
	}
	fmt.Fprintln(w)
	table = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	header(table, "forces [meV/Å]")
	for _, s := range c.BySpecies() {
		fmt.Fprintf(table, "%s\t%d\t%s\t\n", s.Symbol, s.Atoms, quality(&s.Forces))
	}
	table.Flush()
}

// header names the quantities of a table, each with its four columns.
func header(w io.Writer, quantities ...string) {
	first, second := "\t", "\tn"
	for _, q := range quantities {
		first += "\t" + q + "\t\t\t"
		second += "\tMAE\tRMSE\tR2\taccuracy"
	}
	fmt.Fprintf(w, "%s\t\n%s\t\n", first, second)
}

func row(w io.Writer, name string, e structure.Errors) {
	fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t\n", name, e.Frames, quality(e.Energy), quality(e.Forces), quality(e.Stress))
}

// quality is four cells; what is not defined is a dash.
func quality(q *structure.Quality) string {
	if q == nil {
		return "-\t-\t-\t-"
	}
	cells := []string{fmt.Sprintf("%.4g", q.MAE), fmt.Sprintf("%.4g", q.RMSE), "-", "-"}
	if q.R2 != nil {
		cells[2] = fmt.Sprintf("%.4f", *q.R2)
	}
	if q.Accuracy != nil {
		cells[3] = fmt.Sprintf("%.4f", *q.Accuracy)
	}
	return strings.Join(cells, "\t")
}

func orNone(name string) string {
	if name == "" {
		return "(none)"
	}
	return name
}
