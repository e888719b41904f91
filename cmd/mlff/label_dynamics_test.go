//go:build label

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mlff/dataset"
	"mlff/distill"
	"mlff/md"
	"mlff/model"
	"mlff/structure"
	"mlff/teacher"
)

// phase is one state of matter in which a student is judged: frames of its teacher's own dynamics.
type phase struct {
	name        string
	start       structure.Structure
	temperature float64    // K
	hot         [2]float64 // K and fs before, to melt or to lose a lattice; zero: nothing
	warm        float64    // fs at the temperature before the first frame
	frames      int
	apart       float64 // fs from frame to frame
}

// heldOut are files of the teacher's dynamics, one for every phase, its name under config_type. Real teachers take minutes
// for it, so they are kept in the user's cache folder, under the teacher's identity: what a row says rests on them for good.
func heldOut(t *testing.T, row string, by teacher.Teacher, phases []phase) []string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(cache, "mlff", "bench-label", fmt.Sprintf("%s-%.12s", row, by.Info().Identity))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	files, errs := make([]string, len(phases)), make([]error, len(phases))
	var all sync.WaitGroup
	for k := range phases {
		files[k] = filepath.Join(folder, strings.ReplaceAll(phases[k].name, " ", "-")+".extxyz")
		if _, err := os.Stat(files[k]); err != nil {
			all.Go(func() { errs[k] = phases[k].write(files[k], by, uint64(k)) })
		}
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return files
}

// write puts the frames of a phase into a file when all are there.
func (p *phase) write(path string, by teacher.Teacher, k uint64) error {
	frames, err := p.run(by, k)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	w, err := structure.CreateWhole(path)
	if err != nil {
		return err
	}
	defer w.Abandon()
	for i := range frames {
		if err := w.Write(&frames[i]); err != nil {
			return err
		}
	}
	return w.Close()
}

// run drives the start by the teacher. Seeds are far from those of distillations.
func (p *phase) run(by teacher.Teacher, k uint64) ([]structure.Frame, error) {
	o := md.Options{Ensemble: md.NVT, Temperature: p.temperature, Friction: 20, Seed: 1000 + k, Timestep: 2 * md.DefaultTimestep(&p.start)}
	steps := func(time float64) int { return int(time/o.Timestep + 0.5) }
	first := o
	if p.hot[0] > 0 {
		first.Temperature = p.hot[0]
	}
	sim, err := md.New(teacher.AsPotential(by), p.start, first)
	if err != nil {
		return nil, err
	}
	if err := sim.Run(context.Background(), steps(p.hot[1])); err != nil {
		return nil, err
	}
	if err := sim.Switch(o); err != nil {
		return nil, err
	}
	if err := sim.Run(context.Background(), steps(p.warm)-steps(p.apart)); err != nil {
		return nil, err
	}
	var out []structure.Frame
	for range p.frames {
		if err := sim.Run(context.Background(), steps(p.apart)); err != nil {
			return nil, err
		}
		s, r := sim.Structure().Clone(), sim.Result()
		energy := r.Energy
		f := structure.Frame{Structure: s, Labels: structure.Labels{Energy: &energy, Forces: append([][3]float64(nil), r.Forces...)},
			Info: []structure.Entry{{Key: "config_type", Value: p.name}}}
		if by.Info().Stress && s.Periodic() {
			stress := structure.StressOf(r.Virial, s.Volume())
			f.Stress = &stress
		}
		out = append(out, f)
	}
	return out, nil
}

// errorsOf are a student's errors in every phase of held-out dynamics.
func errorsOf(t *testing.T, student string, held []string) []dataset.TypeErrors {
	t.Helper()
	m, err := model.Load(student)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Potential(model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c, err := distill.Evaluate(context.Background(), p, held, structure.Keys{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.ByType()
}
