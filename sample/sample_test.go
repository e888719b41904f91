package sample

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"

	"mlff/dataset"
	"mlff/structure"
	"mlff/teacher"
)

func silicon(labels int) (Config, []structure.Frame) {
	return Config{Labels: labels, Temperatures: []float64{300, 900, 1500}, Rattle: 0.1, Strain: 0.05, Seed: 1}, []structure.Frame{{Structure: diamond()}}
}

func swsi(t testing.TB) teacher.Teacher {
	t.Helper()
	by, err := teacher.Open("sw-si", teacher.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { by.Close() })
	return by
}

// counting counts the structures that a teacher evaluates.
type counting struct {
	teacher.Teacher
	n int
}

func (c *counting) Label(ctx context.Context, s []structure.Structure) ([]structure.Labels, error) {
	c.n += len(s)
	return c.Teacher.Label(ctx, s)
}

func runAll(t testing.TB, tasks []Task, by teacher.Teacher) []dataset.Item {
	t.Helper()
	var items []dataset.Item
	for _, task := range tasks {
		part, err := task.Run(context.Background(), by)
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, part...)
	}
	return items
}

func TestPlanSharesLabelsOut(t *testing.T) {
	for _, test := range []struct {
		labels int
		starts []structure.Structure
	}{
		{400, []structure.Structure{diamond()}},
		{2, []structure.Structure{diamond()}},
		{10, []structure.Structure{diamond(), primitive()}},
		{57, []structure.Structure{molecule(), slab(), diamond()}},
		{1000, []structure.Structure{molecule()}},
		{30, []structure.Structure{{Numbers: []int{14}, Positions: make([][3]float64, 1)}}},
	} {
		c, _ := silicon(test.labels)
		var starts []structure.Frame
		for _, s := range test.starts {
			starts = append(starts, structure.Frame{Structure: s})
		}
		tasks, err := Plan(c, starts)
		if err != nil {
			t.Fatal(err)
		}
		groups := map[string]bool{}
		for _, task := range tasks {
			if groups[task.Group] {
				t.Errorf("two groups are called %s", task.Group)
			}
			groups[task.Group] = true
		}
		if labels, evaluations := Cost(tasks); labels != test.labels || evaluations < labels {
			t.Errorf("%d labels: the plan has %d labels for %d evaluations", test.labels, labels, evaluations)
		}
	}
}

// Where half of the frames are chosen later, the other half has all walls.
func TestPlanHasAllWalls(t *testing.T) {
	walls := func(labels, later int) map[string]int {
		c, starts := silicon(labels)
		c.Later = later
		tasks, err := Plan(c, starts)
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := Cost(tasks); n != labels {
			t.Errorf("%d labels are planned, %d were asked for", n, labels)
		}
		count := map[string]int{}
		for _, task := range tasks {
			if Wall(task.Source) {
				count[task.Source] += task.Labels
			}
		}
		return count
	}
	whole, half := walls(201, 0), walls(101, 100)
	for kind, n := range whole {
		if d := half[kind] - n; d < -1 || d > 1 { // rounded
			t.Errorf("%s: %d frames of 201, %d where 100 are chosen later", kind, n, half[kind])
		}
	}
}

func TestPlanRefuses(t *testing.T) {
	c, starts := silicon(10)
	cold, few := c, c
	cold.Temperatures, few.Labels = nil, 1
	flat := diamond()
	flat.Cell[2] = flat.Cell[1]
	for name, err := range map[string]error{
		"no starts":       second(Plan(c, nil)),
		"no temperatures": second(Plan(cold, starts)),
		"one label":       second(Plan(few, starts)),
		"a flat cell":     second(Plan(c, []structure.Frame{{Structure: flat}})),
	} {
		if err == nil {
			t.Errorf("%s: planned", name)
		}
	}
}

func second(_ []Task, err error) error { return err }

func TestSilicon(t *testing.T) {
	c, starts := silicon(120)
	tasks, err := Plan(c, starts)
	if err != nil {
		t.Fatal(err)
	}
	by := &counting{Teacher: swsi(t)}
	items := runAll(t, tasks, by)
	labels, evaluations := Cost(tasks)
	if len(items) != labels {
		t.Errorf("%d frames, want %d", len(items), labels)
	}
	if by.n < evaluations || float64(by.n) > 1.05*float64(evaluations) {
		t.Errorf("%d evaluations, planned %d", by.n, evaluations)
	}
	ids := map[string]bool{}
	for _, it := range items {
		if ids[it.ID] {
			t.Errorf("%s has a frame twice", it.Group)
		}
		ids[it.ID] = true
		if it.Energy == nil || it.Forces == nil || (it.Stress == nil) == it.Periodic() {
			t.Errorf("%s: labels are missing", it.Group)
		}
	}
	s := dataset.Describe(items)
	if s.Isolated != 1 || s.LargestFrame != 64 || s.ForceMax > maxForce {
		t.Errorf("%+v", s)
	}
	checkLabels(t, items)
	t.Logf("force RMS %.2f, largest %.1f eV/Å; %d evaluations for %d labels", s.ForceRMS, s.ForceMax, by.n, len(items))
}

