package distill

import (
	"os"
	"path/filepath"
	"testing"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
	"mlff/validate"
)

// starting is a configuration of the built-in teacher with the two atoms of a silicon crystal to start from.
func starting(t *testing.T, labels int) *Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "start.extxyz")
	w, err := structure.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	cell := structure.Structure{Numbers: []int{14, 14}, Positions: [][3]float64{{}, {1.36, 1.36, 1.36}},
		Cell: [3][3]float64{{0, 2.72, 2.72}, {2.72, 0, 2.72}, {2.72, 2.72, 0}}, PBC: [3]bool{true, true, true}}
	if err := w.Write(&structure.Frame{Structure: cell}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c := small()
	c.Teacher, c.Structures = "sw-si", []string{path}
	c.Sample.Labels = labels
	return c
}

// policyFramesIn counts the frames of the student's own dynamics in the store of a run, by round.
func policyFramesIn(t *testing.T, dir string) map[int]int {
	t.Helper()
	store, err := dataset.OpenStore(filepath.Join(dir, dataName), nil)
	if err != nil {
		t.Fatal(err)
	}
	items, err := store.Items()
	if err != nil {
		t.Fatal(err)
	}
	count := map[int]int{}
	for i := range items {
		if round, _ := policyRound(items[i].Group); round > 0 {
			count[round]++
			if kind, _ := items[i].Get("config_type"); kind != policySource || items[i].Energy == nil {
				t.Errorf("frame %+v", items[i].Info)
			}
		}
	}
	return count
}

// Frames of the student's own dynamics are labelled once, wait in the run, and are learned from in the next round.
func TestFramesReturnToTheTrainingPool(t *testing.T) {
	c := starting(t, 30)
	out, _, dir := distilled(t, c)
	first := policyFramesIn(t, dir)
	if first[1] != 3*policyFrames || out.Labels != 30 {
		t.Fatalf("%v frames of dynamics beside %d labels", first, out.Labels)
	}
	student, err := os.ReadFile(filepath.Join(dir, candidateName))
	if err != nil {
		t.Fatal(err)
	}
	// a process killed after the labels, before the result: nothing is asked again, and nothing of it is learned
	for _, name := range []string{resultName, validationName} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	o := Options{Dir: dir, Resume: true, Dynamics: validate.Dynamics{Atoms: 8, Duration: 0.05}}
	if out, err = Run(t.Context(), o); err != nil || out.Labels != 30 {
		t.Fatalf("%+v, %v", out, err)
	}
	if again := policyFramesIn(t, dir); again[1] != first[1] {
		t.Errorf("%v frames before, %v after a resume", first, again)
	}
	m, err := model.Parse(student)
	if err != nil {
		t.Fatal(err)
	}
	resumed, err := model.Load(filepath.Join(dir, candidateName))
	if err != nil {
		t.Fatal(err)
	}
	if m.Meta().DataHash != resumed.Meta().DataHash || len(m.Meta().Certificate.Checks) != len(resumed.Meta().Certificate.Checks) {
		t.Error("a resumed run measured something else")
	}
	o.Again = true
	if out, err = Run(t.Context(), o); err != nil || out.Labels != 30+first[1] {
		t.Fatalf("%+v, %v", out, err)
	}
	if second := policyFramesIn(t, dir); second[1] != first[1] || second[2] == 0 {
		t.Errorf("after another round: %v", second)
	}
}

// A student that did not learn what its dynamics meets is below the bar, and says where.
func TestGateDecides(t *testing.T) {
	c := starting(t, 60) // enough for ten test frames to compare with
	strict := 1e-6
	c.Bars.OnPolicy = &strict
	out, _, dir := distilled(t, c)
	m, err := model.Load(filepath.Join(dir, candidateName))
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, k := range m.Meta().Certificate.Checks {
		if k.Name == "on-policy force error" && k.Pass != nil && !*k.Pass && k.Decides {
			failed++
		}
	}
	if out.Passed || failed != 3 {
		t.Errorf("passed %v, %d states below the bar", out.Passed, failed)
	}
}
