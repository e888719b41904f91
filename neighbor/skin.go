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

// displacement is the sum of the two largest |u - drift|, u = x - x0 F, and the mean of u. It runs at every step and
// is written out for speed.
func (b *reference) displacement(x [][3]float64, f [3][3]float64, drift [3]float64) (moved float64, mean [3]float64) {
	var first, second float64 // squared
	var sx, sy, sz float64
	affine := f != identity
	x = x[:len(b.positions)]
	for i := range b.positions {
		p, q := &b.positions[i], &x[i]
		px, py, pz := p[0], p[1], p[2]
		if affine {
			px, py, pz = px*f[0][0]+py*f[1][0]+pz*f[2][0], px*f[0][1]+py*f[1][1]+pz*f[2][1], px*f[0][2]+py*f[1][2]+pz*f[2][2]
		}
		ux, uy, uz := q[0]-px, q[1]-py, q[2]-pz
		sx, sy, sz = sx+ux, sy+uy, sz+uz
		vx, vy, vz := ux-drift[0], uy-drift[1], uz-drift[2]
		if d := vx*vx + vy*vy + vz*vz; d > second {
			first, second = max(first, d), min(first, d)
		}
	}
	mean = structure.Scale(1/float64(max(1, len(x))), [3]float64{sx, sy, sz})
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

// smallestSingular turns pairs of rows until all are perpendicular (one-sided Jacobi, Hestenes 1958). Then their
// lengths are the singular values, right to the last digits also where they are nearly equal, as in MD they are.
func smallestSingular(f [3][3]float64) float64 {
	for range 20 { // it converges quadratically: 4 or 5 rounds
		turned := false
		for _, k := range [3][2]int{{0, 1}, {0, 2}, {1, 2}} {
			a, b := f[k[0]], f[k[1]]
			aa, bb, ab := structure.Dot(a, a), structure.Dot(b, b), structure.Dot(a, b)
			if ab*ab <= 1e-32*aa*bb {
				continue
			}
			z := (bb - aa) / (2 * ab)
			t := math.Copysign(1/(math.Abs(z)+math.Sqrt(1+z*z)), z)
			c := 1 / math.Sqrt(1+t*t)
			f[k[0]] = structure.Sub(structure.Scale(c, a), structure.Scale(c*t, b))
			f[k[1]] = structure.Add(structure.Scale(c*t, a), structure.Scale(c, b))
			turned = true
		}
		if !turned {
			break
		}
	}
	return min(structure.Norm(f[0]), structure.Norm(f[1]), structure.Norm(f[2]))
}
