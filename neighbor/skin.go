package neighbor

import (
	"math"

	"mlff/structure"
)

// reference is the structure that a list was built for.
type reference struct {
	valid        bool
	cutoff, skin float64
	positions    [][3]float64
	cell         [3][3]float64
	pbc          [3]bool
}

func (l *List) remember(s *structure.Structure) {
	b := &l.built
	b.positions = resize(b.positions, s.Len())
	copy(b.positions, s.Positions)
	b.cell, b.pbc, b.cutoff, b.skin, b.valid = s.Cell, s.PBC, l.Cutoff, l.Skin, true
}

// covers tells whether every pair of s within the cutoff is surely in the list.
//
// Write the positions as x = x0 F + u, where F takes the old cell to the new one. A pair outside the list was at
// least cutoff+skin long; now it is at least σ(cutoff+skin) - |ui - uj| long, σ the smallest singular value of F.
// |ui - uj| is at most the sum of the two largest |u|, and remains so when any one vector is taken off all u.
func (l *List) covers(s *structure.Structure) bool {
	b := &l.built
	if !b.valid || s.Len() != len(b.positions) || s.PBC != b.pbc || l.Cutoff != b.cutoff || l.Skin != b.skin {
		return false
	}
	f := identity
	if s.Cell != b.cell {
		f = b.deformation(s.Cell)
	}
	room := smallestSingular(f)*(l.Cutoff+l.Skin) - l.Cutoff
	moved, drift := b.displacement(s.Positions, f, [3]float64{})
	if moved > room {
		moved, _ = b.displacement(s.Positions, f, drift) // a drift of all atoms changes no distance
	}
	return moved <= room
}

// displacement is the sum of the two largest |u - drift|, u = x - x0 F, and the mean of u.
func (b *reference) displacement(x [][3]float64, f [3][3]float64, drift [3]float64) (moved float64, mean [3]float64) {
	var first, second float64 // squared
	affine := f != identity
	for i, p := range b.positions {
		if affine {
			p = structure.Mul(p, f)
		}
		u := structure.Sub(x[i], p)
		mean = structure.Add(mean, structure.Scale(1/float64(len(x)), u))
		v := structure.Sub(u, drift)
		if d := structure.Dot(v, v); d > second {
			first, second = max(first, d), min(first, d)
		}
	}
	return math.Sqrt(first) + math.Sqrt(second), mean
}

// deformation is the linear map that takes the lattice vectors of the periodic directions to those of cell and
// leaves what is perpendicular to the old ones alone.
func (b *reference) deformation(cell [3][3]float64) [3][3]float64 {
	before := complete(b.cell, b.pbc)
	after := before
	for k, periodic := range b.pbc {
		if periodic {
			after[k] = cell[k]
		}
	}
	return structure.MatMul(structure.Inverse(before), after)
}

// smallestSingular is the square root of the smallest eigenvalue of f fᵀ, by the trigonometric solution of the
// characteristic cubic (Smith 1961); exactly 1 for the identity.
func smallestSingular(f [3][3]float64) float64 {
	if f == identity {
		return 1
	}
	a, b, c := structure.Dot(f[0], f[0]), structure.Dot(f[1], f[1]), structure.Dot(f[2], f[2])
	ab, ac, bc := structure.Dot(f[0], f[1]), structure.Dot(f[0], f[2]), structure.Dot(f[1], f[2])
	q := (a + b + c) / 3
	a, b, c = a-q, b-q, c-q
	p := math.Sqrt((a*a + b*b + c*c + 2*(ab*ab+ac*ac+bc*bc)) / 6)
	if p == 0 {
		return math.Sqrt(q)
	}
	half := (a*(b*c-bc*bc) - ab*(ab*c-bc*ac) + ac*(ab*bc-b*ac)) / (2 * p * p * p)
	angle := math.Acos(max(-1, min(1, half))) / 3
	return math.Sqrt(max(0, q+2*p*math.Cos(angle+2*math.Pi/3)))
}
