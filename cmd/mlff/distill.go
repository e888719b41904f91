package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mlff/distill"
	"mlff/model"
	"mlff/sample"
	"mlff/structure"
)

// distillation is the flags of mlff distill.
type distillation struct {
	terminal *terminal
	changes  changes
	options  distill.Options
	resume   string
	teaching teaching
}

// changes are flags that override keys of a configuration.
type changes struct {
	teacher, python         string
	data, valid, structures []string
	finetune                []string
	price                   float64
	keys                    structure.Keys
	group                   string
	mix                     bool
	labels, steps           int
	active                  bool
	pool, extra, paths      []string
	cutoff                  distill.Cutoff
	budget                  distill.Duration
	rate                    float64
	loss, learn             string
	seed                    uint64
}

func (c *changes) flags(f *pflag.FlagSet) {
	f.StringVar(&c.teacher, "teacher", "", "teacher to learn from; mlff teachers lists them")
	f.StringVar(&c.python, "python", "", "virtual environment or interpreter of Python teachers")
	f.StringSliceVar(&c.structures, "structures", nil, "start structures of the sampler")
	f.StringSliceVar(&c.data, "data", nil, "labelled files to learn from instead of a teacher")
	f.StringSliceVar(&c.valid, "valid", nil, "labelled files that are only reported")
	f.StringSliceVar(&c.finetune, "finetune", nil, "labelled files of another method, learned last")
	labelKeys(f, &c.keys)
	f.StringVar(&c.group, "group-key", "", "comment-line key whose value keeps frames together in splits")
	f.BoolVar(&c.mix, "mix-teachers", false, "learn from labels of several teachers all the same; recorded in the student")
	f.IntVar(&c.labels, "labels", 0, "frames the teacher labels, at most")
	f.BoolVar(&c.active, "active", false, "choose half of the labels where students of the other half need them")
	f.StringSliceVar(&c.pool, "pool", nil, "files of frames among which half of the labels are chosen")
	f.StringSliceVar(&c.extra, "extra", nil, "sample also: "+strings.Join(sample.Extras(), ", "))
	f.StringArrayVar(&c.paths, "path", nil, "two files A,B: sample also images between their structures")
	f.Var(&c.cutoff, "cutoff", "radius of the student's neighbourhood (default auto)")
	f.Var(&c.budget, "budget", "wall time for labels and training, such as 90s or 10m (default 1m)")
	f.Lookup("cutoff").DefValue, f.Lookup("budget").DefValue = "", "" // the defaults are Complete's, and in the text
	f.IntVar(&c.steps, "steps", 0, "optimiser steps, instead of a budget: the same student on any machine")
	f.Float64Var(&c.rate, "rate", 0, "highest learning rate (default 0.007)")
	f.StringVar(&c.loss, "loss", "", "squared, or huber against outliers in the labels")
	f.StringVar(&c.learn, "learn", "", "both, forces or energies, of a teacher whose forces are not the gradient of its energy (default both)")
	f.Uint64Var(&c.seed, "seed", 0, "of everything random (default 1)")
}

// apply overrides what the command line states.
func (c *changes) apply(f *pflag.FlagSet, to *distill.Config) error {
	given := func(flag string) bool { return f.Changed(flag) }
	set(given("teacher"), &to.Teacher, c.teacher)
	set(given("python"), &to.TeacherPython, c.python)
	set(given("structures"), &to.Structures, c.structures)
	set(given("valid"), &to.Valid, c.valid)
	if given("data") {
		to.Data = nil
		for _, file := range c.data {
			to.Data = append(to.Data, distill.Source{File: file, Weight: 1})
		}
	}
	if given("finetune") {
		to.Finetune = nil
		for _, file := range c.finetune {
			to.Finetune = append(to.Finetune, distill.Source{File: file, Weight: 1})
		}
	}
	k := &to.Keys
	set(given("energy-key"), &k.Energy, c.keys.Energy)
	set(given("forces-key"), &k.Forces, c.keys.Forces)
	set(given("stress-key"), &k.Stress, c.keys.Stress)
	set(given("virial-key"), &k.Virial, c.keys.Virial)
	set(given("free-energy"), &k.FreeEnergy, c.keys.FreeEnergy)
	set(given("group-key"), &k.Group, c.group)
	set(given("mix-teachers"), &to.MixTeachers, c.mix)
	set(given("labels"), &to.Sample.Labels, c.labels)
	set(given("active"), &to.Sample.Active, c.active)
	set(given("pool"), &to.Sample.Pool, c.pool)
	set(given("extra"), &to.Sample.Extra, c.extra)
	if given("path") {
		to.Sample.Paths = nil
		for _, ends := range c.paths {
			to.Sample.Paths = append(to.Sample.Paths, strings.Split(ends, ","))
		}
	}
	set(given("cutoff"), &to.Student.Cutoff, c.cutoff)
	set(given("rate"), &to.Train.Rate, c.rate)
	set(given("loss"), &to.Train.Loss, c.loss)
	set(given("learn"), &to.Train.Learn, c.learn)
	set(given("price-per-hour"), &to.PricePerHour, c.price)
	set(given("seed"), &to.Seed, c.seed)
	if given("steps") && given("budget") {
		return usageError{structure.Hint(fmt.Errorf("both --steps and --budget"), "steps fix the plan, a budget derives it: give one of them")}
	}
	set(given("steps"), &to.Train.Steps, &c.steps)
	if given("budget") {
		to.Train.Budget, to.Train.Steps = c.budget, nil
	}
	return nil
}

