// Package neighbor finds all pairs of atoms closer than a cutoff.
package neighbor

import (
	"fmt"
	"math"
	"slices"

	"mlff/structure"
)

// List holds all pairs closer than Cutoff+Skin. Its targets are the atoms, followed by the periodic images that atoms see.
type List struct {
	Cutoff, Skin float64    // Å
	N            int        // atoms
	Owner        []int32    // [targets] the atom a target is an image of; Owner[t] = t for t < N
	Shift        [][3]int32 // [targets] lattice shift relative to the unwrapped position of the owner; zero for t < N
	Start        []int32    // [N+1] the edges of atom i are Start[i]:Start[i+1]
	J            []int32    // [edges] target; within an atom sorted by (owner, shift)
	InStart      []int32    // [N+1] the incoming edges of atom i are In[InStart[i]:InStart[i+1]]
	In           []int32    // [edges] edge indices, ascending within an atom
}

// CoincidentError names two atoms at the same place.
type CoincidentError struct {
	I, J     int     // atoms; equal where an atom meets its own image
	Distance float64 // Å
}

func (e *CoincidentError) Error() string {
	return fmt.Sprintf("atoms %d and %d are at the same place (%.2g Å apart)", e.I, e.J, e.Distance)
}

// New returns an empty list for the given cutoff and skin [Å].
func New(cutoff, skin float64) *List { return &List{Cutoff: cutoff, Skin: skin} }

// Update makes the list valid for s and tells whether it was rebuilt.
func (l *List) Update(s *structure.Structure) (rebuilt bool, err error) {
	if err := s.Check(); err != nil {
		return false, err
	}
	var m [3]int
	var v [3][3]float64
	for k := range v {
		if s.PBC[k] {
			v[k] = s.Cell[k]
		}
	}
	reach := l.Cutoff + l.Skin
	lo, hi := bounds(s.Positions)
	far := structure.Norm(structure.Sub(hi, lo)) + reach
	for k := range v {
		if !s.PBC[k] {
			continue
		}
		a, b := v[(k+1)%3], v[(k+2)%3]
		n := structure.Cross(a, b)
		if structure.Norm(n) == 0 { // one or two periodic directions: complete crudely
			if structure.Norm(a) == 0 {
				a = b
			}
			n = v[k]
			if aa := structure.Dot(a, a); aa > 0 {
				n = structure.Sub(n, structure.Scale(structure.Dot(n, a)/aa, a))
			}
		}
		h := math.Abs(structure.Dot(v[k], n)) / structure.Norm(n)
		m[k] = int(math.Ceil(far / h))
	}
	l.build(s, m, reach)
	return true, nil
}

type edge struct {
	i, j int32
	s    [3]int32
}

func (l *List) build(s *structure.Structure, m [3]int, reach float64) {
	var edges []edge
	for a := -m[0]; a <= m[0]; a++ {
		for b := -m[1]; b <= m[1]; b++ {
			for c := -m[2]; c <= m[2]; c++ {
				t := structure.Mul([3]float64{float64(a), float64(b), float64(c)}, s.Cell)
				for i, x := range s.Positions {
					for j, y := range s.Positions {
						d := structure.Norm(structure.Sub(structure.Add(y, t), x))
						if d < reach && (i != j || a != 0 || b != 0 || c != 0) {
							edges = append(edges, edge{int32(i), int32(j), [3]int32{int32(a), int32(b), int32(c)}})
						}
					}
				}
			}
		}
	}
	slices.SortFunc(edges, func(p, q edge) int {
		if p.i != q.i {
			return int(p.i - q.i)
		}
		if p.j != q.j {
			return int(p.j - q.j)
		}
		return slices.Compare(p.s[:], q.s[:])
	})
	l.N = s.Len()
	l.Owner, l.Shift = nil, nil
	for i := range l.N {
		l.Owner, l.Shift = append(l.Owner, int32(i)), append(l.Shift, [3]int32{})
	}
	l.J, l.Start, l.In, l.InStart = nil, make([]int32, l.N+1), nil, make([]int32, l.N+1)
	targets := map[edge]int32{}
	in := make([][]int32, l.N)
	for e, p := range edges {
		t := p.j
		if p.s != ([3]int32{}) {
			k := edge{0, p.j, p.s}
			var ok bool
			if t, ok = targets[k]; !ok {
				t = int32(len(l.Owner))
				l.Owner, l.Shift = append(l.Owner, p.j), append(l.Shift, p.s)
				targets[k] = t
			}
		}
		l.J = append(l.J, t)
		l.Start[p.i+1] = int32(e + 1)
		in[p.j] = append(in[p.j], int32(e))
	}
	for i := range l.N {
		l.Start[i+1] = max(l.Start[i+1], l.Start[i])
		l.In = append(l.In, in[i]...)
		l.InStart[i+1] = int32(len(l.In))
	}
}

// Positions writes the position of every target of s into x, resized: [targets] Å.
func (l *List) Positions(s *structure.Structure, x [][3]float64) [][3]float64 {
	x = slices.Grow(x[:0], len(l.Owner))[:len(l.Owner)]
	for t, o := range l.Owner {
		n := l.Shift[t]
		x[t] = structure.Add(s.Positions[o], structure.Mul([3]float64{float64(n[0]), float64(n[1]), float64(n[2])}, s.Cell))
	}
	return x
}

func bounds(x [][3]float64) (lo, hi [3]float64) {
	for i, p := range x {
		for k := range p {
			if i == 0 || p[k] < lo[k] {
				lo[k] = p[k]
			}
			if i == 0 || p[k] > hi[k] {
				hi[k] = p[k]
			}
		}
	}
	return
}
