package sample

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"mlff/structure"
	"mlff/teacher"
)

const (
	atRest   = 0.02 // eV/Å, the largest force of a structure that needs no more relaxing
	longMove = 0.1  // Å that an atom moves in one step at most
)

// relaxation moves atoms along the teacher's forces by FIRE (E. Bitzek et al., Phys. Rev. Lett. 97, 170201, 2006), with
// the published constants for masses of 1.
type relaxation struct {
	steps int                                               // evaluations at most
	hold  func(s *structure.Structure, forces [][3]float64) // changes the forces, to keep something as it is; may be nil
	seen  func(s *structure.Structure, l structure.Labels)  // hears of everything that was evaluated; may be nil
}

// hold takes out of forces what would change a coordinate that is to stay as it is.
type hold func(s *structure.Structure, forces [][3]float64)

// run relaxes s, the cell as it is. It ends early where forces are small, and without an error where the teacher can say
// nothing: s is then as far as it came.
func (r *relaxation) run(ctx context.Context, by teacher.Teacher, s *structure.Structure) error {
	v := make([][3]float64, s.Len())
	f := fire{dt: 0.1, mixing: 0.1}
	for k := range r.steps {
		labels, err := by.Label(ctx, []structure.Structure{*s})
		var failed *teacher.LabelError
		if errors.As(err, &failed) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(labels) != 1 || len(labels[0].Forces) != s.Len() {
			return fmt.Errorf("the teacher gave no forces")
		}
		if r.seen != nil {
			r.seen(s, labels[0])
		}
		forces := slices.Clone(labels[0].Forces)
		if r.hold != nil {
			r.hold(s, forces)
		}
		if k == r.steps-1 || longest(forces) < atRest || math.IsNaN(longest(forces)) {
			return nil
		}
		f.move(s.Positions, v, forces)
	}
	return nil
}

// fire is the state of the minimiser.
type fire struct {
	dt, mixing float64
	downhill   int // steps in a row
}

func (f *fire) move(x, v, forces [][3]float64) {
	power, speed, size := 0.0, 0.0, 0.0
	for i, g := range forces {
		power, speed, size = power+structure.Dot(g, v[i]), speed+structure.Dot(v[i], v[i]), size+structure.Dot(g, g)
	}
	if power > 0 {
		along := f.mixing * math.Sqrt(speed/size)
		for i, g := range forces {
			v[i] = structure.Add(structure.Scale(1-f.mixing, v[i]), structure.Scale(along, g))
		}
		if f.downhill++; f.downhill > 5 {
			f.dt, f.mixing = min(1.1*f.dt, 1), 0.99*f.mixing
		}
	} else {
		clear(v)
		*f = fire{dt: f.dt / 2, mixing: 0.1}
	}
	for i, g := range forces {
		v[i] = structure.Add(v[i], structure.Scale(f.dt, g))
	}
	dt := f.dt
	if far := dt * longest(v); far > longMove {
		dt *= longMove / far
	}
	for i := range x {
		x[i] = structure.Add(x[i], structure.Scale(dt, v[i]))
	}
}

func longest(v [][3]float64) float64 {
	most := 0.0
	for _, x := range v {
		most = math.Max(most, structure.Norm(x)) // NaN stays NaN
	}
	return most
}
