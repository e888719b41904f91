package sample

import (
	"math"
	"testing"

	"mlff/structure"
)

// diamond is the cubic cell of silicon.
func diamond() structure.Structure {
	const a = 5.431
	s := structure.Structure{Cell: [3][3]float64{{a, 0, 0}, {0, a, 0}, {0, 0, a}}, PBC: [3]bool{true, true, true}}
	for _, x := range [][3]float64{{0, 0, 0}, {0, 2, 2}, {2, 0, 2}, {2, 2, 0}, {1, 1, 1}, {1, 3, 3}, {3, 1, 3}, {3, 3, 1}} {
		s.Numbers = append(s.Numbers, 14)
		s.Positions = append(s.Positions, structure.Scale(a/4, x))
	}
	return s
}

func primitive() structure.Structure {
	const h = 5.431 / 2
	return structure.Structure{Numbers: []int{14, 14}, Positions: [][3]float64{{}, {h / 2, h / 2, h / 2}},
		Cell: [3][3]float64{{0, h, h}, {h, 0, h}, {h, h, 0}}, PBC: [3]bool{true, true, true}}
}

func molecule() structure.Structure {
	return structure.Structure{Numbers: []int{8, 1, 1}, Positions: [][3]float64{{}, {0.96, 0, 0}, {-0.24, 0.93, 0}}}
}

func slab() structure.Structure {
	s := diamond()
	s.PBC[2] = false
	return s
}

func TestEnlarge(t *testing.T) {
	wire := diamond()
	wire.PBC = [3]bool{true, false, false}
	cubic := diamond()
	large := structure.Supercell(&cubic, [3]int{3, 3, 3})
	for _, test := range []struct {
		name  string
		s     structure.Structure
		width float64
		limit int
		atoms int
	}{
		{"cubic", diamond(), 10, 80, 64},
		{"cubic, wider than may be", diamond(), 12, 80, 64},
		{"cubic, narrow", diamond(), 5, 80, 8},
		{"primitive", primitive(), 9, 80, 54},
		{"primitive, limit", primitive(), 20, 80, 72},
		{"molecule", molecule(), 10, 80, 3},
		{"slab", slab(), 10, 80, 32},
		{"wire", wire, 10, 80, 16},
		{"larger than the limit", large, 20, 80, 216},
	} {
		e := enlarge(&test.s, test.width, test.limit)
		if e.Len() != test.atoms {
			t.Errorf("%s: %d atoms, want %d", test.name, e.Len(), test.atoms)
		}
	}
}

func TestWidths(t *testing.T) {
	// The faces of the primitive cell of face-centred cubic are a/√3 apart.
	p := primitive()
	for _, w := range widths(&p) {
		if math.Abs(w-5.431/math.Sqrt(3)) > 1e-12 { // a few roundings
			t.Errorf("width %g", w)
		}
	}
}

func TestDeform(t *testing.T) {
	strain := [3][3]float64{{0.1, 0.02, 0.03}, {0.02, -0.1, 0.04}, {0.03, 0.04, 0.2}}
	s := slab()
	before := s.Clone()
	deform(&s, strain)
	for i := range s.Positions {
		if s.Positions[i][2] != before.Positions[i][2] {
			t.Fatal("a slab was strained across")
		}
	}
	if s.Cell[2] != before.Cell[2] || s.Cell[0] == before.Cell[0] {
		t.Errorf("cell %v", s.Cell)
	}
	m := molecule()
	deform(&m, strain)
	if m.Positions[1] != molecule().Positions[1] {
		t.Error("a molecule was strained")
	}
	d := diamond()
	deform(&d, isotropic(0.01))
	old := diamond()
	if r := d.Volume() / old.Volume(); math.Abs(r-math.Pow(1.01, 3)) > 1e-12 { // a few roundings
		t.Errorf("the volume grew by %g", r)
	}
}

func TestSqueeze(t *testing.T) {
	for name, s := range map[string]structure.Structure{"diamond": diamond(), "primitive": primitive(), "molecule": molecule(), "slab": slab()} {
		for i := range s.Positions {
			c := s.Clone()
			_, d := nearest(&c, i)
			squeeze(&c, i, 0.8)
			_, closer := nearest(&c, i)
			// A few roundings of distances of some Å.
			if r := structure.Norm(closer) / structure.Norm(d); math.Abs(r-0.8) > 1e-12 {
				t.Errorf("%s: atom %d came to %.6f of the distance to its neighbour", name, i, r)
			}
		}
	}
	one := structure.Structure{Numbers: []int{14}, Positions: make([][3]float64, 1)}
	squeeze(&one, 0, 0.8)
}

func TestNearestOfAtomsOutsideTheCell(t *testing.T) {
	s := diamond()
	_, want := nearest(&s, 0)
	s.Positions[0] = structure.Add(s.Positions[0], structure.Scale(1e3, s.Cell[1]))
	_, d := nearest(&s, 0)
	if math.Abs(structure.Norm(d)-structure.Norm(want)) > 1e-9 { // positions of 5e3 Å have 1e-12 Å of rounding
		t.Errorf("distance %g, want %g", structure.Norm(d), structure.Norm(want))
	}
}