// checkLabels labels again: snapshots must carry what the teacher says of them.
func checkLabels(t *testing.T, items []dataset.Item) {
	t.Helper()
	by := swsi(t)
	for _, it := range items {
		labels, err := by.Label(context.Background(), []structure.Structure{it.Structure})
		if err != nil {
			t.Fatal(err)
		}
		// A neighbour list built earlier may sum in another order: 1e4 terms of 1 eV round to 1e-12 eV each.
		if d := math.Abs(*labels[0].Energy - *it.Energy); d > 1e-8 {
			t.Fatalf("%s: the label is off by %g eV", it.Group, d)
		}
		if it.Stress == nil {
			continue
		}
		for k := range it.Stress {
			if d := math.Abs(labels[0].Stress[k] - it.Stress[k]); d > 1e-10 {
				t.Fatalf("%s: the stress is off by %g eV/Å³", it.Group, d)
			}
		}
	}
}

// TestOpenStructures: a cluster, a slab and a gas cell of argon; strain keeps to periodic directions, stress to crystals.
func TestOpenStructures(t *testing.T) {
	argon := func(s structure.Structure, scale float64) structure.Frame {
		for i := range s.Numbers {
			s.Numbers[i] = 18
		}
		resize(&s, scale)
		return structure.Frame{Structure: s}
	}
	cluster := structure.Structure{Numbers: make([]int, 4), Positions: [][3]float64{{}, {3.8, 0, 0}, {0, 3.8, 0}, {0, 0, 3.8}}}
	starts := []structure.Frame{argon(cluster, 1), argon(slab(), 1.7), argon(primitive(), 1.7)}
	c := Config{Labels: 90, Temperatures: []float64{40, 80}, Pressure: [2]float64{0, 1}, Rattle: 0.1, Strain: 0.05, Seed: 1}
	tasks, err := Plan(c, starts)
	if err != nil {
		t.Fatal(err)
	}
	by, err := teacher.Open("lj-ar", teacher.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer by.Close()
	items := runAll(t, tasks, by)
	kinds := map[[3]bool]int{}
	for _, it := range items {
		kinds[it.PBC]++
		if it.Periodic() != (it.Stress != nil) {
			t.Errorf("%s: periodic %v, stress %v", it.Group, it.PBC, it.Stress)
		}
		if it.PBC == slab().PBC && it.Cell[2] != slab().Cell[2] {
			t.Errorf("%s: the slab was strained across", it.Group)
		}
	}
	if len(items) < 85 || len(kinds) != 3 {
		t.Errorf("%d frames, by periodicity %v", len(items), kinds)
	}
}

func TestTasksAreIndependent(t *testing.T) {
	c, starts := silicon(40)
	tasks, err := Plan(c, starts)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Plan(c, starts)
	if err != nil {
		t.Fatal(err)
	}
	by := swsi(t)
	want := runAll(t, tasks, by)
	for k := len(again) - 1; k >= 0; k-- { // backwards, with a fresh teacher
		got, err := again[k].Run(context.Background(), swsi(t))
		if err != nil {
			t.Fatal(err)
		}
		n := len(want) - len(got)
		if !reflect.DeepEqual(got, want[n:]) {
			t.Fatalf("%s differs when run by itself", again[k].Group)
		}
		want = want[:n]
	}
	c.Seed = 2
	others, err := Plan(c, starts)
	if err != nil {
		t.Fatal(err)
	}
	if dataset.Hash(runAll(t, others[1:2], by)) == dataset.Hash(runAll(t, tasks[1:2], by)) {
		t.Error("the seed has no effect")
	}
}

func TestEvaluationsAreBounded(t *testing.T) {
	c, starts := silicon(400)
	free, err := Plan(c, starts)
	if err != nil {
		t.Fatal(err)
	}
	_, most := Cost(free)
	c.Evaluations = most / 2
	tasks, err := Plan(c, starts)
	if err != nil {
		t.Fatal(err)
	}
	if labels, evaluations := Cost(tasks); labels != 400 || evaluations > most/2 {
		t.Errorf("%d labels for %d evaluations, at most %d were allowed, %d without a bound", labels, evaluations, most/2, most)
	}
}

func TestPressure(t *testing.T) {
	by := swsi(t)
	for _, wanted := range []float64{0, 5, 20} {
		s := diamond()
		deform(&s, isotropic(0.02))
		if err := compressTo(context.Background(), by, &s, wanted*structure.GPa); err != nil {
			t.Fatal(err)
		}
		labels, err := by.Label(context.Background(), []structure.Structure{s})
		if err != nil {
			t.Fatal(err)
		}
		// Sampling needs no better than the pressure's fluctuation in a cell of 64 atoms, about 0.5 GPa at 300 K.
		if p := -labels[0].Stress[0] / structure.GPa; math.Abs(p-wanted) > 0.1 {
			t.Errorf("%.3f GPa, want %g", p, wanted)
		}
	}
}

// failing is a teacher that breaks in various ways.
type failing struct {
	teacher.Teacher
	label func(s *structure.Structure, l *structure.Labels) error
}

func (f failing) Label(ctx context.Context, s []structure.Structure) ([]structure.Labels, error) {
	labels, err := f.Teacher.Label(ctx, s)
	for k := range labels {
		err = errors.Join(err, f.label(&s[k], &labels[k]))
	}
	return labels, err
}

// TestExplosion: a trajectory that flies apart yields rattled frames instead.
func TestExplosion(t *testing.T) {
	c, starts := silicon(40)
	tasks, err := Plan(c, starts)
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	by := failing{swsi(t), func(_ *structure.Structure, l *structure.Labels) error {
		if calls++; calls == 100 { // within the first trajectory
			l.Forces[3][0] = 1e9
		}
		return nil
	}}
	for _, task := range tasks[1:2] {
		items, err := task.Run(context.Background(), by)
		if err != nil || len(items) != task.Labels || calls > task.Evaluations {
			t.Errorf("%s: %d frames of %d, %d calls, error %v", task.Group, len(items), task.Labels, calls, err)
		}
	}
}

func TestTeacherFails(t *testing.T) {
	c, starts := silicon(40)
	tasks, err := Plan(c, starts)
	if err != nil {
		t.Fatal(err)
	}
	broken := fmt.Errorf("the worker died")
	nan := failing{swsi(t), func(_ *structure.Structure, l *structure.Labels) error { *l.Energy = math.NaN(); return nil }}
	dead := failing{swsi(t), func(*structure.Structure, *structure.Labels) error { return broken }}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, task := range tasks {
		// Dynamics cannot start; single frames are left out.
		moving := task.Evaluations > task.Labels
		if items, err := task.Run(context.Background(), nan); (err != nil) != moving || len(items) > 0 {
			t.Errorf("%s: a teacher that says NaN left %d frames, error %v", task.Group, len(items), err)
		}
		if _, err := task.Run(context.Background(), dead); !errors.Is(err, broken) {
			t.Errorf("%s: a dead teacher gave error %v", task.Group, err)
		}
		if _, err := task.Run(ctx, swsi(t)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: an ended context gave error %v", task.Group, err)
		}
	}
}

// Frames say what their start is called, but for those that left its phase or come from no start.
func TestFramesInheritPhases(t *testing.T) {
	c, starts := silicon(120)
	starts = append(starts, structure.Frame{Structure: primitive()})
	starts[0].Info = []structure.Entry{{Key: "phase", Value: "bulk"}, {Key: "config_type", Value: "md"}}
	starts[1].Info = []structure.Entry{{Key: "config_type", Value: "small"}}
	c.Extra = []string{"relaxed", "vacancies", "quench"}
	c.Paths = [][2]structure.Structure{{diamond(), diamond()}}
	tasks, err := Plan(c, starts)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]map[string]bool{}
	for _, it := range runAll(t, tasks, swsi(t)) {
		phase, _ := it.Get(dataset.PhaseKey)
		if seen[it.Source] == nil {
			seen[it.Source] = map[string]bool{}
		}
		seen[it.Source][phase] = true
	}
	both, none := map[string]bool{"bulk": true, "small": true}, map[string]bool{"": true}
	for source, phases := range seen {
		want := both
		switch source {
		case "atoms", "dimers", "melt", "quench", "paths":
			want = none
		}
		if !reflect.DeepEqual(phases, want) {
			t.Errorf("frames of %s are of the phases %v", source, phases)
		}
	}
}
