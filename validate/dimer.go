package validate

import (
	"context"
	"fmt"
	"math"

	"mlff/structure"
)

// innermost is the shortest distance of a dimer curve, Å: below it the core continues as a straight line.
const innermost = 0.2

// Dimer is the energy of two atoms alone in space as a function of their distance.
type Dimer struct {
	Pair     [2]string `json:"pair"`
	Shortest float64   `json:"shortest"`          // r_s: shortest distance in the training frames, Å
	Distance []float64 `json:"distance"`          // Å, ascending from 0.2 to the cutoff
	Energy   []float64 `json:"energy"`            // eV, zero at the cutoff
	Teacher  []float64 `json:"teacher,omitempty"` // the same of the teacher, where one was given
	// Repulsion is the weakest force that pushes the atoms apart, eV/Å, from 0.2 Å to 0.9 r_s: the smaller of
	// what the forces say and what the slope of the energy says. Below zero the atoms can fall into each other.
	Repulsion *float64 `json:"repulsion"`
	Failure   string   `json:"failure,omitempty"` // why the curve ends, where it could not be computed
}

// Repulsive tells whether the energy falls with the distance everywhere from 0.2 Å to 0.9 r_s.
func (d *Dimer) Repulsive() bool { return d.Repulsion != nil && *d.Repulsion > 0 }

// Dimers computes the curve of every pair of species of s.
// A potential that refuses a dimer leaves its reason in Failure; the only error is that of ctx.
func Dimers(ctx context.Context, s Subject, teacher structure.Potential, progress func(done, total int)) ([]Dimer, error) {
	n := len(s.Numbers)
	total, done := n*(n+1)/2, 0
	curves := make([]Dimer, 0, total)
	for a := range s.Numbers {
		for b := a; b < n; b++ {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			curves = append(curves, dimer(s, a, b, teacher))
			done++
			progress(done, total)
		}
	}
	return curves, nil
}

func dimer(s Subject, a, b int, teacher structure.Potential) Dimer {
	za, zb := s.Numbers[a], s.Numbers[b]
	d := Dimer{
		Pair:     [2]string{structure.Symbol(za), structure.Symbol(zb)},
		Shortest: s.shortest(a, b),
		Distance: dimerGrid(s.Cutoff),
	}
	energy, force, err := separate(s.Potential, za, zb, d.Distance)
	if err != nil {
		d.Failure = err.Error()
		d.Distance = nil
		return d
	}
	d.Energy = energy
	d.Repulsion = repulsion(d.Distance, energy, force, 0.9*d.Shortest)
	if teacher != nil {
		d.Teacher, _, _ = separate(teacher, za, zb, d.Distance) // a teacher that knows no dimers has no curve
	}
	return d
}

// dimerGrid is 0.2 Å to the cutoff in steps of 0.02 Å, or slightly less so that the cutoff is a point.
func dimerGrid(cutoff float64) []float64 {
	n := max(int(math.Ceil((cutoff-innermost)/0.02)), 2)
	r := make([]float64, n+1)
	for k := range r {
		r[k] = innermost + (cutoff-innermost)*float64(k)/float64(n)
	}
	return r
}

// separate pulls two atoms apart along a direction that no lattice or axis prefers. Energies are relative to the
// last distance, eV; forces push the atoms apart where positive, eV/Å.
func separate(p structure.Potential, za, zb int, distance []float64) (energy, force []float64, err error) {
	u := structure.Scale(1/math.Sqrt(14), [3]float64{1, 2, 3})
	s := structure.Structure{Numbers: []int{za, zb}, Positions: make([][3]float64, 2)}
	var out structure.Result
	for _, r := range distance {
		s.Positions[1] = structure.Scale(r, u)
		if err := p.Evaluate(&s, &out); err != nil {
			return nil, nil, fmt.Errorf("%.2f Å: %w", r, err)
		}
		f := structure.Dot(out.Forces[1], u)
		if !finite(out.Energy, f) {
			return nil, nil, fmt.Errorf("%.2f Å: energy %g eV, force %g eV/Å", r, out.Energy, f)
		}
		energy, force = append(energy, out.Energy), append(force, f)
	}
	zero := energy[len(energy)-1]
	for k := range energy {
		energy[k] -= zero
	}
	return energy, force, nil
}

// repulsion is the weakest push among the distances up to the given one; nil where that is closer than two points.
func repulsion(distance, energy, force []float64, upTo float64) *float64 {
	weakest := math.Inf(1)
	for k := 0; k+1 < len(distance) && distance[k+1] <= upTo; k++ {
		slope := (energy[k] - energy[k+1]) / (distance[k+1] - distance[k])
		weakest = min(weakest, slope, force[k], force[k+1])
	}
	if math.IsInf(weakest, 1) {
		return nil
	}
	return &weakest
}

func finite(values ...float64) bool {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
