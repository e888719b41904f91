package train

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"mlff/model"
	"mlff/structure"
)

// Start makes a student of the given shape with random parameters, scales that follow from the training frames, and
// the domain as far as it follows from them.
func Start(shape model.Shape, s *Statistics, r *Reference, seed uint64) (*model.Model, error) {
	if !(s.ForceRMS > 0) {
		return nil, structure.Hint(fmt.Errorf("the training frames have no forces"), "forces are what a student learns from: label them")
	}
	shape.Species = len(s.Numbers)
	m, err := model.New(model.Config{Shape: shape, Numbers: s.Numbers, Cutoff: s.Cutoff,
		Nu: 1 / math.Sqrt(max(1, s.Neighbors)), Eps: s.ForceRMS, CoreR: s.Shortest})
	if err != nil {
		return nil, err
	}
	m.Initialise(seed)
	newCoordinates(m, s.Distances).toModel(slices.Clone(m.Params()), m.Params())
	copy(m.Tensor("energy.E0"), r.E0)
	domain := &m.Meta().Domain
	domain.Compositions, domain.Neighbors = r.Span, s.Range
	for _, z := range s.Numbers {
		domain.Elements = append(domain.Elements, structure.Symbol(z))
	}
	return m, nil
}

// Time measures how long updates of a plan take on this machine, for about the given time, on a copy of m.
func Time(ctx context.Context, m *model.Model, d Data, p Plan, threads int, length time.Duration) (Timing, error) {
	p.Steps = 1 << 20 // never reached: the rate stays that of the warm-up
	p.Checks = 0
	began := time.Now()
	t, err := newTraining(m.Clone(), d, p, Options{Threads: threads})
	if err != nil {
		return Timing{}, err
	}
	defer t.engine.gradient.Close()
	if err := t.update(); err != nil { // memory is set up in the first
		return Timing{}, err
	}
	timing := Timing{Start: time.Since(began)}
	updates := time.Now()
	for n := 1; n <= 3 || time.Since(updates) < length*4/5; n++ {
		if err := ctx.Err(); err != nil {
			return timing, err
		}
		if err := t.update(); err != nil {
			return timing, err
		}
		timing.Step = time.Since(updates) / time.Duration(n)
	}
	held := spread(d.Held, min(len(d.Held), 1+int(length/10/max(timing.Step, 1))))
	checks := time.Now()
	if _, err := t.engine.check(held, p.Weights); err != nil {
		return timing, err
	}
	timing.Check = time.Since(checks) / time.Duration(max(1, len(held)))
	return timing, nil
}
