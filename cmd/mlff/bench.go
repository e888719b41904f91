package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mlff/benchmark"
	"mlff/md"
	"mlff/model"
	page "mlff/report"
	"mlff/structure"
	"mlff/teacher"
)

// timing are the flags of mlff bench.
type timing struct {
	runner
	options   benchmark.Options
	sizes     []int
	repeat    bool // structures of a file too, for sizes were asked for
	threads   []int
	ensembles []string
	pressure  float64 // GPa
	kernel    string
	reference bool
	bars      bool
	csv       string
	html      string
	batches   []int
	soak      int
	seconds   float64 // that the student took to make, if it does not say itself
	ase       string  // environment with ase and mlff_distiller

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
			"latency, rebuilds of the neighbour list, memory, drift of the conserved energy. Without STRUCTURES an example that\n" +
			"the student carries is repeated to the nearest size; those of a file are repeated where --sizes asks for it.\n\n" +
			"With --teacher, the teacher runs the same dynamics for --teacher-steps on as many cores, and on a GPU if there is\n" +
			"one; the speed-up with its 95 % interval and the steps after which the student has paid are printed. With --ase, or\n" +
			"where the environment of --python has mlff_distiller, both run through ASE as well, in one script that differs only\n" +
			"in the calculator.\n\n" +
			"--reference measures a student with random weights in the usual shape, 52 neighbours, instead; --bars holds the\n" +
			"engine against its bars.",
		Example: "  mlff bench run/student.safetensors --teacher sw-si --ensembles nve,nvt,npt --sizes 216\n" +
			"  mlff bench run/student.safetensors --teacher sevennet:7net-0 --python TEACHER_VENV --ase VENV --html bench.html\n" +
			"  mlff bench run/student.safetensors --sizes 216,1000 --threads 1,2 --batch 1000 --memory-soak 1000000\n" +
			"  mlff bench --reference\n  mlff bench --bars",
		Args: arguments(0, 2, "a student and perhaps structures"),
		RunE: func(cmd *cobra.Command, args []string) error {
			b.repeat = cmd.Flags().Changed("sizes")
			if b.teacher != "" && !b.repeat {
				b.sizes = []int{100, 216, 500} // teachers are slow
			}
			return b.run(cmd.Context(), args)
		},
	}
	f := c.Flags()
	b.runner.flags(f)
	b.teaching.flags(f)
	b.teaching.pythonFlag(f)
	f.StringVar(&b.teacher, "teacher", "", "run this teacher too; mlff teachers lists them")
	f.IntVar(&b.teacherSteps, "teacher-steps", 30, "timed steps of the teacher, after 3 to warm up")
	f.Float64Var(&b.seconds, "invested", 0, "seconds that labels and training took (default what the student's file says)")
	f.IntSliceVar(&b.sizes, "sizes", []int{64, 216, 512, 1000, 4096}, "numbers of atoms (with a teacher 100,216,500)")
	f.IntSliceVar(&b.threads, "threads", nil, "numbers of threads, each measured (default 1 and all processors)")
	f.IntVar(&b.options.Steps, "steps", 1000, "timed steps of a run")
	f.IntVar(&b.options.Repeats, "repeats", 10, "parts that the steps are timed in")
	f.StringSliceVar(&b.ensembles, "ensembles", []string{md.NVE}, "nve, nvt, npt")
	f.StringVar(&b.options.Barostat, "barostat", md.Isotropic, "of npt: isotropic, anisotropic or mtk")
	f.Float64Var(&b.pressure, "pressure", 0, "of npt, GPa")
	f.StringVar(&b.ase, "ase", "", "environment with ase and mlff_distiller, to measure the student through ASE too (default that of --python)")
	f.IntSliceVar(&b.batches, "batch", nil, "also evaluate so many structures of the first size at once and one by one")
	f.StringVar(&b.html, "html", "", "file for a page with tables and plots")
	f.StringVar(&b.csv, "csv", "", "file for the runs as comma-separated values")
	f.IntVar(&b.soak, "memory-soak", 0, "also make so many steps of the first structure, through ASE too, and print memory on the way")
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
	s := b.session(m, starts, args)
	err = s.measure(ctx)
	s.bar.Done()
	if err != nil {
		return err
	}
	return b.deliver(&s.results)
}

// deliver writes what was measured to where it is wanted.
func (b *timing) deliver(r *benchmark.Results) error {
	if b.csv != "" {
		if err := writeFile(b.csv, func(w io.Writer) error { return benchmark.WriteCSV(w, r.Runs) }); err != nil {
			return err
		}
	}
	if b.html != "" {
		if err := writeFile(b.html, func(w io.Writer) error { return page.Bench(w, r) }); err != nil {
			return err
		}
	}
	if b.terminal.json {
		return b.terminal.printJSON(r)
	}
	return printResults(b.terminal.out, r)
}

func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}

// check completes the flags.
func (b *timing) check() error {
	if b.options.Steps < 1 || b.options.Repeats < 1 {
		return usage("--steps and --repeats must be at least 1")
	}
	if len(b.batches) > 0 && slices.Min(b.batches) < 2 {
		return usage("--batch takes numbers from 2")
	}
	if b.ase != "" && b.reference {
		return usage("--ase takes a student's file, not --reference")
	}
	if b.ase != "" {
		if _, err := teacher.Interpreter(b.ase); err != nil {
			return err
		}
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
			if !b.repeat {
				starts = append(starts, frames[k].Structure)
				continue
			}
			for _, n := range b.sizes {
				starts = append(starts, benchmark.Repeat(&frames[k].Structure, n))
			}
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
