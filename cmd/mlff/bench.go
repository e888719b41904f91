package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mlff/benchmark"
	"mlff/md"
	"mlff/model"
	"mlff/structure"
	"mlff/teacher"
)

// timing are the flags of mlff bench.
type timing struct {
	runner
	options   benchmark.Options
	sizes     []int
	threads   []int
	ensembles []string
	pressure  float64 // GPa
	kernel    string
	reference bool
	bars      bool
	csv       string
	soak      int
	seconds   float64 // that the student took to make, if it does not say itself

	teaching     teaching
	teacher      string
	teacherSteps int
}

func benchCommand(t *terminal) *cobra.Command {
	b := timing{runner: runner{terminal: t}, teaching: teaching{terminal: t}}
	c := &cobra.Command{
		Use:   "bench STUDENT [STRUCTURES]",
		Short: "Measure time, memory and drift of molecular dynamics",
		Long: "Run molecular dynamics with a student and measure whole steps: time per atom (least and median of repeats),\n" +
			"rebuilds of the neighbour list, memory, drift of the conserved energy. Without STRUCTURES an example that the\n" +
			"student carries is repeated to the nearest size. --reference measures a student with random weights in the\n" +
			"usual shape, 52 neighbours, instead; --bars holds the engine against its bars. With --teacher, the teacher runs the\n" +
			"same dynamics for --teacher-steps, and the student's speed-up and the steps after which it has paid are printed.",
		Example: "  mlff bench run/student.safetensors --teacher sw-si --ensembles nve,nvt,npt --sizes 216\n  mlff bench run/student.safetensors --sizes 216,1000 --threads 1,2\n  mlff bench --reference\n  mlff bench --bars",
		Args:    arguments(0, 2, "a student and perhaps structures"),
		RunE:    func(cmd *cobra.Command, args []string) error { return b.run(cmd.Context(), args) },
	}
	f := c.Flags()
	b.runner.flags(f)
	b.teaching.flags(f)
	b.teaching.pythonFlag(f)
	f.StringVar(&b.teacher, "teacher", "", "run this teacher too; mlff teachers lists them")
	f.IntVar(&b.teacherSteps, "teacher-steps", 30, "timed steps of the teacher, after 3 to warm up")
	f.Float64Var(&b.seconds, "invested", 0, "seconds that labels and training took (default what the student's file says)")
	f.IntSliceVar(&b.sizes, "sizes", []int{64, 216, 512, 1000, 4096}, "numbers of atoms")
	f.IntSliceVar(&b.threads, "threads", nil, "numbers of threads, each measured (default 1 and all processors)")
	f.IntVar(&b.options.Steps, "steps", 1000, "timed steps of a run")
	f.IntVar(&b.options.Repeats, "repeats", 10, "parts that the steps are timed in")
	f.StringSliceVar(&b.ensembles, "ensembles", []string{md.NVE}, "nve, nvt, npt")
	f.StringVar(&b.options.Barostat, "barostat", md.Isotropic, "of npt: isotropic, anisotropic or mtk")
	f.Float64Var(&b.pressure, "pressure", 0, "of npt, GPa")
	f.StringVar(&b.csv, "csv", "", "file for the runs as comma-separated values")
	f.IntVar(&b.soak, "memory-soak", 0, "also make so many steps of the first structure and print memory on the way")
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
	r := results{Runs: []*benchmark.Run{}}
	if err := b.runStudent(ctx, m, starts, &r); err != nil {
		return err
	}
	if b.teacher != "" {
		if err := b.runTeacher(ctx, m, starts, &r); err != nil {
			return err
		}
	}
	if b.csv != "" {
		if err := writeFile(b.csv, func(w io.Writer) error { return benchmark.WriteCSV(w, r.Runs) }); err != nil {
			return err
		}
	}
	if b.terminal.json {
		return b.terminal.printJSON(r)
	}
	return r.print(b.terminal.out)
}

// results is the JSON of mlff bench.
type results struct {
	Runs        []*benchmark.Run       `json:"runs"`
	Comparisons []benchmark.Comparison `json:"comparisons,omitempty"`
	Memory      []benchmark.Memory     `json:"memory,omitempty"`
}

func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}

// runStudent measures every structure in every ensemble with every number of threads.
func (b *timing) runStudent(ctx context.Context, m *model.Model, starts []structure.Structure, r *results) error {
	bar := newProgress(b.terminal.err)
	defer bar.Done()
	for k, s := range starts {
		for _, ensemble := range b.ensembles {
			for _, threads := range b.threads {
				bar.Progress("student", len(r.Runs), len(b.threads)*len(starts)*len(b.ensembles))
				run, err := b.measure(ctx, m, s, ensemble, threads)
				if err != nil {
					return fmt.Errorf("structure %d (%d atoms), %s: %w", k, s.Len(), ensemble, err)
				}
				r.Runs = append(r.Runs, run)
			}
		}
	}
	if b.soak == 0 {
		return nil
	}
	p, err := m.Potential(model.Options{Precision: b.precision, Kernel: b.kernel})
	if err != nil {
		return err
	}
	defer p.Close()
	r.Memory, err = benchmark.Soak(ctx, benchmark.Subject{Name: "student", Potential: p}, starts[0], b.options, b.soak,
		func(done, total int) { bar.Progress("soak", done, total) })
	return err
}

