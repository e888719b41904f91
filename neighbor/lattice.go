package neighbor

import (
	"fmt"
	"math"

	"mlff/structure"
)

var identity = [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}

// lattice is a basis in which cells and images are compact, however skewed the given vectors are: the periodic
// vectors reduced to short ones, and unit vectors perpendicular to them along the open directions.
type lattice struct {
	basis    [3][3]float64 // rows, Å
	inverse  [3][3]float64
	periodic [3]bool
	from     [3][3]int64 // basis[k] = Σ_l from[k][l] cell[l] for periodic k; zero rows otherwise
}

// farthest bounds all shifts, so that sums of three fit an int32.
const farthest = 1 << 29

func newLattice(cell [3][3]float64, pbc [3]bool) (lattice, error) {
	l := lattice{basis: complete(cell, pbc), periodic: pbc}
	for k, p := range pbc {
		if p {
			l.from[k][k] = 1
		}
	}
	for range 1000 { // every round shortens a vector; a few are enough for any cell met in practice
		if !l.shorten() {
			break
		}
	}
	for _, f := range l.from {
		if max(f[0], f[1], f[2], -f[0], -f[1], -f[2]) > 1e6 {
			return l, fmt.Errorf("the lattice vectors %v are skewed beyond use", cell)
		}
	}
	l.inverse = structure.Inverse(l.basis)
	return l, nil
}

// shorten takes the nearest multiple of one or of the sum or difference of both others off the vectors where that
// makes them shorter, and tells whether it did.
func (l *lattice) shorten() bool {
	shortened := false
	for k := range 3 {
		for _, c := range [4][2]float64{{1, 0}, {0, 1}, {1, 1}, {1, -1}} {
			a, b := (k+1)%3, (k+2)%3
			if !l.periodic[k] || c[0] != 0 && !l.periodic[a] || c[1] != 0 && !l.periodic[b] {
				continue
			}
			v := structure.Add(structure.Scale(c[0], l.basis[a]), structure.Scale(c[1], l.basis[b]))
			n := math.Round(structure.Dot(l.basis[k], v) / structure.Dot(v, v))
			w := structure.Sub(l.basis[k], structure.Scale(n, v))
			if structure.Norm(w) > (1-1e-9)*structure.Norm(l.basis[k]) {
				continue // with the margin, rounding cannot keep this going
			}
			l.basis[k], shortened = w, true
			for m := range 3 {
				l.from[k][m] -= int64(n*c[0])*l.from[a][m] + int64(n*c[1])*l.from[b][m]
			}
		}
	}
	return shortened
}

// complete replaces the rows of open directions by unit vectors perpendicular to the periodic ones.
func complete(cell [3][3]float64, pbc [3]bool) [3][3]float64 {
	unit := func(v [3]float64) [3]float64 { return structure.Scale(1/structure.Norm(v), v) }
	for k := range 3 {
		a, b := (k+1)%3, (k+2)%3
		switch {
		case !pbc[0] && !pbc[1] && !pbc[2]:
			return identity
		case !pbc[k] && pbc[a] && pbc[b]:
			cell[k] = unit(structure.Cross(cell[a], cell[b]))
		case pbc[k] && !pbc[a] && !pbc[b]:
			cell[a] = unit(structure.Cross(cell[k], identity[shortest(cell[k])]))
			cell[b] = unit(structure.Cross(cell[k], cell[a]))
		}
	}
	return cell
}

// shortest is the axis along which v is shortest.
func shortest(v [3]float64) int {
	k := 0
	for a := range v {
		if math.Abs(v[a]) < math.Abs(v[k]) {
			k = a
		}
	}
	return k
}

// widths are the distances between opposite faces of the cell spanned by the basis, Å.
func (l *lattice) widths() [3]float64 {
	var w [3]float64
	for k := range w {
		w[k] = 1 / structure.Norm([3]float64{l.inverse[0][k], l.inverse[1][k], l.inverse[2][k]})
	}
	return w
}

// given turns multiples of the basis into multiples of the lattice vectors as given. It tells whether they fit.
func (l *lattice) given(n [3]int64) (r [3]int32, ok bool) {
	ok = true
	for m := range r {
		v := n[0]*l.from[0][m] + n[1]*l.from[1][m] + n[2]*l.from[2][m]
		r[m] = int32(v)
		ok = ok && -farthest < v && v < farthest
	}
	return r, ok
}
