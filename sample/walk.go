package sample

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"mlff/dataset"
	"mlff/md"
	"mlff/model"
	"mlff/structure"
	"mlff/teacher"
)

const (
	walkSteps    = 1000 // of a walk: 2 ps without hydrogen
	walkInterval = 25   // steps between the frames that are looked at
	farOff       = 2    // times the student's threshold: there its forces mean little, and the walk ends
)

// Walk is what a student's own dynamics met: candidates for labels.
type Walk struct {
	Frames []structure.Frame
	Grades []float64 // of the frames
	Lost   bool      // it went astray or exploded
}

// Walks lets a student wander over the domain, so many times: each temperature of the ladder in turn, from the start
// structures in turn, at volumes within half the strain or, by a barostat, at pressures of the domain. A walk ends where
// the grade is far above the threshold; its last frame is the first strange one. Equal arguments give equal walks for
// any number of threads.
func Walks(ctx context.Context, c Config, starts []structure.Frame, m *model.Model, round, walks, threads int) ([]Walk, error) {
	p, err := newPlanner(c, starts)
	if err != nil {
		return nil, err
	}
	if len(p.starts) == 0 {
		return nil, nil
	}
	p.share, p.interval = fmt.Sprintf("walk of round %d", round), walkInterval
	out, errs := make([]Walk, walks), make([]error, walks)
	turn := make(chan int, walks)
	for n := range walks {
		turn <- n
	}
	close(turn)
	var group sync.WaitGroup
	for range max(1, threads) {
		group.Go(func() {
			for n := range turn {
				out[n], errs[n] = p.walk(ctx, m, n)
			}
		})
	}
	group.Wait()
	return out, errors.Join(errs...)
}

// walk is the n-th. The trajectory is planned as the teacher's are.
func (p *planner) walk(ctx context.Context, m *model.Model, n int) (Walk, error) {
	temperature := p.Temperatures[n%len(p.Temperatures)]
	t := p.trajectory(n, n/len(p.Temperatures), fmt.Sprintf("active-%gK", temperature))
	var w Walk
	potential, err := m.Potential(model.Options{Threads: 1, Grade: true})
	if err != nil {
		return w, err
	}
	defer potential.Close()
	s := t.start.Clone()
	o := t.options(&s, temperature)
	if t.pressure != nil {
		u := structure.Rand(t.seed, "sample pressure", 0).Float64()
		o.Ensemble, o.Friction = md.NPT, 0
		o.Pressure = (t.pressure[0] + u*(t.pressure[1]-t.pressure[0])) * structure.GPa
	} else {
		deform(&s, isotropic(t.strain))
	}
	sim, err := md.New(potential, s, o)
	if err != nil {
		return w, err
	}
	threshold := m.Meta().Threshold
	for sim.Steps() < walkSteps {
		err := sim.Run(ctx, walkInterval)
		var exploded *md.StepError
		if errors.As(err, &exploded) {
			w.Lost = true
			break
		}
		if err != nil {
			return w, err
		}
		w.Frames = append(w.Frames, inPhase(frame(sim.Structure().Clone(), structure.Labels{}, t.kind), t.phase))
		grade, _ := potential.Frame()
		w.Grades = append(w.Grades, grade)
		if grade > farOff*threshold {
			w.Lost = true
			break
		}
	}
	return w, nil
}

// Label labels candidates and leaves out those whose labels cannot be learned from: atoms that fly apart, for example.
func Label(ctx context.Context, by teacher.Teacher, candidates []dataset.Item) ([]dataset.Item, error) {
	drafts := make([]structure.Structure, len(candidates))
	for k := range candidates {
		drafts[k] = candidates[k].Structure
	}
	labels, err := by.Label(ctx, drafts)
	var some *teacher.LabelError // the labels of these are empty
	if err != nil && !errors.As(err, &some) {
		return nil, err
	}
	if len(labels) != len(drafts) {
		return nil, fmt.Errorf("the teacher gave %d labels for %d structures", len(labels), len(drafts))
	}
	var out []dataset.Item
	for k, c := range candidates {
		if c.Labels = labels[k]; usable(&c.Frame, maxThermal) {
			out = append(out, c)
		}
	}
	return out, nil
}
