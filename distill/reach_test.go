package distill

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"mlff/dataset"
	"mlff/structure"
	"mlff/teacher"
)

func TestCeiling(t *testing.T) {
	x := reach{Forces: 1, Floors: []teacher.Reach{{Radius: 4, Spread: 0.2}, {Radius: 5, Spread: 0.06}, {Radius: 6, Spread: 0.01}}}
	for cutoff, want := range map[float64]float64{3: 0.8, 4.5: 0.8, 5: 0.94, 7: 0.99} {
		if got := x.ceiling(cutoff); math.Abs(got-want) > 1e-12 { // rounding
			t.Errorf("ceiling of %g Å is %g, want %g", cutoff, got, want)
		}
	}
	if least := x.least(0.95); least != 6 {
		t.Errorf("an accuracy of 0.95 takes %g Å, want 6", least)
	}
	if least := x.least(0.99); least != 0 {
		t.Errorf("an accuracy of 0.99 takes %g Å, want none of them", least)
	}
}

// The forces of argon reach 8.5 Å, and little of them beyond 4 Å: enough to miss a strict bar.
func TestShortCutoffIsDoubted(t *testing.T) {
	argon := filepath.Join(t.TempDir(), "argon.extxyz")
	const a = 5.3
	crystal := structure.Structure{Numbers: []int{18, 18, 18, 18}, Positions: [][3]float64{{}, {0, a / 2, a / 2}, {a / 2, 0, a / 2}, {a / 2, a / 2, 0}},
		Cell: [3][3]float64{{a, 0, 0}, {0, a, 0}, {0, 0, a}}, PBC: [3]bool{true, true, true}}
	w, err := structure.Create(argon)
	if err == nil {
		err = w.Write(&structure.Frame{Structure: crystal})
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	c := small()
	c.Teacher, c.Structures, c.Student.Cutoff = "lj-ar", []string{argon}, 3
	strict := 0.99
	c.Bars.Forces = &strict
	heard := &recorder{}
	r, err := start(Options{Dir: filepath.Join(t.TempDir(), "run"), Config: c, Events: heard})
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	if err := r.examineReach(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !heard.said("what lies beyond 3 Å changes the teacher's forces") || !heard.said("--cutoff") || !r.has(reachName) {
		t.Errorf("it said %q", heard.messages)
	}
}

// Simple cubic shells at spacing 1 hold 6, 12, 8, 6 and 24 neighbours, so that the 56th is at sqrt 5. A wall of the sampler
// does not shorten the cutoff; a user's own dense frames do.
func TestCutoffHoldsNeighborsOfTheDomain(t *testing.T) {
	const spacing, squeezed = 2.5, 2.2 // Å
	r := &run{config: small()}
	for _, c := range []struct {
		domain, dense string
		want          float64
	}{
		{"md", "compressed", spacing * math.Sqrt(5)},
		{"mine.extxyz", "mine.extxyz", squeezed * math.Sqrt(5)},
		{"md", "more.extxyz", squeezed * math.Sqrt(5)},
	} {
		items := []dataset.Item{simpleCubic(spacing, c.domain), simpleCubic(squeezed, c.dense)}
		got, err := r.densityCutoff(context.Background(), items)
		if err != nil || math.Abs(got-c.want) > 0.005 { // cutoffs are rounded to 0.01 Å
			t.Errorf("%s and %s: cutoff %g Å, want %.2f (%v)", c.domain, c.dense, got, c.want, err)
		}
	}
}

func simpleCubic(spacing float64, source string) dataset.Item {
	s := structure.Structure{Numbers: []int{14}, Positions: make([][3]float64, 1), PBC: [3]bool{true, true, true}}
	for k := range s.Cell {
		s.Cell[k][k] = spacing
	}
	return dataset.NewItem(structure.Frame{Structure: s}, source, source)
}
