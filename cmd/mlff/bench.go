package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mlff/benchmark"
	"mlff/md"
	"mlff/model"
	"mlff/structure"
)

// timing are the flags of mlff bench.
type timing struct {
	runner
	options   benchmark.Options
	sizes     []int
	threads   []int
	kernel    string
	reference bool
	bars      bool
}

func benchCommand(t *terminal) *cobra.Command {
	b := timing{runner: runner{terminal: t}}
	c := &cobra.Command{
		Use:   "bench STUDENT [STRUCTURES]",
		Short: "Measure time, memory and drift of molecular dynamics",
		Long: "Run molecular dynamics with a student and measure whole steps: time per atom (least and median of repeats),\n" +
			"rebuilds of the neighbour list, memory, drift of the conserved energy. Without STRUCTURES an example that the\n" +
			"student carries is repeated to the nearest size. --reference measures a student with random weights in the\n" +
			"usual shape, 52 neighbours, instead; --bars holds the engine against its bars.",
		Example: "  mlff bench run/student.safetensors --sizes 216,1000 --threads 1,2\n  mlff bench --reference\n  mlff bench --bars",
		Args:    arguments(0, 2, "a student and perhaps structures"),
		RunE:    func(cmd *cobra.Command, args []string) error { return b.run(cmd.Context(), args) },
	}
	f := c.Flags()
	b.flags(f)
	f.IntSliceVar(&b.sizes, "sizes", []int{64, 216, 512, 1000, 4096}, "numbers of atoms")
	f.IntSliceVar(&b.threads, "threads", nil, "numbers of threads, each measured (default 1 and all processors)")
	f.IntVar(&b.options.Steps, "steps", 1000, "timed steps of a run")
	f.IntVar(&b.options.Repeats, "repeats", 10, "parts that the steps are timed in")
	f.StringVar(&b.options.Ensemble, "ensemble", md.NVE, "nve or nvt")
	f.Float64Var(&b.options.Temperature, "temperature", 300, "K")
	f.Float64Var(&b.options.Timestep, "timestep", 0, "fs (default 1, with hydrogen 0.5)")
	f.Uint64Var(&b.options.Seed, "seed", 1, "of velocities")
	f.StringVar(&b.kernel, "kernel", "", "back end: ref, avx2 or avx512 (default the fastest)")
	f.BoolVar(&b.reference, "reference", false, "measure random weights of the reference shape")
	f.BoolVar(&b.bars, "bars", false, "hold the engine against its bars")
	return c
}

func (b *timing) run(ctx context.Context, args []string) error {
	switch {
	case b.bars && len(args) == 0:
		return b.runBars(ctx)
	case b.bars, b.reference && len(args) > 0:
		return usage("--reference and --bars bring their own student")
	case !b.reference && len(args) == 0:
		return usage("bench takes a student, --reference or --bars")
	}
	if err := b.check(); err != nil {
		return err
	}
	m, starts, err := b.subject(args)
	if err != nil {
		return err
	}
	runs := []*benchmark.Run{}
	bar := newProgress(b.terminal.err)
	for k, s := range starts {
		for _, threads := range b.threads {
			bar.Progress("runs", len(runs), len(b.threads)*len(starts))
			run, err := b.measure(ctx, m, s, threads)
			if err != nil {
				bar.Done()
				return fmt.Errorf("structure %d (%d atoms): %w", k, s.Len(), err)
			}
			runs = append(runs, run)
		}
	}
	bar.Done()
	if b.terminal.json {
		return b.terminal.printJSON(map[string]any{"runs": runs})
	}
	return printRuns(b.terminal.out, runs)
}

// check completes the flags.
func (b *timing) check() error {
	if b.options.Steps < 1 || b.options.Repeats < 1 {
		return usage("--steps and --repeats must be at least 1")
	}
	if len(b.threads) == 0 {
		b.threads = slices.Compact([]int{1, model.DefaultThreads()})
	}
	for _, v := range [][]int{b.sizes, b.threads} {
		if len(v) == 0 || slices.Min(v) < 1 || slices.Max(v) > 100_000_000 {
			return usage("--sizes and --threads take numbers from 1")
		}
	}
	return nil
}

