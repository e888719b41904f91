package distill

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"mlff/classical"
	"mlff/md"
	"mlff/model"
	"mlff/structure"
)

// solid is a student of silicon that knows crystals at 300 K and nothing else, and its run directory.
func solid(t *testing.T) (*model.Model, string) {
	t.Helper()
	c := starting(t, 60)
	c.Student.Hidden = 16
	steps := 150
	c.Train.Steps = &steps
	c.Domain.Temperatures = []float64{300}
	c.Sample.Rattle, c.Sample.Strain = 0.02, 0.01
	_, _, dir := distilled(t, c)
	m, err := model.Load(filepath.Join(dir, candidateName))
	if err != nil {
		t.Fatal(err)
	}
	return m, dir
}

// alarms tells whether the student's alarm goes off at a structure.
func alarms(t *testing.T, m *model.Model, s *structure.Structure) bool {
	t.Helper()
	p, err := m.Potential(model.Options{Grade: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var out structure.Result
	if err := p.Evaluate(s, &out); err != nil {
		return true
	}
	grade, all := p.Frame()
	return grade > m.Meta().Threshold || all != 0
}

// What a student was not made for does not pass in silence: liquid and surface with one that knows solids.
func TestStrangeStatesAlarm(t *testing.T) {
	m, _ := solid(t)
	crystal := structure.Supercell(&structure.Structure{Numbers: []int{14, 14}, Positions: [][3]float64{{}, {1.358, 1.358, 1.358}},
		Cell: [3][3]float64{{0, 2.716, 2.716}, {2.716, 0, 2.716}, {2.716, 2.716, 0}}, PBC: [3]bool{true, true, true}}, [3]int{3, 3, 3})
	if alarms(t, m, &crystal) {
		t.Error("the crystal itself alarms")
	}
	slab := crystal.Clone()
	slab.Cell[2] = structure.Scale(2.5, slab.Cell[2])
	if !alarms(t, m, &slab) {
		t.Error("a surface does not alarm")
	}
	sim, err := md.New(classical.NewStillingerWeber(), crystal, md.Options{Ensemble: md.NVT, Temperature: 2500, Friction: 10, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Run(context.Background(), 500); err != nil {
		t.Fatal(err)
	}
	if !alarms(t, m, sim.Structure()) {
		t.Error("silicon at 2500 K does not alarm")
	}
}

// A charge that the teacher does not know is refused before any work.
func TestUnknownChargeIsRefused(t *testing.T) {
	c := starting(t, 30)
	c.Domain.Charge = 1
	c.Complete()
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "neither charge nor spin") {
		t.Errorf("got %v", err)
	}
}

// Labels that are chance certify nobody: a teacher that answers differently when asked again ends the run, and a file of
// such forces leaves a student below its bars.
func TestRandomForcesCertifyNobody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "random.extxyz")
	silicon(t, path, 120, func(k int, f *structure.Frame) {
		random := structure.Rand(11, "negative", uint64(k))
		f.Stress = nil
		for i := range f.Forces {
			for a := range 3 {
				f.Forces[i][a] = random.NormFloat64()
			}
		}
	})
	c := small()
	c.Data = []Source{{path, 1}}
	bar := 0.95
	c.Bars.Forces = &bar
	out, _, dir := distilled(t, c)
	m, err := model.Load(filepath.Join(dir, candidateName))
	if err != nil {
		t.Fatal(err)
	}
	if out.Passed || m.Caveat() == "" || len(m.Meta().Certificate.Failures()) == 0 {
		t.Errorf("passed %v, caveat %q", out.Passed, m.Caveat())
	}
}
