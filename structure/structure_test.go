package structure_test

import (
	"math"
	"strings"
	"testing"

	"mlff/structure"
)

func TestInverse(t *testing.T) {
	m := [3][3]float64{{5.1, 0.1, 0}, {-1, 6, 0.3}, {0.2, 2, -7}} // left-handed
	product := structure.MatMul(m, structure.Inverse(m))
	for a, row := range product {
		for b, x := range row {
			want := 0.0
			if a == b {
				want = 1
			}
			if math.Abs(x-want) > 1e-15*8 { // a few roundings of numbers below 8
				t.Errorf("m m⁻¹ [%d][%d] = %g", a, b, x)
			}
		}
	}
}

// E = V² has the virial -dE/dstrain = -2 V² and the stress 2 V, both isotropic.
func TestStressOfVirial(t *testing.T) {
	const volume = 7.0
	v := -2 * volume * volume
	got := structure.StressOf([3][3]float64{{v, 0, 0}, {0, v, 0}, {0, 0, v}}, volume)
	if got != [6]float64{2 * volume, 2 * volume, 2 * volume, 0, 0, 0} {
		t.Errorf("stress %v", got)
	}
	voigt := [6]float64{1, 2, 3, 4, 5, 6}
	if back := structure.Voigt(structure.Tensor(voigt)); back != voigt {
		t.Errorf("Voigt of its tensor: %v", back)
	}
}

func TestCheck(t *testing.T) {
	for message, spoil := range map[string]func(s *structure.Structure){
		"3 atoms have 2 positions":     func(s *structure.Structure) { s.Positions = s.Positions[:2] },
		"atom 1 has atomic number 119": func(s *structure.Structure) { s.Numbers[1] = 119 },
		"atom 2 has position":          func(s *structure.Structure) { s.Positions[2][0] = math.Inf(1) },
		"lattice vector 2 is":          func(s *structure.Structure) { s.Cell[1][0] = math.NaN() },
		"span no volume":               func(s *structure.Structure) { s.Cell[2] = s.Cell[0] },
	} {
		f := rich()
		if err := f.Check(); err != nil {
			t.Fatal(err)
		}
		spoil(&f.Structure)
		if err := f.Check(); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("want %q, got %v", message, err)
		}
	}
}

func TestResizeKeepsMemory(t *testing.T) {
	var r structure.Result
	r.Resize(5)
	first := &r.Forces[0]
	if r.Resize(3); len(r.Forces) != 3 || len(r.Energies) != 3 || &r.Forces[0] != first {
		t.Error("a smaller size got new memory")
	}
}
