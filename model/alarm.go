package model

import (
	"math"

	"mlff/kernel"
)

// Alarm tells in which way an atom, or a whole structure, lies outside of what a student was taught, beside its grade.
type Alarm uint8

// The alarms, to be OR-ed.
const (
	Contact     Alarm = 1 << iota // an atom closer to a neighbour than any such pair in training
	Neighbors                     // an atom with fewer or more neighbours than any of its species in training
	Composition                   // a structure that is no mixture of the compositions in training
)

// watch finds alarms block by block.
type watch struct {
	domain      *Domain
	species     int
	cutoff      float64   // squared, Å²
	contact     []float64 // [S][S] r_s squared, Å²
	composition []float64 // [S] of the current structure
	ofStructure Alarm
	atoms       []Alarm // [atoms]
	all         Alarm   // OR of both
}

func newWatch(m *Model) *watch {
	c := m.config
	w := &watch{domain: &m.meta.Domain, species: c.Species, cutoff: c.Cutoff * c.Cutoff, composition: make([]float64, c.Species)}
	for _, r := range c.CoreR {
		w.contact = append(w.contact, r*r)
	}
	return w
}

// begin takes the species of a structure.
func (w *watch) begin(types []uint8) {
	clear(w.composition)
	for _, z := range types {
		w.composition[z]++
	}
	w.ofStructure = 0
	if !w.domain.covers(w.composition) {
		w.ofStructure = Composition
	}
	if cap(w.atoms) < len(types) {
		w.atoms = make([]Alarm, len(types))
	}
	w.atoms = w.atoms[:len(types)]
}

// watchBlock writes the alarms of the atoms lo <= i < hi. Signs are counted without branches, which no processor could
// predict here.
func watchBlock[F kernel.Float](w *watch, a *kernel.Atoms[F], lo, hi int) {
	for i := lo; i < hi; i++ {
		x := a.X[i]
		contact := w.contact[int(a.Type[i])*w.species:][:w.species]
		var neighbors, close uint64
		for _, j := range a.J[a.Start[i]:a.Start[i+1]] {
			y := &a.X[j]
			dx, dy, dz := y[0]-x[0], y[1]-x[1], y[2]-x[2]
			r := dx*dx + dy*dy + dz*dz
			neighbors += math.Float64bits(r-w.cutoff) >> 63 // 1 if inside
			close |= math.Float64bits(r - contact[a.Type[j]])
		}
		w.atoms[i] = w.alarm(int(a.Type[i]), int(neighbors), close>>63 != 0)
	}
}

func (w *watch) alarm(species, neighbors int, close bool) (a Alarm) {
	if close {
		a |= Contact
	}
	if species < len(w.domain.Neighbors) {
		if seen := w.domain.Neighbors[species]; neighbors < seen[0] || neighbors > seen[1] {
			a |= Neighbors
		}
	}
	return a
}

// covers tells whether a composition [S] lies in the span of those seen. It does where none are known.
func (d *Domain) covers(composition []float64) bool {
	return d.Compositions == nil || InSpan(d.Compositions, composition)
}

// InSpan tells whether a composition [S], in any units, lies in the span of orthonormal rows [rank][S].
func InSpan(span [][]float64, composition []float64) bool {
	var outside, size float64
	for k, x := range composition {
		size += x * x
		for _, row := range span { // x - sum_q q (q·x)
			if len(row) != len(composition) {
				return false
			}
			var along float64
			for m, q := range row {
				along += q * composition[m]
			}
			x -= row[k] * along
		}
		outside += x * x
	}
	return outside <= 1e-16*size // relative distance 1e-8: far above rounding, far below one atom in 10^6
}