// subject is what is measured, and where its runs start.
func (b *timing) subject(args []string) (m *model.Model, starts []structure.Structure, err error) {
	if b.reference {
		m, err = benchmark.Reference()
		for _, n := range b.sizes {
			starts = append(starts, benchmark.Lattice(n))
		}
		return m, starts, err
	}
	m, err = b.terminal.load(args[0])
	if err != nil {
		return nil, nil, err
	}
	if len(args) == 2 {
		frames, err := structure.ReadFile(args[1], structure.Keys{})
		if err != nil {
			return nil, nil, err
		}
		for k := range frames {
			starts = append(starts, frames[k].Structure)
		}
		return m, starts, nil
	}
	example, err := exampleOf(m)
	if err != nil {
		return nil, nil, err
	}
	for _, n := range b.sizes {
		starts = append(starts, benchmark.Repeat(example, n))
	}
	return m, starts, nil
}

// exampleOf reads the structure that a student carries.
func exampleOf(m *model.Model) (*structure.Structure, error) {
	missing := func(err error) error { return structure.Hint(err, "name a file with structures after the student") }
	if m.Meta().Example == "" {
		return nil, missing(fmt.Errorf("the student carries no example structure"))
	}
	f, err := structure.NewReader(strings.NewReader(m.Meta().Example), "the student's example", structure.Keys{}).Next()
	if err != nil {
		return nil, missing(err)
	}
	return &f.Structure, nil
}

func (b *timing) measure(ctx context.Context, m *model.Model, s structure.Structure, threads int) (*benchmark.Run, error) {
	p, err := m.Potential(model.Options{Threads: threads, Precision: b.precision, Kernel: b.kernel})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	name := "student"
	if b.reference {
		name = "reference"
	}
	return benchmark.Measure(ctx, benchmark.Subject{Name: name, Potential: p, Threads: threads}, s, b.options)
}

func printRuns(w io.Writer, runs []*benchmark.Run) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "atoms\tthreads\tneighbours\tkernel\tµs/atom/step\tleast\tns/day\tsteps/rebuild\tRSS MiB\tdrift meV/atom/ps\t")
	for _, r := range runs {
		rebuild := "-"
		if r.Rebuilds != nil && *r.Rebuilds > 0 {
			rebuild = fmt.Sprintf("%.3g", 1 / *r.Rebuilds)
		}
		drift := orDash("%.2g", r.Drift)
		if r.Drift != nil {
			drift += " ± " + orDash("%.1g", r.DriftError)
		}
		fmt.Fprintf(table, "%d\t%d\t%s\t%s\t%.3f\t%.3f\t%.3g\t%s\t%s\t%s\t\n", r.Atoms, r.Threads, orDash("%.1f", r.Neighbors), r.Kernel,
			r.Time.Median, r.Time.Min, r.NsPerDay, rebuild, orDash("%.1f", r.RSS), drift)
	}
	return table.Flush()
}

func orDash(format string, x *float64) string {
	if x == nil {
		return "-"
	}
	return fmt.Sprintf(format, *x)
}

// runBars prints each bar when it is known.
func (b *timing) runBars(ctx context.Context) error {
	w := b.terminal.out
	if b.terminal.json {
		w = b.terminal.err
	}
	fmt.Fprintf(w, "%-56s %10s %10s %10s\n", "", "median", "quiet", "bar")
	bars, err := benchmark.Bars(ctx, func(bar benchmark.Bar) { printBar(w, bar) })
	if err != nil {
		return err
	}
	if b.terminal.json {
		if err := b.terminal.printJSON(map[string]any{"bars": bars}); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(bars, func(b benchmark.Bar) bool { return !b.Passed }) {
		return errBelowBar
	}
	return nil
}

func printBar(w io.Writer, b benchmark.Bar) {
	sign, verdict := "<=", "passed"
	if b.AtLeast {
		sign = ">="
	}
	if !b.Passed {
		verdict = "MISSED"
	}
	if b.Measured == nil {
		verdict = "not measured"
	}
	if b.Note != "" {
		verdict += " (" + b.Note + ")"
	}
	fmt.Fprintf(w, "%-56s %10s %10s %2s %7.5g %-12s %s\n", b.Name, orDash("%.4g", b.Measured), orDash("%.4g", b.Quiet), sign, b.Bar, b.Unit, verdict)
}