// runTeacher measures the teacher where the student was measured, and compares.
func (b *timing) runTeacher(ctx context.Context, m *model.Model, starts []structure.Structure, r *results) error {
	invested := b.seconds
	if run := m.Meta().Run; invested == 0 && run != nil {
		invested = run.Seconds
	}
	bar := newProgress(b.terminal.err)
	defer bar.Done()
	students := r.Runs
	for _, threads := range b.threads {
		options := b.teaching.options(ctx)
		options.Threads, options.Workers = threads, 1
		teach, err := teacher.Open(b.teacher, options)
		if err != nil {
			return err
		}
		defer teach.Close()
		at := 0
		for k, s := range starts {
			for _, ensemble := range b.ensembles {
				bar.Progress("teacher", len(r.Runs)-len(students), len(students))
				student := students[at+slices.Index(b.threads, threads)]
				at += len(b.threads)
				if ensemble == md.NPT && !teach.Info().Stress {
					bar.Message(b.teacher + " gives no stress: npt is left out")
					continue
				}
				o := b.options
				o.Ensemble, o.Steps, o.WarmUp = ensemble, b.teacherSteps, 3
				run, err := benchmark.Measure(ctx, benchmark.Subject{Name: b.teacher, Potential: teacher.AsPotential(teach), Threads: threads}, s, o)
				if err != nil {
					return fmt.Errorf("structure %d (%d atoms), %s, with %s: %w", k, s.Len(), ensemble, b.teacher, err)
				}
				r.Runs = append(r.Runs, run)
				r.Comparisons = append(r.Comparisons, benchmark.Compare(run, student, invested))
			}
		}
	}
	return nil
}

// check completes the flags.
func (b *timing) check() error {
	if b.options.Steps < 1 || b.options.Repeats < 1 {
		return usage("--steps and --repeats must be at least 1")
	}
	if b.teacherSteps < 1 || b.soak < 0 {
		return usage("--teacher-steps must be at least 1, --memory-soak not negative")
	}
	for _, e := range b.ensembles {
		if e != md.NVE && e != md.NVT && e != md.NPT {
			return usage("--ensembles %s: the ensembles are nve, nvt and npt", e)
		}
	}
	b.options.Pressure = b.pressure * structure.GPa
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

func (b *timing) measure(ctx context.Context, m *model.Model, s structure.Structure, ensemble string, threads int) (*benchmark.Run, error) {
	p, err := m.Potential(model.Options{Threads: threads, Precision: b.precision, Kernel: b.kernel})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	name := "student"
	if b.reference {
		name = "reference"
	}
	o := b.options
	o.Ensemble = ensemble
	return benchmark.Measure(ctx, benchmark.Subject{Name: name, Potential: p, Threads: threads}, s, o)
}

func (r *results) print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "potential\tensemble\tatoms\tthreads\tneighbours\tkernel\tµs/atom/step\tleast\tp99 ms\tns/day\tsteps/rebuild\tRSS MiB\tdrift meV/atom/ps\t")
	for _, r := range r.Runs {
		rebuild := "-"
		if r.Rebuilds != nil && *r.Rebuilds > 0 {
			rebuild = fmt.Sprintf("%.3g", 1 / *r.Rebuilds)
		}
		drift := orDash("%.2g", r.Drift)
		if r.Drift != nil {
			drift += " ± " + orDash("%.1g", r.DriftError)
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\t%s\t%.3f\t%.3f\t%.3g\t%.3g\t%s\t%s\t%s\t\n", r.Potential, r.Ensemble, r.Atoms, r.Threads,
			orDash("%.1f", r.Neighbors), r.Kernel, r.Time.Median, r.Time.Min, r.Latency.P99, r.NsPerDay, rebuild, orDash("%.1f", r.RSS), drift)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, c := range r.Comparisons {
		fmt.Fprintf(w, "%s, %d atoms, threads %d: %.4g times faster (%.4g to %.4g)", c.Ensemble, c.Atoms, c.Threads, c.SpeedUp.Value, c.SpeedUp.Low, c.SpeedUp.High)
		if c.BreakEven != nil {
			fmt.Fprintf(w, "; pays after %.4g steps", *c.BreakEven)
		}
		fmt.Fprintln(w)
	}
	for _, m := range r.Memory {
		fmt.Fprintf(w, "%9d steps: %.2f MiB\n", m.Steps, m.RSS)
	}
	return nil
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
