package sample

import (
	"math"
	"math/rand/v2"

	"mlff/structure"
)

// enlarge repeats s along its thinnest periodic direction until every one is at least width [Å] wide, or until the next
// copy would exceed atoms.
func enlarge(s *structure.Structure, width float64, atoms int) structure.Structure {
	n := [3]int{1, 1, 1}
	thickness := widths(s)
	for {
		thin := -1
		for k := range n {
			if s.PBC[k] && (thin < 0 || thickness[k]*float64(n[k]) < thickness[thin]*float64(n[thin])-1e-9) {
				thin = k
			}
		}
		if thin < 0 || thickness[thin]*float64(n[thin]) >= width {
			break
		}
		n[thin]++
		if n[0]*n[1]*n[2]*s.Len() > atoms {
			n[thin]--
			break
		}
	}
	return structure.Supercell(s, n)
}

// widths are the distances between opposite faces of the cell, Å; directions without periodicity count as perpendicular
// to the others.
func widths(s *structure.Structure) [3]float64 {
	cell := s.Cell
	for k := range cell {
		if !s.PBC[k] {
			cell[k] = [3]float64{}
		}
	}
	var w [3]float64
	for k := range cell {
		a, b := cell[(k+1)%3], cell[(k+2)%3]
		v := cell[k]
		switch n := structure.Cross(a, b); {
		case structure.Norm(n) > 0:
			w[k] = math.Abs(structure.Dot(v, n)) / structure.Norm(n)
		case structure.Norm(a)+structure.Norm(b) > 0: // one other periodic direction
			u := structure.Add(a, b)
			along := structure.Dot(v, u) / structure.Dot(u, u)
			w[k] = structure.Norm(structure.Sub(v, structure.Scale(along, u)))
		default:
			w[k] = structure.Norm(v)
		}
	}
	return w
}

// rattle displaces every coordinate by a Gaussian of standard deviation sigma [Å].
func rattle(s *structure.Structure, sigma float64, rng *rand.Rand) {
	for i := range s.Positions {
		for a := range 3 {
			s.Positions[i][a] += sigma * rng.NormFloat64()
		}
	}
}

// deform applies x -> x (1 + strain) to positions and lattice. Where a direction is not periodic the lattice vector and
// the atoms keep their place along it; without any periodicity nothing happens.
func deform(s *structure.Structure, strain [3][3]float64) {
	f := projected(s, strain)
	for a := range 3 {
		f[a][a]++
	}
	for i, x := range s.Positions {
		s.Positions[i] = structure.Mul(x, f)
	}
	for k, p := range s.PBC {
		if p {
			s.Cell[k] = structure.Mul(s.Cell[k], f)
		}
	}
}

// projected is P strain P with P the projector on the space that the periodic lattice vectors span.
func projected(s *structure.Structure, strain [3][3]float64) [3][3]float64 {
	var p [3][3]float64
	var basis [][3]float64
	for k, periodic := range s.PBC {
		if !periodic {
			continue
		}
		v := s.Cell[k]
		for _, b := range basis {
			v = structure.Sub(v, structure.Scale(structure.Dot(v, b), b))
		}
		basis = append(basis, structure.Scale(1/structure.Norm(v), v))
	}
	for _, b := range basis {
		for i := range 3 {
			for j := range 3 {
				p[i][j] += b[i] * b[j]
			}
		}
	}
	return structure.MatMul(structure.MatMul(p, strain), p)
}

// isotropic is the strain that lengthens every direction by the fraction e.
func isotropic(e float64) [3][3]float64 { return [3][3]float64{{e, 0, 0}, {0, e, 0}, {0, 0, e}} }

// randomStrain is symmetric with components uniform in -size..size.
func randomStrain(size float64, rng *rand.Rand) [3][3]float64 {
	var v [6]float64
	for k := range v {
		v[k] = size * (2*rng.Float64() - 1)
	}
	return structure.Tensor(v)
}

// resize scales the distances between all atoms by f, and the lattice where it is periodic.
func resize(s *structure.Structure, f float64) {
	for i, x := range s.Positions {
		s.Positions[i] = structure.Scale(f, x)
	}
	for k, p := range s.PBC {
		if p {
			s.Cell[k] = structure.Scale(f, s.Cell[k])
		}
	}
}

// squeeze brings atom i and its nearest neighbour together to the fraction f of their distance, both moving alike.
func squeeze(s *structure.Structure, i int, f float64) {
	j, d := nearest(s, i)
	if j < 0 {
		return
	}
	step := structure.Scale((1-f)/2, d)
	s.Positions[i] = structure.Add(s.Positions[i], step)
	s.Positions[j] = structure.Sub(s.Positions[j], step)
}

// nearest finds the atom nearest to i, itself excluded, and the vector to its nearest image; -1 where i is alone.
// Images up to the second cell are looked at, after wrapping: enough for any cell that is not extremely oblique.
func nearest(s *structure.Structure, i int) (j int, d [3]float64) {
	j = -1
	best := math.Inf(1)
	for k := range s.Positions {
		if k == i {
			continue
		}
		for _, v := range images(s, structure.Sub(s.Positions[k], s.Positions[i])) {
			if r := structure.Norm(v); r < best {
				j, d, best = k, v, r
			}
		}
	}
	return j, d
}

// images are v and its periodic images around the origin.
func images(s *structure.Structure, v [3]float64) [][3]float64 {
	out := [][3]float64{v}
	for k, p := range s.PBC {
		if !p {
			continue
		}
		c := s.Cell[k]
		whole := math.Round(structure.Dot(v, c) / structure.Dot(c, c))
		var next [][3]float64
		for _, u := range out {
			for m := -2; m <= 2; m++ {
				next = append(next, structure.Add(u, structure.Scale(float64(m)-whole, c)))
			}
		}
		out = next
	}
	return out
}
