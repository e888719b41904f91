package md

import (
	"math"

	"mlff/structure"
)

// springs tie every atom to its own place in the cell by E = k |x - x0|²/2: everything about their motion is known.
type springs struct {
	k     float64 // eV/Å²
	x0    [][3]float64
	after int // evaluations that go well; 0 = all
	calls int
}

func (p *springs) Evaluate(s *structure.Structure, out *structure.Result) error {
	out.Resize(s.Len())
	out.Energy, out.Virial = 0, [3][3]float64{}
	for i, x := range s.Positions {
		d := structure.Sub(x, p.x0[i])
		out.Forces[i] = structure.Scale(-p.k, d)
		out.Energies[i] = p.k * structure.Dot(d, d) / 2
		out.Energy += out.Energies[i]
	}
	if p.calls++; p.after > 0 && p.calls > p.after {
		out.Forces[1][2] = math.NaN()
	}
	return nil
}

// tied are n silicon atoms at rest in their places, and their springs.
func tied(n int, k float64) (structure.Structure, *springs) {
	s := structure.Structure{Numbers: make([]int, n), Positions: make([][3]float64, n)}
	for i := range s.Numbers {
		s.Numbers[i] = 14
		s.Positions[i] = [3]float64{float64(3 * i), 0, 0}
	}
	return s, &springs{k: k, x0: s.Clone().Positions}
}

// frequency of a silicon atom on a spring, rad/fs.
func frequency(k float64) float64 {
	return math.Sqrt(k * structure.AccelerationUnit / structure.Mass(14))
}

// silicon is a diamond crystal of 8 n³ atoms.
func silicon(n int) structure.Structure {
	const a = 5.431
	cell := structure.Structure{Cell: [3][3]float64{{a, 0, 0}, {0, a, 0}, {0, 0, a}}, PBC: [3]bool{true, true, true}}
	for _, x := range [][3]float64{{0, 0, 0}, {0, 2, 2}, {2, 0, 2}, {2, 2, 0}, {1, 1, 1}, {1, 3, 3}, {3, 1, 3}, {3, 3, 1}} {
		cell.Positions, cell.Numbers = append(cell.Positions, structure.Scale(a/4, x)), append(cell.Numbers, 14)
	}
	return structure.Supercell(&cell, [3]int{n, n, n})
}
