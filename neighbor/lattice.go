package neighbor

import (
	"errors"
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
	from     [3][3]float64 // basis[k] = Σ_l from[k][l] cell[l] for periodic k; zero rows otherwise
}

var errSkewed = errors.New("the lattice vectors are skewed beyond use: reduced vectors are a million times the given ones")

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
		if structure.Norm(f) > 1e6 {
			return l, errSkewed
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
			f := structure.Add(structure.Scale(c[0], l.from[a]), structure.Scale(c[1], l.from[b]))
			l.from[k] = structure.Sub(l.from[k], structure.Scale(n, f))
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

// given turns multiples of the basis into multiples of the lattice vectors as given. It tells whether they are small
// enough that sums and differences of three can be packed.
func (l *lattice) given(n [3]float64) (r [3]int32, ok bool) {
	ok = true
	for k, v := range structure.Mul(n, l.from) {
		r[k] = int32(v)
		ok = ok && math.Abs(v) < 1<<(packBits-1)/3
	}
	return r, ok
}
