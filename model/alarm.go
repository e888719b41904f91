package model

import "mlff/kernel"

// Alarm tells in which way an atom, or a whole structure, lies outside of what a student was taught, beside its grade.
type Alarm uint8

// The alarms, to be OR-ed.
const (
	Contact     Alarm = 1 << iota // an atom closer to a neighbour than any such pair in training
	Neighbors                     // an atom with fewer or more neighbours than any of its species in training
	Composition                   // a structure that is no mixture of the compositions in training
)

// watch holds the grades and alarms of a structure.
type watch struct {
	domain      *Domain
	composition []float64 // [S] of the current structure
	ofStructure Alarm
	guards      []kernel.Guard // [atoms] from the kernel
	grades      []float64      // [atoms]
	largest     float64
	alarms      []Alarm // [atoms]
	all         Alarm   // OR of those and that of the structure
}

func newWatch(m *Model) *watch {
	return &watch{domain: &m.meta.Domain, composition: make([]float64, m.config.Species)}
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
}

// resize makes room for the atoms of a structure.
func (w *watch) resize(n int) {
	w.guards, w.grades, w.alarms = sized(w.guards, n), sized(w.grades, n), sized(w.alarms, n)
}

// summarise finds alarms, and the grade and the alarm of the structure.
func (w *watch) summarise(types []uint8) {
	w.largest, w.all = 0, w.ofStructure
	for i := range w.guards {
		g := &w.guards[i]
		w.grades[i], w.alarms[i] = g.Grade, w.atom(types[i], g)
		if !(g.Grade <= w.largest) { // a NaN is larger than anything
			w.largest = g.Grade
		}
		w.all |= w.alarms[i]
	}
}

// atom is the alarm of an atom.
func (w *watch) atom(species uint8, g *kernel.Guard) (a Alarm) {
	if g.Contact {
		a |= Contact
	}
	if int(species) < len(w.domain.Neighbors) {
		if seen := w.domain.Neighbors[species]; int(g.Neighbors) < seen[0] || int(g.Neighbors) > seen[1] {
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
