package sample

import (
	"context"
	"reflect"
	"testing"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
)

// wanderer is a student of silicon that has learned nothing but the core, with a grade of its activations as they are.
func wanderer(t *testing.T, threshold float64) *model.Model {
	t.Helper()
	m, err := model.New(model.Config{Shape: model.Shape{Species: 1, Radial: 4, Channels: 4, Mixed: 4, Hidden: 4, LMax: 1, LT: 1, Layers: 1, Intervals: 16},
		Numbers: []int{14}, Cutoff: 4, Nu: 0.5, Eps: 0.1, CoreR: []float64{2.1}})
	if err != nil {
		t.Fatal(err)
	}
	m.Initialise(1)
	unit := make([]float64, 25)
	for k := range 5 {
		unit[6*k] = 1
	}
	if err := m.SetGrade(unit); err != nil {
		t.Fatal(err)
	}
	m.Meta().Threshold = threshold
	return m
}

func TestWalksAreTheSameForAnyThreads(t *testing.T) {
	c, starts := silicon(100)
	m := wanderer(t, 1e3)
	one, err := Walks(context.Background(), c, starts, m, 1, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	three, err := Walks(context.Background(), c, starts, m, 1, 3, 3)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(one, three) {
		t.Error("walks of one and of three threads differ")
	}
	for n, w := range one {
		if len(w.Frames) != walkSteps/walkInterval || w.Lost {
			t.Errorf("walk %d has %d frames, lost %v", n, len(w.Frames), w.Lost)
		}
	}
	if reflect.DeepEqual(one[0].Frames[0].Positions, one[2].Frames[0].Positions) {
		t.Error("two walks are the same")
	}
}

func TestAWalkEndsWhereTheGradeIsHigh(t *testing.T) {
	c, starts := silicon(100)
	walks, err := Walks(context.Background(), c, starts, wanderer(t, 0.1), 1, 1, 1) // phi has a 1, so every grade is above it
	if err != nil {
		t.Fatal(err)
	}
	if w := walks[0]; len(w.Frames) != 1 || !w.Lost {
		t.Errorf("%d frames, lost %v; want the first strange one", len(w.Frames), w.Lost)
	}
}

func TestLabelLeavesOutWhatFliesApart(t *testing.T) {
	good, bad := diamond(), diamond()
	bad.Positions[1] = structure.Add(bad.Positions[0], [3]float64{0.8, 0, 0})
	var candidates []dataset.Item
	for _, s := range []structure.Structure{good, bad} {
		candidates = append(candidates, dataset.NewItem(structure.Frame{Structure: s}, "active", "1"))
	}
	items, err := Label(context.Background(), swsi(t), candidates)
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != 1 || items[0].Energy == nil || items[0].ID != candidates[0].ID {
		t.Errorf("%d frames were kept", len(items))
	}
}

// Where the domain has pressures, walks are at constant pressure: the cell yields to it, and to a larger one more. Else cells
// stay as they are.
func TestWalksFollowThePressure(t *testing.T) {
	last := func(pressure [2]float64) float64 {
		c, starts := silicon(100)
		c.Temperatures, c.Pressure = []float64{300}, pressure
		walks, err := Walks(context.Background(), c, starts, wanderer(t, 1e9), 1, 1, 1)
		if err != nil || walks[0].Lost {
			t.Fatalf("lost %v, %v", walks[0].Lost, err)
		}
		f := walks[0].Frames
		first, end := f[0].Volume(), f[len(f)-1].Volume()
		if (first == end) != (pressure == [2]float64{}) {
			t.Errorf("%v GPa: the volume goes from %g to %g Å³", pressure, first, end)
		}
		return end
	}
	last([2]float64{})
	// The wanderer has a core and nothing else, so a gas of atoms in a solid's place: it swells at a tenth of the pressure of its
	// motion, 0.02 GPa, and shrinks at a hundred times that.
	if low, high := last([2]float64{0.02, 0.02}), last([2]float64{20, 20}); !(high < 0.9*low) {
		t.Errorf("%g Å³ at 0.02 GPa, %g Å³ at 20 GPa", low, high)
	}
}