func set[T any](given bool, to *T, value T) {
	if given {
		*to = value
	}
}

// config is a configuration file, or the defaults, with the flags of the command line.
func (c *changes) config(f *pflag.FlagSet, args []string) (*distill.Config, error) {
	config := distill.Default()
	if len(args) == 1 {
		var err error
		if config, err = distill.Load(args[0]); err != nil {
			return nil, err
		}
	}
	return config, c.apply(f, config)
}

func distillCommand(t *terminal) *cobra.Command {
	return (&distillation{terminal: t}).command(&cobra.Command{
		Use:   "distill [CONFIG]",
		Short: "Turn a teacher, or labelled frames, into a certified student",
		Long: "Turn a teacher, or labelled frames, into a certified student. Everything of the run lies in one\n" +
			"directory; a run that was interrupted goes on with --resume. Flags override the configuration.",
		Example: "  mlff distill examples/silicon.yaml\n" +
			"  mlff distill --data train.extxyz --valid test.extxyz --budget 10m --out run\n" +
			"  mlff distill --resume run",
	})
}

func trainCommand(t *terminal) *cobra.Command {
	return (&distillation{terminal: t, options: distill.Options{TrainOnly: true}}).command(&cobra.Command{
		Use:     "train [CONFIG]",
		Short:   "Do all of distill but measure the student",
		Long:    "Sample, label and train as distill does, and end with the candidate. mlff distill --resume RUN goes on to\nmeasure it.",
		Example: "  mlff train --data train.extxyz --steps 10000 --out run",
	})
}

// command completes one of the two with what they share.
func (d *distillation) command(c *cobra.Command) *cobra.Command {
	c.Args = arguments(0, 1, "at most one configuration")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := d.prepare(cmd.Flags(), args); err != nil {
			return err
		}
		return d.run(cmd.Context())
	}
	f := c.Flags()
	d.changes.flags(f)
	f.StringVar(&d.options.Dir, "out", "", "the run directory (default: named after the configuration or the data)")
	d.teaching.flags(f)
	f.BoolVar(&d.options.Accept, "accept-licence", false, "record in the student that you accept the licence of its teacher")
	f.Float64Var(&d.changes.price, "price-per-hour", 0, "of the machines that label, for the report")
	f.StringVar(&d.resume, "resume", "", "continue this run directory")
	f.StringSliceVar(&d.options.Add, "add", nil, "with --resume: files of further frames, labelled or not, for a new round")
	f.BoolVar(&d.options.Again, "again", false, "with --resume: a new round that also learns from the frames of the student's own dynamics")
	if !d.options.TrainOnly {
		f.BoolVar(&d.options.Economics, "economics", false, "measure what more labels would buy, also where that takes longer than the budget")
		f.BoolVar(&d.options.Uncertified, "uncertified", false, "publish the student even below its bars")
	}
	return c
}

