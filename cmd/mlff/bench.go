package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mlff/benchmark"
	"mlff/distill"
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
	out       string
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
			"Ctrl-C ends it and prints what was measured until then; the files of --out, --csv and --html hold every run that\n" +
			"was finished at any time.\n\n" +
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
	f.StringVar(&b.out, "out", "", "file for everything as JSON, rewritten after each run, as those of --html and --csv are")
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
	m, starts, err := b.subject(ctx, args)
	if err != nil {
		return err
	}
	s := b.session(m, starts, args)
	if err := s.prepare(ctx); err != nil {
		return err
	}
	err = s.measure(ctx)
	s.bar.Done()
	return s.deliver(err)
}

// deliver prints what was measured, also where err ended it, and returns err.
func (s *session) deliver(err error) error {
	rest := ""
	switch {
	case errors.Is(err, context.Canceled):
		rest = "the rest: interrupted"
		err = structure.Hint(distill.Interrupted("interrupted; what was measured is printed"), "start the command again for the rest")
	case err != nil:
		rest = "the rest: " + oneLine(err.Error())
	}
	if err != nil && len(s.results.Runs) == 0 {
		return err
	}
	r := s.soFar(rest)
	if failed := s.files(r); failed != nil {
		return errors.Join(failed, err)
	}
	if s.terminal.json {
		return errors.Join(s.terminal.printJSON(r), err)
	}
	return errors.Join(printResults(s.terminal.out, r), err)
}

// soFar is what has been measured, and what to say of the rest.
func (s *session) soFar(rest string) *benchmark.Results {
	r := s.results
	r.Scaling = benchmark.Scalings(r.Runs)
	if rest != "" {
		r.Absent = append(slices.Clone(r.Absent), rest)
	}
	return &r
}

// keep brings what has been measured to the disk, so that nothing of it can be lost.
func (s *session) keep() error { return s.files(s.soFar("the rest: not yet")) }

// files writes those that are wanted.
func (b *timing) files(r *benchmark.Results) error {
	for _, f := range []struct {
		path  string
		write func(io.Writer) error
	}{
		{b.out, func(w io.Writer) error { return json.NewEncoder(w).Encode(r) }},
		{b.csv, func(w io.Writer) error { return benchmark.WriteCSV(w, r.Runs) }},
		{b.html, func(w io.Writer) error { return page.Bench(w, r) }},
	} {
		if f.path == "" {
			continue
		}
		if err := replaceFile(f.path, f.write); err != nil {
			return err
		}
	}
	return nil
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
func (b *timing) subject(ctx context.Context, args []string) (m *model.Model, starts []structure.Structure, err error) {
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
		frames, err := b.teaching.frames(ctx, args[1:])
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
