package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"mlff/distill"
	"mlff/md"
	"mlff/model"
	"mlff/structure"
)

// flight is a run of one or many replicas under way.
type flight struct {
	*dynamics
	student  string
	run      *restart
	keep     *keeper       // of the restart file
	interval time.Duration // between two states of a replica in it; 0: only where it ends
	bar      *progress
	done     atomic.Int64 // steps of all replicas, those before a restart among them
	outcomes []outcome
}

// saveInterval is how much of a run a power cut may cost.
const saveInterval = 30 * time.Second

// simulate makes the steps that are left.
func (d *dynamics) simulate(ctx context.Context, student string, r *restart) error {
	f := d.flight(student, r)
	states := make([]*md.State, len(r.Replicas))
	for k, s := range r.Replicas {
		states[k] = s.State
		f.done.Add(int64(s.State.Step))
	}
	if f.interval > 0 {
		if err := f.keep.write(); err != nil {
			return err
		}
	}
	m, err := model.Load(student)
	if err != nil {
		return err
	}
	cores := d.terminal.threads
	at := min(len(states), cores)
	options := model.Options{Precision: d.precision, Threads: max(1, cores/at)}
	if options, err = d.guard.options(m, options); err != nil {
		return err
	}
	err = md.Replicas(ctx, states, at, func() (structure.Potential, error) { return m.Potential(options) }, f.replica)
	f.bar.Done()
	if err := f.finish(err); err != nil {
		return err
	}
	return f.print()
}

func (d *dynamics) flight(student string, r *restart) *flight {
	f := &flight{dynamics: d, student: student, run: r, bar: newProgress(d.terminal.err), outcomes: make([]outcome, len(r.Replicas))}
	if d.save == "" && d.out != "" {
		d.save = beside(d.out)
	}
	if d.save != "" {
		f.interval = cmp.Or(d.terminal.checkpoint, saveInterval)
	}
	f.keep = &keeper{run: r, path: cmp.Or(d.save, "md.restart")}
	return f
}

// finish leaves the restart file as the run needs it, and says how to go on with one that was interrupted.
func (f *flight) finish(err error) error {
	interrupted := errors.Is(err, context.Canceled)
	if interrupted || err == nil && f.interval > 0 {
		if failed := f.keep.write(); failed != nil {
			return failed
		}
	}
	if !interrupted {
		return err
	}
	text := fmt.Sprintf("interrupted after %d of %d steps", f.done.Load(), f.run.Steps*len(f.run.Replicas))
	return structure.Hint(distill.Interrupted(text), fmt.Sprintf("mlff md %s --restart %s goes on from there", f.student, f.keep.path))
}

// replica runs one of them to its end, or as far as it may.
func (f *flight) replica(ctx context.Context, k int, m *md.Simulation) (err error) {
	own := f.run.Replicas[k]
	if m.Steps() == 0 {
		own.Begin = m.Conserved()
	}
	out, err := f.openOutputs(k, own)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.close()) }()
	first, began := m.Steps(), time.Now()
	observers := append(out.observers(f.run.Every), f.watch(k, m, out))
	if p, ok := m.Evaluator().(*model.Potential); ok && f.guard.mode != gradeOff {
		s := &sentry{guarding: &f.guard, potential: p, file: alarmFile(f.run.Out, k, len(f.run.Replicas)),
			say: func(text string) { _ = f.bar.Above(f.terminal.err, text+"\n") }}
		observers = append(observers, s.observer())
	}
	if len(f.run.Replicas) == 1 {
		observers = append([]md.Observer{{Every: f.run.Every, Observe: f.table()}}, observers...)
	}
	err = m.Run(ctx, f.run.Steps-first, observers...)
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	own, failed := out.mark(m)
	if failed != nil {
		return failed
	}
	f.keep.note(k, own)
	f.outcomes[k] = f.outcome(k, m, m.Steps()-first, time.Since(began).Seconds())
	return err
}

// watch counts the steps of a replica and keeps its state from time to time.
func (f *flight) watch(k int, m *md.Simulation, out *outputs) md.Observer {
	last, kept := m.Steps(), time.Now()
	return md.Observer{Every: 1, Observe: func(m *md.Simulation) error {
		f.done.Add(int64(m.Steps() - last))
		last = m.Steps()
		if last%progressEvery != 0 {
			return nil
		}
		f.bar.Progress("md", int(f.done.Load()), f.run.Steps*len(f.run.Replicas))
		if f.interval == 0 || time.Since(kept) < f.interval {
			return nil
		}
		own, err := out.mark(m)
		if err != nil {
			return err
		}
		kept = time.Now()
		f.keep.note(k, own)
		return f.keep.write()
	}}
}

// table prints the state; its lines are progress where stdout is for JSON.
func (f *flight) table() func(*md.Simulation) error {
	w := f.terminal.out
	if f.terminal.json {
		w = f.terminal.err
	}
	fmt.Fprintf(w, "%9s %11s %9s %16s %16s %10s\n", "step", "time [fs]", "T [K]", "E_pot [eV]", "E_total [eV]", "P [GPa]")
	return func(m *md.Simulation) error {
		return f.bar.Above(w, fmt.Sprintf("%9d %11.2f %9.2f %16.6f %16.6f %10s\n", m.Steps(), m.Time(), m.Temperature(), m.Potential(), m.Conserved(), pressure(m)))
	}
}

func pressure(m *md.Simulation) string {
	if !m.Structure().Periodic() {
		return "-"
	}
	return fmt.Sprintf("%.4f", m.Pressure()/structure.GPa)
}