// prepare finds the configuration and the directory.
func (d *distillation) prepare(f *pflag.FlagSet, args []string) error {
	o := &d.options
	o.Threads, o.Resume = d.terminal.threads, d.resume != ""
	switch {
	case o.Resume && o.Dir != "" && filepath.Clean(o.Dir) != filepath.Clean(d.resume):
		return usageError{structure.Hint(fmt.Errorf("--resume %s and --out %s", d.resume, o.Dir), "a run stays in its directory: leave out --out")}
	case len(o.Add) > 0 && !o.Resume:
		return usageError{structure.Hint(fmt.Errorf("--add without --resume"), "name the finished run that takes the frames: --resume RUN --add FILE")}
	}
	if o.Again && !o.Resume {
		return usageError{structure.Hint(fmt.Errorf("--again without --resume"), "name the finished run: --resume RUN --again")}
	}
	var err error
	if o.Resume && len(args) == 0 {
		if o.Config, err = distill.Stored(d.resume); err == nil {
			err = d.changes.apply(f, o.Config)
		}
	} else {
		o.Config, err = d.changes.config(f, args)
	}
	if err == nil {
		err = checked(o.Config)
	}
	if err != nil {
		return err
	}
	if o.Resume {
		o.Dir = d.resume
	}
	if o.Dir == "" {
		o.Dir = runName(args, d.changes.data)
	}
	return nil
}

// checked refuses, as wrong usage, a configuration that no run can work with.
func checked(c *distill.Config) error {
	whole := *c
	whole.Complete()
	if err := whole.Check(); err != nil {
		return usageError{err}
	}
	return nil
}

// runName names a run after what it is made from, so that two of them do not meet.
func runName(config, data []string) string {
	for _, path := range append(config, data...) {
		base, _, _ := strings.Cut(filepath.Base(path), ".")
		if base != "" {
			return base + "-run"
		}
	}
	return "run"
}

func (d *distillation) run(ctx context.Context) error {
	bar := newProgress(d.terminal.err)
	o, t := &d.options, d.terminal
	d.teaching.terminal = t
	o.Workers = d.teaching.options(ctx)
	o.Engine = version
	o.Events, o.Disk, o.Dynamics, o.Checkpoint = bar, t.disk, t.dynamics, t.checkpoint
	out, err := distill.Run(ctx, d.options)
	bar.Done()
	switch {
	case err != nil:
		return err
	case o.TrainOnly:
		return d.printTrained(out)
	}
	m, err := model.Load(out.Student)
	if err != nil {
		return err
	}
	if t.json {
		err = t.printJSON(out)
	} else {
		printOutcome(t.out, out, m.Meta().Certificate)
	}
	t.warnOf(m.Meta().Certificate)
	if err == nil && !out.Passed {
		return errBelowBar
	}
	return err
}

func (d *distillation) printTrained(o *distill.Outcome) error {
	if d.terminal.json {
		return d.terminal.printJSON(map[string]any{"student": o.Student, "seconds": o.Seconds, "labels": o.Labels})
	}
	_, err := fmt.Fprintf(d.terminal.out, "%s, %.0f s; not measured yet: mlff distill --resume %s\nstudent  %s\n", count(o.Labels, "label"), o.Seconds, d.options.Dir, o.Student)
	return err
}

func printOutcome(w io.Writer, o *distill.Outcome, c *model.Certificate) {
	for _, q := range []struct {
		name, unit string
		quality    *structure.Quality
	}{{"energy", "meV/atom", o.Test.Energy}, {"forces", "meV/Å", o.Test.Forces}, {"stress", "MPa", o.Test.Stress}} {
		if q.quality != nil {
			fmt.Fprintf(w, "%-8s %s\n", q.name, summary(q.quality, q.unit, nil))
		}
	}
	if walls := o.Walls; walls != nil && walls.Forces != nil {
		fmt.Fprintf(w, "%-8s forces MAE %.4g meV/Å over %s around the domain\n", "walls", walls.Forces.MAE, count(walls.Frames, "further test frame"))
	}
	if o.NVE != nil {
		fmt.Fprintf(w, "%-8s %.2g ± %.1g meV/atom/ps over %d atoms and %d steps\n", "drift", o.NVE.Drift, o.NVE.Error, o.NVE.Atoms, o.NVE.Steps)
	}
	verdict := "passed its bars"
	switch {
	case c.Verdict() == "no bar decided":
		verdict = "no bar decided"
	case !o.Passed:
		verdict = "below its bars: more labels or a larger --budget help"
	}
	fmt.Fprintf(w, "%-8s %s, %s, %.0f s: %s\n", "result", count(o.Labels, "label"), count(o.Test.Frames, "test frame"), o.Seconds, verdict)
	for _, text := range c.Failures() {
		fmt.Fprintf(w, "%-8s %s\n", "failed", text)
	}
	fmt.Fprintf(w, "%-8s %s\n%-8s %s\n", "student", o.Student, "report", o.Report)
}
