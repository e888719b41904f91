package sample

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"mlff/dataset"
	"mlff/structure"
	"mlff/teacher"
)

const (
	maxForce = 12 // eV/Å, of frames drawn at random
	attempts = 4  // with full, half, a quarter and an eighth of the displacement
)

// draft is a frame to be labelled: a structure as a function of how far (1 the full way, less after a label was
// refused) it is taken from where forces are small.
type draft func(far float64) structure.Structure

// labelled labels drafts and names their kind under config_type. A draft without a usable label is left out: some teachers
// know no isolated atoms, for example.
func labelled(ctx context.Context, by teacher.Teacher, kind string, drafts []draft) ([]structure.Frame, error) {
	frames := make([]*structure.Frame, len(drafts))
	pending := make([]int, len(drafts))
	for k := range pending {
		pending[k] = k
	}
	far := 1.0
	for range attempts {
		var err error
		if pending, err = labelPending(ctx, by, kind, drafts, pending, far, frames); err != nil || len(pending) == 0 {
			return present(frames), err
		}
		far /= 2
	}
	return present(frames), nil
}

// labelPending labels the pending drafts and returns those whose labels cannot be used.
func labelPending(ctx context.Context, by teacher.Teacher, kind string, drafts []draft, pending []int, far float64, frames []*structure.Frame) ([]int, error) {
	structures := make([]structure.Structure, len(pending))
	for n, k := range pending {
		structures[n] = drafts[k](far)
	}
	labels, err := by.Label(ctx, structures)
	var some *teacher.LabelError // the labels of these are empty
	if err != nil && !errors.As(err, &some) {
		return nil, err
	}
	if len(labels) != len(structures) {
		return nil, fmt.Errorf("the teacher gave %d labels for %d structures", len(labels), len(structures))
	}
	var refused []int
	for n, k := range pending {
		f := frame(structures[n], labels[n], kind)
		if usable(&f, maxForce) {
			frames[k] = &f
		} else {
			refused = append(refused, k)
		}
	}
	return refused, nil
}

func frame(s structure.Structure, l structure.Labels, kind string) structure.Frame {
	return structure.Frame{Structure: s, Labels: l, Info: []structure.Entry{{Key: "config_type", Value: kind}}}
}

func usable(f *structure.Frame, maxForce float64) bool {
	if dataset.Fault(f) != "" {
		return false
	}
	for _, force := range f.Forces {
		if structure.Norm(force) > maxForce {
			return false
		}
	}
	return true
}

func present(frames []*structure.Frame) []structure.Frame {
	var out []structure.Frame
	for _, f := range frames {
		if f != nil {
			out = append(out, *f)
		}
	}
	return out
}

// drawn makes a draft from a recipe that draws random numbers, the same ones however far it goes.
func (p *planner) drawn(index int, from *structure.Structure, recipe func(s *structure.Structure, far float64, rng *rand.Rand)) draft {
	purpose := "sample " + p.share
	return func(far float64) structure.Structure {
		s := from.Clone()
		recipe(&s, far, structure.Rand(p.Seed, purpose, uint64(index)))
		return s
	}
}
