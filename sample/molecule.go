package sample

import (
	"context"
	"math"
	"slices"
	"strconv"

	"mlff/structure"
	"mlff/teacher"
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
	p.families(p.turnable, p.phases, labels, func(start, k int) (structure.Structure, hold) {
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

// minima plans what lies about minima, of the start and of it with its bonds turned, by turns: cold dynamics, which goes far
// along what is soft, and small displacements, which press on what is stiff.
func (p *planner) minima(labels int) {
	p.share = "minima"
	low := cold * slices.Min(p.Temperatures)
	for n, size := range portions(labels, snapshots, len(p.molecules)) {
		start, turn := p.molecules[n%len(p.molecules)], n/len(p.molecules)
		t := p.trajectory(n, start, "minimum")
		t.relax = true
		if slices.Contains(p.turnable, start) {
			t.twist = turn / 2
		}
		if turn%2 == 0 {
			t.temperatures = slices.Repeat([]float64{low}, size)
			p.move(n, t)
		} else {
			p.displace(n, size, t)
		}
	}
}

// displace plans structures rattled by a twentieth to a third of `rattle` about where a trajectory would begin.
func (p *planner) displace(n, labels int, t *trajectory) {
	p.add(strconv.Itoa(n), t.phase, labels, restSteps+labels, func(ctx context.Context, by teacher.Teacher) ([]structure.Frame, error) {
		s := t.start.Clone()
		if err := t.prepare(ctx, by, &s); err != nil {
			return nil, err
		}
		var drafts []draft
		for k := range labels {
			drafts = append(drafts, func(far float64) structure.Structure {
				c, rng := s.Clone(), structure.Rand(t.seed, "sample about a minimum", uint64(k))
				rattle(&c, far*p.Rattle*(0.05+0.28*rng.Float64()), rng)
				return c
			})
		}
		return labelled(ctx, by, t.kind, drafts)
	})
}
