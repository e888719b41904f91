package sample

import (
	"math"
	"slices"

	"mlff/structure"
)

// A molecule gets what a crystal gets by strain: its soft coordinates, far and near. Bonds that can be turned are, the
// whole circle, and what lies about minima is visited where it is cold, for vibrations are second derivatives.

const (
	makeRoom  = 6   // steps of relaxing a turned molecule until its atoms have made room
	restSteps = 60  // to a minimum
	cold      = 0.3 // times the lowest temperature of the ladder: that of dynamics about a minimum
)

// twists plans turned molecules that relax with the turned bond held.
func (p *planner) twists(labels int) {
	p.share = "torsions"
	p.families(p.turnable, labels, func(start, k int) (structure.Structure, hold) {
		s := p.starts[start].Clone()
		bond := twist(&s, k)
		return s, bond.hold
	})
}

// twist turns the bonds of a molecule in turn, the k-th time by an angle that fills the circle evenly.
func twist(s *structure.Structure, k int) torsion {
	list := torsions(s)
	t := list[k%len(list)]
	t.turn(s, 2*math.Pi*even(k/len(list)))
	return t
}

// minima plans cold dynamics about minima: of the start, and of it with its bonds turned.
func (p *planner) minima(labels int) {
	p.share = "minima"
	for n, size := range portions(labels, snapshots, len(p.molecules)) {
		start := p.molecules[n%len(p.molecules)]
		t := p.trajectory(n, start, "minimum")
		t.relax = true
		if slices.Contains(p.turnable, start) {
			t.twist = n / len(p.molecules)
		}
		low := cold * slices.Min(p.Temperatures)
		t.temperatures = slices.Repeat([]float64{low}, size)
		p.move(n, t)
	}
}
