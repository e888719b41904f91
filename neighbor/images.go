package neighbor

import (
	"fmt"
	"math"

	"mlff/structure"
)

// search is the memory of a rebuild. Its entries are the atoms, wrapped into the cell, followed by the images within
// reach of them. All coordinates are multiples of one power of two, chosen so that their sums and differences are
// exact: then i sees j exactly if j sees i, and rows can be transposed without looking.
type search struct {
	lattice  lattice
	reach    float64      // cutoff + skin + a margin for rounding, Å
	position [][3]float64 // [entries] Å
	owner    []int32      // [entries] the atom it is or is an image of
	shift    []int64      // [entries] packed lattice shift from it to the owner's position as given
	outside  bool         // whether any atom was shifted
	repeats  bool         // whether an atom can see several images of another
	lo, hi   [3]float64   // range of the atoms in multiples of the basis

	grid
	rows
}

var inf = math.Inf(1)

// farthest is the largest coordinate whose rounding still is small against coincident, Å.
const farthest = 1e10

// margin is what rounding to multiples of the quantum and the rounding of shifted positions can add to a distance, Å.
const margin = 1e-9

// prepare fills the entries.
func (w *search) prepare(s *structure.Structure, reach float64) error {
	l, err := newLattice(s.Cell, s.PBC)
	if err != nil {
		return err
	}
	w.lattice = l
	largest, err := w.wrapAll(s)
	if err != nil {
		return err
	}
	for k, p := range l.periodic {
		if p {
			largest += structure.Norm(l.basis[k])
		}
	}
	w.reach = reach + margin + 0x1p-46*largest
	extra, err := w.countImages(s.Len())
	if err != nil {
		return err
	}
	w.repeats = w.canRepeat()
	w.round(extra)
	return w.layImages(extra)
}

// wrapAll moves the atoms into the cell and returns the largest coordinate met on the way.
func (w *search) wrapAll(s *structure.Structure) (largest float64, err error) {
	n := s.Len()
	w.position, w.owner, w.shift = resize(w.position, n), resize(w.owner, n), resize(w.shift, n)
	w.outside, w.lo, w.hi = false, [3]float64{inf, inf, inf}, [3]float64{-inf, -inf, -inf}
	for i, x := range s.Positions {
		f := structure.Mul(x, w.lattice.inverse)
		var n [3]float64
		for k, p := range w.lattice.periodic {
			if p {
				n[k] = math.Floor(f[k])
				f[k] -= n[k]
			}
			w.lo[k], w.hi[k] = min(w.lo[k], f[k]), max(w.hi[k], f[k])
			largest = max(largest, math.Abs(x[k]))
		}
		if largest > farthest {
			err := fmt.Errorf("atom %d is %.3g Å from the origin", i, largest)
			return 0, structure.Hint(err, "are the positions in Å?")
		}
		w.owner[i], w.shift[i] = int32(i), 0
		if n != ([3]float64{}) {
			given, ok := w.lattice.given(n)
			if !ok {
				err := fmt.Errorf("atom %d is %.3g Å away, a million cells or more", i, structure.Norm(x))
				return 0, structure.Hint(err, "wrap the positions into the cell")
			}
			x = structure.Sub(x, structure.Mul(n, w.lattice.basis))
			w.shift[i], w.outside = pack(given), true
		}
		w.position[i] = x
	}
	return largest, nil
}

// countImages is how many images lie between the atoms and their reach to either side, in each direction. It refuses
// numbers that come from a mistake in the units rather than from a material.
func (w *search) countImages(atoms int) (extra [3]float64, err error) {
	total := float64(atoms)
	width := w.lattice.widths()
	for k, p := range w.lattice.periodic {
		if p {
			extra[k] = w.reach/width[k]*(1+1e-6) + 1e-9 // the excess covers rounding of the fractions
			total *= 1 + 2*extra[k]
		}
	}
	if total > 2e6+200*float64(atoms) {
		err := fmt.Errorf("a reach of %.4g Å takes %.2g periodic images of %d atoms", w.reach, total, atoms)
		return extra, structure.Hint(err, "are the cell and the cutoff in Å?")
	}
	return extra, nil
}

// canRepeat tells whether some lattice vector is short enough for an atom to see two atoms that it connects. Every
// lattice vector is at least as long as the cell is wide in some periodic direction.
func (w *search) canRepeat() bool {
	width := w.lattice.widths()
	for k, p := range w.lattice.periodic {
		if p && width[k] < 2.001*w.reach {
			return true
		}
	}
	return false
}

// round makes positions and periodic vectors multiples of a power of two, 2^-50 of the largest sum of them that occurs.
func (w *search) round(extra [3]float64) {
	var size float64
	for _, x := range w.position {
		size = max(size, math.Abs(x[0]), math.Abs(x[1]), math.Abs(x[2]))
	}
	for k, p := range w.lattice.periodic {
		if p {
			size += (2 + extra[k]) * structure.Norm(w.lattice.basis[k])
		}
	}
	_, exponent := math.Frexp(size)
	magic := math.Ldexp(1.5, exponent-50+52) // adding it leaves no bits below the quantum
	for i := range w.position {
		x := &w.position[i]
		x[0], x[1], x[2] = (x[0]+magic)-magic, (x[1]+magic)-magic, (x[2]+magic)-magic
	}
	for k, p := range w.lattice.periodic {
		for a := range 3 {
			if p {
				w.lattice.basis[k][a] = (w.lattice.basis[k][a] + magic) - magic
			}
		}
	}
}

// layImages appends the images within extra of the atoms' range.
func (w *search) layImages(extra [3]float64) error {
	atoms := len(w.position)
	for i := range atoms {
		f := structure.Mul(w.position[i], w.lattice.inverse)
		var from, to [3]float64
		for k, p := range w.lattice.periodic {
			if p {
				from[k], to[k] = math.Ceil(w.lo[k]-extra[k]-f[k]), math.Floor(w.hi[k]+extra[k]-f[k])
			}
		}
		if from == to { // both zero: the atom itself is always in range
			continue
		}
		if err := w.layImagesOf(i, from, to); err != nil {
			return err
		}
	}
	return nil
}

func (w *search) layImagesOf(i int, from, to [3]float64) error {
	for a := from[0]; a <= to[0]; a++ {
		for b := from[1]; b <= to[1]; b++ {
			for c := from[2]; c <= to[2]; c++ {
				n := [3]float64{a, b, c}
				if n == ([3]float64{}) {
					continue
				}
				given, ok := w.lattice.given(n)
				if !ok {
					return errSkewed
				}
				x := structure.Add(w.position[i], structure.Mul(n, w.lattice.basis))
				w.position = append(w.position, x)
				w.owner, w.shift = append(w.owner, int32(i)), append(w.shift, w.shift[i]-pack(given))
			}
		}
	}
	return nil
}

// resize returns v with length n, reusing its memory where it is large enough.
func resize[T any](v []T, n int) []T {
	if cap(v) < n {
		return make([]T, n, n+n/32) // the numbers of images and pairs fluctuate by little
	}
	return v[:n]
}
