// Package neighbor finds all pairs of atoms closer than a cutoff.
//
// The list is full (i-j and j-i), sorted by (i, j, shift), and every atom knows its incoming edges, so that forces
// can be gathered instead of scattered. Cost is O(N) for any cell shape, any periodicity and any spread of the atoms;
// images beyond the first are found, so the cutoff may exceed the cell. Shifts count from the positions as they are
// given, inside the cell or far out of it, so what a list says of a pair depends on the structure alone and not on
// the step at which the list was built.
//
// How: atoms are wrapped into a reduced cell, images within reach are laid around it, all are sorted by the box they
// fall into, and each atom is compared with the atoms of the boxes around its own (lattice.go, search.go). Rows come
// out of that in no order. They are sorted by transposition (rows.go): walking the atoms in order and entering each
// into the rows of its neighbours leaves every row sorted, without a single comparison.
package neighbor

import (
	"fmt"
	"slices"
	"sort"

	"mlff/structure"
)

// List holds all pairs closer than Cutoff+Skin, and may hold pairs longer than that by up to 1e-8 Å, or by rounding
// where coordinates exceed 1e6 Å. Its targets are the atoms, followed by the periodic images that atoms see, sorted
// by (owner, shift). Nothing changes between rebuilds.
type List struct {
	Cutoff, Skin float64    // Å
	N            int        // atoms
	Owner        []int32    // [targets] the atom a target is an image of; Owner[t] = t for t < N
	Shift        [][3]int32 // [targets] lattice shift relative to the owner's position as given; zero for t < N
	Start        []int32    // [N+1] the edges of atom i are Start[i]:Start[i+1]
	J            []int32    // [edges] target of an edge; within an atom sorted by (owner, shift)
	InStart      []int32    // [N+1] the edges to atom i and its images are In[InStart[i]:InStart[i+1]]; equal to Start
	In           []int32    // [edges] edge indices, ascending within an atom

	built  reference // what the list was built for
	builds int
	work   *search // memory kept for the next rebuild
}

// CoincidentError names two atoms at the same place, or one atom that meets its own image.
type CoincidentError struct {
	I, J     int     // atoms, I <= J
	Distance float64 // Å
}

func (e *CoincidentError) Error() string {
	return fmt.Sprintf("atoms %d and %d are at the same place (%.2g Å apart)", e.I, e.J, e.Distance)
}

// New returns an empty list for the given cutoff and skin [Å].
func New(cutoff, skin float64) *List { return &List{Cutoff: cutoff, Skin: skin} }

// Update makes the list valid for s and tells whether it had to be rebuilt: whether a pair outside the list could by
// now be within the cutoff, or the number of atoms, the periodicity, the cutoff or the skin changed. Species do not
// matter. It allocates nothing once it has seen a structure as large.
//
// It returns a *CoincidentError if two atoms are closer than 1e-6 Å, and an error with a hint if the cutoff reaches
// absurdly many images or neighbours. After an error the content of the list is unspecified.
func (l *List) Update(s *structure.Structure) (rebuilt bool, err error) {
	if !(l.Cutoff > 0 && l.Skin >= 0 && l.Cutoff+l.Skin < 1e6) { // a NaN fails it too
		return false, fmt.Errorf("a neighbor list with cutoff %g Å and skin %g Å", l.Cutoff, l.Skin)
	}
	if err := s.Check(); err != nil {
		return false, err
	}
	if l.covers(s) {
		return false, nil
	}
	l.built.valid = false
	if err := l.build(s); err != nil {
		return false, err
	}
	l.remember(s)
	l.builds++
	return true, nil
}

// Builds is how many times Update has built the list.
func (l *List) Builds() int { return l.builds }

// Positions writes the position of every target of s into x, resized: [targets] Å.
func (l *List) Positions(s *structure.Structure, x [][3]float64) [][3]float64 {
	x = slices.Grow(x[:0], len(l.Owner))[:len(l.Owner)]
	l.Place(s, x, 0, l.N)
	return x
}

// Place writes the positions of the atoms lo <= i < hi of s and of their images into x, [targets] Å. Calls for different
// atoms may run side by side.
func (l *List) Place(s *structure.Structure, x [][3]float64, lo, hi int) {
	copy(x[lo:hi], s.Positions[lo:hi])
	c := s.Cell
	first, end := l.Images(lo, hi)
	for t := first; t < end; t++ { // at every step, and written out for speed
		m, p := &l.Shift[t], &s.Positions[l.Owner[t]]
		a, b, d := float64(m[0]), float64(m[1]), float64(m[2])
		q := &x[t]
		q[0] = p[0] + (a*c[0][0] + b*c[1][0] + d*c[2][0])
		q[1] = p[1] + (a*c[0][1] + b*c[1][1] + d*c[2][1])
		q[2] = p[2] + (a*c[0][2] + b*c[1][2] + d*c[2][2])
	}
}

// Images are the targets first <= t < end that are images of the atoms lo <= i < hi.
func (l *List) Images(lo, hi int) (first, end int) {
	from := func(i int) int {
		return l.N + sort.Search(len(l.Owner)-l.N, func(k int) bool { return int(l.Owner[l.N+k]) >= i })
	}
	return from(lo), from(hi)
}

// Compact returns a copy that owns no more memory than it shows, for keeping many lists. Updating it rebuilds it.
func (l *List) Compact() *List {
	memory := make([]int32, 0, len(l.Owner)+len(l.Start)+len(l.J)+len(l.In))
	keep := func(v []int32) []int32 {
		n := len(memory)
		memory = append(memory, v...)
		return memory[n:len(memory):len(memory)]
	}
	c := &List{Cutoff: l.Cutoff, Skin: l.Skin, N: l.N, Shift: append(make([][3]int32, 0, len(l.Shift)), l.Shift...)}
	c.Owner, c.Start, c.J, c.In = keep(l.Owner), keep(l.Start), keep(l.J), keep(l.In)
	c.InStart = c.Start
	return c
}
