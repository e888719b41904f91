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
	wrap     [][3]int32   // [N] position = as given - wrap·cell
	outside  bool         // whether any wrap is not zero
	owner    []int32      // [images]
	image    [][3]int32   // [images] lattice shift of an image from its wrapped owner
	lo, hi   [3]float64   // range of the atoms in multiples of the basis

	grid
	rows
}

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
	w.round(extra)
	return w.layImages(extra)
}

// wrapAll moves the atoms into the cell and returns the largest coordinate met on the way.
func (w *search) wrapAll(s *structure.Structure) (largest float64, err error) {
	w.position, w.wrap, w.outside = resize(w.position, s.Len()), resize(w.wrap, s.Len()), false
	w.lo, w.hi = [3]float64{math.Inf(1), math.Inf(1), math.Inf(1)}, [3]float64{math.Inf(-1), math.Inf(-1), math.Inf(-1)}
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
		w.wrap[i] = [3]int32{}
		if n != ([3]float64{}) {
			if math.Abs(n[0])+math.Abs(n[1])+math.Abs(n[2]) > farthest {
				return 0, fmt.Errorf("atom %d is %v cells away from the origin", i, n)
			}
			given, ok := w.lattice.given([3]int64{int64(n[0]), int64(n[1]), int64(n[2])})
			if !ok {
				return 0, fmt.Errorf("atom %d is %v cells away from the origin", i, n)
			}
			x = structure.Sub(x, structure.Mul(n, w.lattice.basis))
			w.wrap[i], w.outside = given, true
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
			extra[k] = w.reach / width[k] * (1 + 1e-6) // the excess covers rounding of the fractions
			total *= 1 + 2*extra[k]
		}
	}
	if total > 2e6+200*float64(atoms) {
		err := fmt.Errorf("a reach of %.4g Å takes %.2g periodic images of %d atoms", w.reach, total, atoms)
		return extra, structure.Hint(err, "are the cell and the cutoff in Å?")
	}
	return extra, nil
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
	w.owner, w.image = w.owner[:0], w.image[:0]
	for i := range w.wrap {
		f := structure.Mul(w.position[i], w.lattice.inverse)
		var from, to [3]float64
		for k, p := range w.lattice.periodic {
			if p {
				from[k], to[k] = math.Ceil(w.lo[k]-extra[k]-f[k]), math.Floor(w.hi[k]+extra[k]-f[k])
			}
		}
		if from == to { // no images: the atom itself always counts
			continue
		}
		if err := w.layImagesOf(int32(i), from, to); err != nil {
			return err
		}
	}
	return nil
}

func (w *search) layImagesOf(i int32, from, to [3]float64) error {
	x := w.position[i]
	for a := from[0]; a <= to[0]; a++ {
		for b := from[1]; b <= to[1]; b++ {
			for c := from[2]; c <= to[2]; c++ {
				if a == 0 && b == 0 && c == 0 {
					continue
				}
				n, ok := w.lattice.given([3]int64{int64(a), int64(b), int64(c)})
				if !ok {
					return fmt.Errorf("the lattice vectors are skewed beyond use")
				}
				w.owner, w.image = append(w.owner, i), append(w.image, n)
				shift := structure.Mul([3]float64{a, b, c}, w.lattice.basis)
				w.position = append(w.position, structure.Add(x, shift))
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
