package model

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"mlff/kernel"
	"mlff/structure"
)

// golden is an independent evaluation of the equations (testdata/make_golden.py) with all its intermediates.
type golden struct {
	Shapes struct {
		Shape
		Cutoff, Nu, Eps float64
		Species         []string
	}
	Couplings  [][3]int
	Parameters map[string]any
	Structure  struct {
		Symbols   []string
		Positions [][3]float64
		Cell      [3][3]float64
	}
	RadialOSi     map[string]any `json:"radial_O_Si"`
	Energy        float64
	Energies      []float64
	Forces        [][3]float64
	Stress        [3][3]float64 `json:"stress_3x3"`
	Intermediates struct {
		Layer0 map[string]any
	} `json:"intermediates_of_atom_0"`
}

// flatten reads nested JSON arrays row by row.
func flatten(v any) []float64 {
	if x, ok := v.(float64); ok {
		return []float64{x}
	}
	var out []float64
	for _, w := range v.([]any) {
		out = append(out, flatten(w)...)
	}
	return out
}

func readGolden(t *testing.T) (*golden, *Model, *structure.Structure) {
	t.Helper()
	text, err := os.ReadFile("testdata/golden_one_layer.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	c := Config{Shape: g.Shapes.Shape, Cutoff: g.Shapes.Cutoff, Nu: g.Shapes.Nu, Eps: g.Shapes.Eps, CoreR: flatten(g.Parameters["core.r"])}
	for _, s := range g.Shapes.Species {
		z, _ := structure.Number(s)
		c.Numbers = append(c.Numbers, z)
	}
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, tensor := range m.Tensors() {
		if n := copy(tensor.Data, flatten(g.Parameters[tensor.Name])); n != len(tensor.Data) {
			t.Fatalf("%s: %d numbers, want %d", tensor.Name, n, len(tensor.Data))
		}
	}
	s := &structure.Structure{Positions: g.Structure.Positions, Cell: g.Structure.Cell, PBC: [3]bool{true, true, true}}
	for _, symbol := range g.Structure.Symbols {
		z, _ := structure.Number(symbol)
		s.Numbers = append(s.Numbers, z)
	}
	return &g, m, s
}

// Both evaluations are float64 with about 1e4 operations on numbers of order 1 to 100 each: 1e-10 of the largest.
const goldenTolerance = 1e-10

func compare(t *testing.T, name string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", name, len(got), len(want))
	}
	largest, worst := 1.0, 0.0
	for i := range want {
		largest = max(largest, math.Abs(want[i]))
		worst = max(worst, math.Abs(got[i]-want[i]))
	}
	if !(worst <= goldenTolerance*largest) {
		t.Errorf("%s: off by %.2g of %.3g", name, worst, largest)
	}
}

func TestGoldenOneLayer(t *testing.T) {
	g, m, s := readGolden(t)
	for i, c := range m.config.Couplings() {
		if [3]int{c.L1, c.L2, c.L} != g.Couplings[i] {
			t.Fatalf("coupling %d is %v, want %v", i, c, g.Couplings[i])
		}
	}
	rows := m.parameters(0).Rows[1*m.config.SplineRows()*m.config.Channels:] // pair (O, Si)
	compare(t, "spline rows", rows[:m.config.SplineRows()*m.config.Channels], flatten(g.RadialOSi["rows"]))

	sample, err := m.Prepare(s)
	if err != nil {
		t.Fatal(err)
	}
	gradient, err := NewGradient(m, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer gradient.Close()
	gradient.place(sample, nil, [3][3]float64{}, 0)
	A, B, f := kernel.Reference[float64]{}.Describe(gradient.layer, &gradient.atoms, 0, gradient.scratch[0])
	want := g.Intermediates.Layer0
	compare(t, "A", A, flatten(want["A"]))
	compare(t, "B", B, flatten(want["B"]))
	compare(t, "f", f, flatten(want["f"]))
	hidden, err := gradient.Hidden(sample, nil)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "hidden", hidden[:m.config.Hidden], flatten(want["hidden"]))

	p, err := m.Potential(Options{Precision: "float64", Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var out structure.Result
	if err := p.Evaluate(s, &out); err != nil {
		t.Fatal(err)
	}
	compare(t, "energy", []float64{out.Energy}, []float64{g.Energy})
	compare(t, "energies", out.Energies, g.Energies)
	compare(t, "forces", flat(out.Forces), flat(g.Forces))
	stress := structure.Tensor(structure.StressOf(out.Virial, s.Volume()))
	compare(t, "stress", flat(stress[:]), flat(g.Stress[:]))
}

func flat(v [][3]float64) (out []float64) {
	for _, x := range v {
		out = append(out, x[:]...)
	}
	return out
}
