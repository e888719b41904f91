package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mlff/benchmark"
	"mlff/md"
	"mlff/model"
	"mlff/structure"
	"mlff/teacher"
)

// session is mlff bench at work.
type session struct {
	*timing
	model    *model.Model
	starts   []structure.Structure
	file     string // of the student; empty for the reference
	invested float64
	bar      *progress
	results  benchmark.Results
	students map[place]*benchmark.Run
}

// place is where a run of the teacher has its student's.
type place struct {
	through, ensemble string
	start, threads    int
}

func (b *timing) session(m *model.Model, starts []structure.Structure, args []string) *session {
	s := &session{timing: b, model: m, starts: starts, invested: b.seconds, bar: newProgress(b.terminal.err), students: map[place]*benchmark.Run{}}
	s.results = benchmark.Results{Machine: benchmark.ThisMachine(), Runs: []*benchmark.Run{}}
	if run := m.Meta().Run; s.invested == 0 && run != nil {
		s.invested = run.Seconds
	}
	if !b.reference {
		s.file = args[0]
	}
	return s
}

// measure does everything in turn: student, then teacher, each by itself and then through ASE.
func (s *session) measure(ctx context.Context) error {
	steps := []func(context.Context) error{s.student, s.batch, s.soaked, s.studentASE}
	if s.teacher != "" {
		steps = append(steps, s.teachers, s.teachersASE, s.gpu)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes sure, before anything is measured, that the teacher and the environment of ASE are there and that the
// files can be written.
func (s *session) prepare(ctx context.Context) error {
	if s.teacher != "" {
		s.bar.Progress("opening the teacher", 0, 1)
		teach, err := teacher.Open(s.teacher, s.teaching.options(ctx))
		if err != nil {
			return interruptedBy(ctx, err)
		}
		if err := teach.Close(); err != nil {
			return err
		}
	}
	if s.ase != "" {
		a, err := s.openASE(ctx, s.threads[0])
		if err != nil {
			return err
		}
		if err := a.Close(); err != nil {
			return err
		}
	}
	s.bar.Done()
	return s.keep()
}

// openASE opens the student through ASE.
func (s *session) openASE(ctx context.Context, threads int) (*benchmark.ASE, error) {
	python, asked := s.aseEnvironment()
	a, err := benchmark.OpenASE(ctx, python, benchmark.Calculator{Student: s.file, Precision: s.precision, Threads: threads})
	var absent *benchmark.AbsentError
	if errors.As(err, &absent) && asked {
		err = structure.Hint(fmt.Errorf("--ase %s: %w", python, err), "install mlff_distiller there: pip install . in this project, or leave out --ase")
	}
	return a, interruptedBy(ctx, err)
}

func (s *session) absent(format string, values ...any) {
	s.results.Absent = append(s.results.Absent, fmt.Sprintf(format, values...))
}

// each calls measure for every structure and ensemble, and keeps the runs.
func (s *session) each(stage string, threads int, measure func(start structure.Structure, o benchmark.Options) (*benchmark.Run, error)) error {
	total := len(s.starts) * len(s.ensembles)
	for k, start := range s.starts {
		for e, ensemble := range s.ensembles {
			s.bar.Progress(stage, k*len(s.ensembles)+e, total)
			o := s.options
			o.Ensemble = ensemble
			run, err := measure(start, o)
			if err != nil {
				return fmt.Errorf("structure %d (%d atoms), %s, %s: %w", k, start.Len(), ensemble, stage, err)
			}
			if run == nil {
				continue
			}
			s.results.Runs = append(s.results.Runs, run)
			s.compare(run, place{run.Through, ensemble, k, threads})
			if err := s.keep(); err != nil {
				return err
			}
		}
	}
	s.bar.Progress(stage, total, total)
	return nil
}

// compare keeps the run of a student, or holds that of a teacher against it.
func (s *session) compare(run *benchmark.Run, at place) {
	if run.Potential != s.teacher || s.teacher == "" {
		s.students[at] = run
		return
	}
	if student := s.students[at]; student != nil {
		s.results.Comparisons = append(s.results.Comparisons, benchmark.Compare(run, student, s.invested))
	}
}

// name is what the student is called in tables.
func (s *session) name() string {
	if s.reference {
		return "reference"
	}
	return "student"
}

func (s *session) student(ctx context.Context) error {
	for _, threads := range s.threads {
		p, err := s.model.Potential(model.Options{Threads: threads, Precision: s.precision, Kernel: s.kernel})
		if err != nil {
			return err
		}
		defer p.Close()
		err = s.each("student", threads, func(start structure.Structure, o benchmark.Options) (*benchmark.Run, error) {
			return benchmark.Measure(ctx, benchmark.Subject{Name: s.name(), Potential: p, Threads: threads}, start, o)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *session) batch(ctx context.Context) error {
	for _, n := range s.batches {
		for _, threads := range s.threads {
			s.bar.Progress("batch", 0, 1)
			b, err := benchmark.MeasureBatch(ctx, s.model, model.Options{Threads: threads, Precision: s.precision, Kernel: s.kernel}, benchmark.Jittered(&s.starts[0], n))
			if err != nil {
				return fmt.Errorf("a batch of %d: %w", n, err)
			}
			s.results.Batches = append(s.results.Batches, *b)
		}
	}
	return nil
}

func (s *session) soaked(ctx context.Context) error {
	if s.soak == 0 {
		return nil
	}
	p, err := s.model.Potential(model.Options{Threads: s.threads[0], Precision: s.precision, Kernel: s.kernel})
	if err != nil {
		return err
	}
	defer p.Close()
	s.results.Memory, err = benchmark.Soak(ctx, benchmark.Subject{Name: s.name(), Potential: p}, s.starts[0], s.options, s.soak,
		func(done, total int) { s.bar.Progress("soak", done, total) })
	return err
}

// aseEnvironment is where the student runs through ASE; whether it is asked for by itself or was named for the teacher.
func (s *session) aseEnvironment() (python string, asked bool) {
	if s.ase != "" {
		return s.ase, true
	}
	return s.teaching.python, false
}

func (s *session) studentASE(ctx context.Context) error {
	python, asked := s.aseEnvironment()
	if python == "" || s.reference {
		return nil
	}
	for _, threads := range s.threads {
		a, err := s.openASE(ctx, threads)
		var absent *benchmark.AbsentError
		if errors.As(err, &absent) && !asked {
			s.absent("the student through ASE: %v", err)
			return nil
		}
		if err != nil {
			return err
		}
		err = errors.Join(s.withStudent(a, threads), a.Close())
		if err != nil {
			return interruptedBy(ctx, err)
		}
	}
	return nil
}

// withStudent measures runs and batches, and with the first number of threads memory.
func (s *session) withStudent(a *benchmark.ASE, threads int) error {
	err := s.each("student through ASE", threads, func(start structure.Structure, o benchmark.Options) (*benchmark.Run, error) {
		return a.Measure(s.name(), start, o, nil)
	})
	if err != nil {
		return err
	}
	for _, n := range s.batches {
		b, err := a.Batch(benchmark.Jittered(&s.starts[0], n))
		if err != nil {
			return err
		}
		s.results.Batches = append(s.results.Batches, *b)
	}
	if s.soak > 0 && threads == s.threads[0] {
		s.results.MemoryASE, err = a.Soak(s.starts[0], s.options, s.soak, func(done, total int) { s.bar.Progress("soak through ASE", done, total) })
	}
	return err
}

// interruptedBy is ctx's error where that is why a process ended.
func interruptedBy(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// patience are the options of a teacher's runs, which are short.
func (s *session) patience(o benchmark.Options) benchmark.Options {
	o.Steps, o.WarmUp = s.teacherSteps, 3
	return o
}

func (s *session) teachers(ctx context.Context) error {
	name := s.teacher
	if c, has := s.calculator(1, ""); has && c.Arguments["device"] == "cpu" {
		name = withDevice(name, "cpu")
	}
	for _, threads := range s.threads {
		if err := s.teacherOn(ctx, name, threads, ""); err != nil {
			return err
		}
	}
	return nil
}

// teacherOn measures the teacher by itself, held to so many processors.
func (s *session) teacherOn(ctx context.Context, name string, threads int, device string) error {
	options := s.teaching.options(ctx)
	options.Threads, options.Workers = threads, 1
	var teach teacher.Teacher
	err := benchmark.Held(threads, func() (err error) {
		teach, err = teacher.Open(name, options)
		return err
	})
	if err != nil {
		return err
	}
	defer teach.Close()
	return s.each("teacher", threads, func(start structure.Structure, o benchmark.Options) (*benchmark.Run, error) {
		if o.Ensemble == md.NPT && !teach.Info().Stress {
			s.bar.Message(s.teacher + " gives no stress: npt is left out")
			return nil, nil
		}
		subject := benchmark.Subject{Name: s.teacher, Potential: teacher.AsPotential(teach), Threads: threads, Device: device, Elsewhere: teach.Info().Workers > 0}
		return benchmark.Measure(ctx, subject, start, s.patience(o))
	})
}

// calculator is the teacher's own calculator of ASE; false where it has none.
func (s *session) calculator(threads int, device string) (benchmark.Calculator, bool) {
	kind, target, arguments, err := teacher.Parts(s.teacher)
	builtIn := slices.ContainsFunc(teacher.Kinds(), func(k teacher.Kind) bool { return k.Name == kind && k.BuiltIn })
	if device == "" && kind != "ase" && arguments != nil && arguments["device"] == "" {
		arguments["device"] = "cpu" // where there is a GPU, it has rows of its own
	}
	return benchmark.Calculator{Teacher: kind, Target: target, Arguments: arguments, Threads: threads, Device: device}, err == nil && !builtIn
}

// withDevice is the name of a teacher that runs there, unless the name says so itself.
func withDevice(name, device string) string {
	switch {
	case strings.Contains(name, "device="):
		return name
	case strings.Contains(name, "?"):
		return name + "&device=" + device
	}
	return name + "?device=" + device
}

func (s *session) teachersASE(ctx context.Context) error {
	if python, _ := s.aseEnvironment(); python == "" {
		return nil
	}
	for _, threads := range s.threads {
		c, has := s.calculator(threads, "")
		if !has {
			s.absent("%s through ASE: it is built in and has no calculator of ASE", benchmark.Brief(s.teacher))
			return nil
		}
		if err := s.teacherASE(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) teacherASE(ctx context.Context, c benchmark.Calculator) error {
	a, err := benchmark.OpenASE(ctx, s.teaching.python, c)
	var absent *benchmark.AbsentError
	if errors.As(err, &absent) {
		s.absent("%s through ASE: %v", benchmark.Brief(s.teacher), err)
		return nil
	}
	if err != nil {
		return interruptedBy(ctx, err)
	}
	err = s.each("teacher through ASE", c.Threads, func(start structure.Structure, o benchmark.Options) (*benchmark.Run, error) {
		return a.Measure(s.teacher, start, s.patience(o), nil)
	})
	return interruptedBy(ctx, errors.Join(err, a.Close()))
}

// gpu measures the teacher on a GPU, if there is one, against the student on all threads.
func (s *session) gpu(ctx context.Context) error {
	threads := s.threads[len(s.threads)-1]
	c, has := s.calculator(threads, "cuda")
	if !has {
		s.absent("%s on a GPU: it is built in and runs on the processor", benchmark.Brief(s.teacher))
		return nil
	}
	probe, err := benchmark.OpenASE(ctx, s.teaching.python, c)
	var absent *benchmark.AbsentError
	if errors.As(err, &absent) {
		s.absent("%s on a GPU: %v", benchmark.Brief(s.teacher), err)
		return nil
	}
	if err != nil {
		return interruptedBy(ctx, err)
	}
	if err := probe.Close(); err != nil {
		return err
	}
	if err := s.teacherOn(ctx, withDevice(s.teacher, "cuda"), threads, "cuda"); err != nil {
		return err
	}
	return s.teacherASE(ctx, c)
}
