package structure_test

import (
	"math"
	"reflect"
	"testing"

	"mlff/structure"
)

func TestIDKnowsEveryPart(t *testing.T) {
	f := rich()
	id := structure.ID(&f.Structure)
	for name, change := range map[string]func(s *structure.Structure){
		"species":  func(s *structure.Structure) { s.Numbers[0] = 6 },
		"order":    func(s *structure.Structure) { s.Positions[0], s.Positions[1] = s.Positions[1], s.Positions[0] },
		"position": func(s *structure.Structure) { s.Positions[2][2] = math.Nextafter(s.Positions[2][2], 1) },
		"cell":     func(s *structure.Structure) { s.Cell[1][2] = 1 },
		"pbc":      func(s *structure.Structure) { s.PBC[1] = true },
	} {
		c := f.Clone()
		if structure.ID(&c) != id {
			t.Fatal("a copy has another ID")
		}
		if change(&c); structure.ID(&c) == id {
			t.Errorf("%s does not enter", name)
		}
	}
}

func TestIDOfBothZeros(t *testing.T) {
	a, b := rich(), rich()
	a.Positions[0][0], b.Positions[0][0] = 0, math.Copysign(0, -1)
	if structure.ID(&a.Structure) != structure.ID(&b.Structure) {
		t.Error("-0 and 0 are two places")
	}
}

// Splits and shards on disk depend on this value: it never changes.
func TestIDIsFixed(t *testing.T) {
	s := structure.Structure{Numbers: []int{14}, Positions: [][3]float64{{0, 0.5, 1}}, Cell: [3][3]float64{{2, 0, 0}, {0, 2, 0}, {0, 0, 2}}, PBC: [3]bool{true, true, false}}
	const want = "3a4037f8aa51b9919d18d69eee978b18f754f99792caf81bbf0b4130f0d31a10"
	if got := structure.ID(&s); got != want {
		t.Errorf("ID is %s, want %s", got, want)
	}
}

func TestSupercell(t *testing.T) {
	s := structure.Structure{Numbers: []int{14, 8}, Positions: [][3]float64{{0, 0, 0}, {1, 1, 1}}, Cell: [3][3]float64{{4, 0, 0}, {0, 5, 0}, {1, 0, 6}}, PBC: [3]bool{true, true, false}}
	got := structure.Supercell(&s, [3]int{2, 0, 2})
	want := structure.Structure{
		Numbers: []int{14, 8, 14, 8, 14, 8, 14, 8}, Cell: [3][3]float64{{8, 0, 0}, {0, 5, 0}, {2, 0, 12}}, PBC: s.PBC,
		Positions: [][3]float64{{0, 0, 0}, {1, 1, 1}, {1, 0, 6}, {2, 1, 7}, {4, 0, 0}, {5, 1, 1}, {5, 0, 6}, {6, 1, 7}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}
