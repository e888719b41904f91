package distill

import (
	"path/filepath"
	"strings"
	"testing"

	"mlff/model"
	"mlff/structure"
)

// parametersOf a student learned from 30 crystals that change spoils.
func parametersOf(t *testing.T, learn string, change func(k int, f *structure.Frame)) []float64 {
	t.Helper()
	path := filepath.Join(t.TempDir(), "si.extxyz")
	silicon(t, path, 30, change)
	c := small()
	c.Data, c.Train.Learn, c.Train.Weights.Stress = []Source{{path, 1}}, learn, 0
	_, _, dir := distilled(t, c)
	m, err := model.Load(filepath.Join(dir, candidateName))
	if err != nil {
		t.Fatal(err)
	}
	return m.Params()
}

func differing(a, b []float64) int {
	n := 0
	for k := range a {
		if a[k] != b[k] {
			n++
		}
	}
	return n
}

// What is not learned has no influence: the sign of forces, which leaves their size, or energies that disagree with them.
func TestEnergiesOrForcesAlone(t *testing.T) {
	turned := func(_ int, f *structure.Frame) {
		for i := range f.Forces {
			f.Forces[i] = structure.Scale(-1, f.Forces[i])
		}
	}
	lifted := func(k int, f *structure.Frame) { *f.Energy += float64(k%2) * float64(f.Len()) }
	if n := differing(parametersOf(t, learnEnergies, nil), parametersOf(t, learnEnergies, turned)); n != 0 {
		t.Errorf("energies alone: forces change %d parameters", n)
	}
	if n := differing(parametersOf(t, learnForces, nil), parametersOf(t, learnForces, lifted)); n > 1 { // the atom's own energy
		t.Errorf("forces alone: energies change %d parameters", n)
	}
	if n := differing(parametersOf(t, learnBoth, nil), parametersOf(t, learnBoth, lifted)); n < 50 {
		t.Errorf("both: energies change %d parameters", n)
	}
}

func TestWhatIsNotLearnedHasNoBar(t *testing.T) {
	for _, learn := range []string{learnBoth, learnForces, learnEnergies} {
		c := Default()
		c.Teacher, c.Structures, c.Train.Learn = "sw-si", []string{"si.extxyz"}, learn
		c.Complete()
		if (c.Bars.Energy == nil) != (learn == learnForces) || (c.Bars.Forces == nil) != (learn == learnEnergies) {
			t.Errorf("%s: bars %+v", learn, c.Bars)
		}
	}
	c := Default()
	c.Teacher, c.Structures, c.Train.Learn = "sw-si", []string{"si.extxyz"}, "force"
	c.Complete()
	if err := c.Check(); err == nil || !strings.Contains(structure.HintOf(err), "did you mean forces?") {
		t.Errorf("%v, hint %s", err, structure.HintOf(err))
	}
}
