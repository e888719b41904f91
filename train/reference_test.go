package train

import (
	"math"
	"slices"
	"strings"
	"testing"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
)

// labelled is a frame that has numbers and an energy, and atoms far apart.
func labelled(energy float64, numbers ...int) dataset.Item {
	it := dataset.Item{Weight: 1}
	it.Numbers, it.Energy = numbers, &energy
	for i := range numbers {
		it.Positions = append(it.Positions, [3]float64{20 * float64(i), 0, 0})
	}
	return it
}

func TestSpeciesEnergies(t *testing.T) {
	const h, o = -13.6, -430.1
	water := labelled(2*h+o-9, 1, 1, 8)
	for _, c := range []struct {
		name     string
		items    []dataset.Item
		e0       []float64
		rank     int
		known    [][]int
		unknown  [][]int
		isolated []bool
	}{
		{"isolated atoms as they are", []dataset.Item{labelled(h, 1), labelled(o, 8), water}, []float64{h, o}, 2,
			[][]int{{1}, {8, 8}, {1, 1, 8}}, [][]int{{6}}, []bool{true, true}},
		{"one isolated atom, the other from a compound", []dataset.Item{labelled(h, 1), water}, []float64{h, o - 9}, 2,
			[][]int{{8}, {1, 8}}, nil, []bool{true, false}},
		// the shortest (E0_H, E0_O) with 2 E0_H + E0_O = E is E (2, 1)/5
		{"minimum norm", []dataset.Item{water, labelled(2*(2*h+o-9), 1, 8, 1, 8, 1, 1)}, []float64{(2*h + o - 9) * 2 / 5, (2*h + o - 9) / 5}, 1,
			[][]int{{1, 1, 8}, {8, 1, 1, 1, 8, 1}}, [][]int{{1}, {8}, {1, 8}, {1, 1}}, []bool{false, false}},
		{"two compositions", []dataset.Item{labelled(2*h+o, 1, 1, 8), labelled(2*h+2*o, 1, 1, 8, 8)}, []float64{h, o}, 2,
			[][]int{{1}, {1, 8}}, nil, []bool{false, false}},
		{"one element", []dataset.Item{labelled(-10, 14, 14), labelled(-10.2, 14, 14)}, []float64{-5.05}, 1,
			[][]int{{14}}, [][]int{{6}}, []bool{false}},
		{"no energies", []dataset.Item{{Frame: structure.Frame{Structure: water.Structure}}}, []float64{0, 0}, 0,
			nil, [][]int{{1, 1, 8}}, []bool{false, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := SpeciesEnergies(c.items)
			for k, want := range c.e0 {
				// the ridge shifts energies by 1e-8 of their size (430 eV), here amplified by the condition number 40
				// of the normal equations
				if tolerance := 2e-4; math.Abs(r.E0[k]-want) > tolerance || r.Isolated[k] && r.E0[k] != want {
					t.Errorf("E0[%d] = %v, want %v", k, r.E0[k], want)
				}
			}
			if r.Rank != c.rank || len(r.Span) != c.rank || !slices.Equal(r.Isolated, c.isolated) {
				t.Errorf("rank %d, span %v, isolated %v", r.Rank, r.Span, r.Isolated)
			}
			for _, z := range c.known {
				if err := r.Check(z); err != nil {
					t.Error(err)
				}
			}
			for _, z := range c.unknown {
				if r.Determined(z) {
					t.Errorf("%v is said to be determined", z)
				}
			}
		})
	}
}

func TestUndeterminedReferenceIsNamed(t *testing.T) {
	err := SpeciesEnergies([]dataset.Item{labelled(-476, 1, 1, 8)}).Check([]int{8, 1, 1, 8})
	if err == nil || err.Error() != "energy reference undetermined for H2O2" || structure.HintOf(err) == "" {
		t.Errorf("%v, hint %q", err, structure.HintOf(err))
	}
}

func TestStudentKnowsItsCompositions(t *testing.T) {
	r := SpeciesEnergies([]dataset.Item{labelled(-476, 1, 1, 8)})
	m, err := model.New(model.Config{Shape: model.Shape{Radial: 4, Channels: 4, Mixed: 4, Hidden: 4, LMax: 1, LT: 1, Layers: 1, Intervals: 16},
		Numbers: r.Numbers, Cutoff: 4, Nu: 1, Eps: 1, CoreR: []float64{1, 1, 1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckComposition(m, []int{1, 8}); err != nil {
		t.Errorf("a student that says nothing about compositions: %v", err)
	}
	m.Meta().Domain.Compositions = r.Span
	if err := CheckComposition(m, []int{1, 1, 8, 8, 1, 1}); err != nil {
		t.Error(err)
	}
	if err := CheckComposition(m, []int{8, 1, 1, 8}); err == nil || !strings.Contains(err.Error(), "undetermined for H2O2") {
		t.Errorf("H2O2: %v", err)
	}
}

func TestLonely(t *testing.T) {
	atom := func(edge float64, pbc ...bool) *structure.Structure {
		s := &structure.Structure{Numbers: []int{3}, Positions: make([][3]float64, 1)}
		for k, p := range pbc {
			s.PBC[k] = p
			s.Cell[k][k] = edge
		}
		return s
	}
	for _, c := range []struct {
		s    *structure.Structure
		want bool
	}{
		{atom(0), true},
		{atom(20, true, true, true), true},
		{atom(3, true, true, true), false},
		{atom(3, false, true), false},
		{atom(3, false, false), true},
		{&structure.Structure{Numbers: []int{3, 3}, Positions: make([][3]float64, 2)}, false},
	} {
		if lonely(c.s) != c.want {
			t.Errorf("lonely(%+v) = %v", c.s, !c.want)
		}
	}
}
