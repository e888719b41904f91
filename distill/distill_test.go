package distill

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
	"mlff/teacher"
	"mlff/train"
	"mlff/validate"
)

// small is a configuration that a run finishes in about a second.
func small() *Config {
	c := Default()
	c.Student = Student{Cutoff: 4.5, Radial: 4, Channels: 4, Mixed: 4, Hidden: 4, LMax: 1, LT: 1, Layers: 1, Intervals: 16}
	steps := 40
	c.Train.Steps = &steps
	c.given = map[string]bool{"bars.drift": true} // null: nothing decides
	return c
}

// recorder keeps what a run says.
type recorder struct {
	mu       sync.Mutex
	messages []string
}

func (r *recorder) Progress(string, int, int) {}
func (r *recorder) Message(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, text)
}

func (r *recorder) said(part string) bool {
	return strings.Contains(strings.Join(r.messages, "\n"), part)
}

// distilled runs a configuration in a new directory with a drift too short to mean anything.
func distilled(t *testing.T, c *Config) (*Outcome, *recorder, string) {
	t.Helper()
	dir, heard := filepath.Join(t.TempDir(), "run"), &recorder{}
	out, err := Run(t.Context(), Options{Dir: dir, Config: c, Events: heard, Dynamics: validate.Dynamics{Atoms: 8, Duration: 0.05}})
	if err != nil {
		t.Fatal(err)
	}
	return out, heard, dir
}

// silicon is n rattled crystals labelled by the built-in teacher; change may spoil them.
func silicon(t *testing.T, path string, n int, change func(k int, f *structure.Frame)) {
	t.Helper()
	teach, err := teacher.Open("sw-si", teacher.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer teach.Close()
	w, err := structure.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for k := range n {
		f := structure.Frame{Structure: rattled(k)}
		labels, err := teach.Label(t.Context(), []structure.Structure{f.Structure})
		if err != nil {
			t.Fatal(err)
		}
		f.Labels = labels[0]
		f.Energies = nil
		if change != nil {
			change(k, &f)
		}
		if err := w.Write(&f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// rattled is a crystal of 16 atoms, randomly strained and displaced.
func rattled(k int) structure.Structure {
	rng := structure.Rand(7, "test", uint64(k))
	cell := structure.Structure{Numbers: []int{14, 14}, Positions: [][3]float64{{}, {1.36, 1.36, 1.36}},
		Cell: [3][3]float64{{0, 2.72, 2.72}, {2.72, 0, 2.72}, {2.72, 2.72, 0}}, PBC: [3]bool{true, true, true}}
	s := structure.Supercell(&cell, [3]int{2, 2, 2})
	strain := [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	for a := range 3 {
		for b := range 3 {
			strain[a][b] += 0.03 * rng.NormFloat64()
		}
	}
	s.Cell = structure.MatMul(s.Cell, strain)
	for i := range s.Positions {
		s.Positions[i] = structure.Mul(s.Positions[i], strain)
		for a := range 3 {
			s.Positions[i][a] += 0.1 * rng.NormFloat64()
		}
	}
	return s
}

func TestFromFiles(t *testing.T) {
	folder := t.TempDir()
	train, test := filepath.Join(folder, "train.extxyz"), filepath.Join(folder, "test.extxyz")
	silicon(t, train, 60, func(k int, f *structure.Frame) {
		if k == 7 {
			f.Forces[0][0] = 2000
		}
	})
	silicon(t, test, 12, nil) // the first twelve of the same frames
	c := small()
	c.Data, c.Valid = []Source{{train, 2}}, []string{test}
	out, heard, dir := distilled(t, c)
	if out.Labels != 59 || out.Test.Frames != 12 || out.NVE == nil || !out.Passed {
		t.Errorf("outcome %+v", out)
	}
	if !heard.said("1 frame set aside") || !heard.said("units suspected") || !heard.said("11 of the 12 validation frames are also learned from") {
		t.Errorf("it said %q", heard.messages)
	}
	m, err := model.Load(filepath.Join(dir, "student.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if meta := m.Meta(); meta.Teacher != nil || meta.Certificate == nil || meta.Domain.Temperatures != nil || meta.Example == "" {
		t.Errorf("the student says %+v", meta)
	}
	checkSplits(t, dir, 59, 12)
}

// checkSplits wants every learned frame in one of the splits, about a tenth of them held out.
func checkSplits(t *testing.T, dir string, learned, valid int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, splitsName))
	if err != nil {
		t.Fatal(err)
	}
	var s splits
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, id := range append(s.Train, s.Held...) {
		seen[id] = true
	}
	if len(seen) != learned || len(s.Train)+len(s.Held) != learned || len(s.Valid) != valid || len(s.Test) != 0 {
		t.Errorf("%d train, %d held, %d test, %d valid of %d", len(s.Train), len(s.Held), len(s.Test), len(s.Valid), learned)
	}
	if len(s.Held) < learned/20 || len(s.Held) > learned/5 {
		t.Errorf("%d of %d frames held out", len(s.Held), learned)
	}
}

func TestStressInAnotherConvention(t *testing.T) {
	file := filepath.Join(t.TempDir(), "train.extxyz")
	silicon(t, file, 80, func(_ int, f *structure.Frame) {
		for k := range f.Stress {
			f.Stress[k] /= -structure.GPa // in GPa, compression positive
		}
	})
	c := small()
	c.Data = []Source{{file, 1}}
	c.Student.Channels, c.Student.Mixed, c.Student.LMax = 8, 8, 2
	heard := &recorder{}
	r, err := open(Options{Dir: filepath.Join(t.TempDir(), "run"), Config: c, Events: heard})
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	data := train.Data{Train: r.inputs.items}
	m, err := r.untrained(t.Context(), data, data.Train)
	if err != nil {
		t.Fatal(err)
	}
	p := r.trainPlan()
	p.Steps = stressShare * stressSteps
	if err := r.checkStress(t.Context(), m, data, p); err != nil {
		t.Fatal(err)
	}
	if want := "stress in GPa, compression positive"; r.config.Plan.Stress != want || !heard.said("warning: the stress labels look like "+want) || !heard.said("hint: ") {
		t.Errorf("the plan says %q; it said %q", r.config.Plan.Stress, heard.messages)
	}
}

// TestStressIsJudgedInShortRuns: 40 steps alone would tell nothing.
func TestStressIsJudgedInShortRuns(t *testing.T) {
	for _, c := range []struct {
		name   string
		factor float64
		warned bool
	}{{"right", 1, false}, {"of the wrong sign", -1, true}} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "train.extxyz")
			silicon(t, file, 60, func(_ int, f *structure.Frame) {
				for k := range f.Stress {
					f.Stress[k] *= c.factor
				}
			})
			config := small()
			config.Data = []Source{{file, 1}}
			config.Student.Channels, config.Student.Mixed, config.Student.LMax = 8, 8, 2
			_, heard, _ := distilled(t, config)
			if heard.said("warning: the stress labels") != c.warned {
				t.Errorf("it said %q", heard.messages)
			}
		})
	}
}

func TestUnitsOfLengthAreDoubted(t *testing.T) {
	for _, test := range []struct {
		factor float64
		warned bool
	}{{1, false}, {10, true}, {0.2, true}} {
		file := filepath.Join(t.TempDir(), "train.extxyz")
		silicon(t, file, 20, func(_ int, f *structure.Frame) {
			for k := range f.Cell {
				f.Cell[k] = structure.Scale(test.factor, f.Cell[k])
			}
			for i := range f.Positions {
				f.Positions[i] = structure.Scale(test.factor, f.Positions[i])
			}
		})
		c := small()
		c.Data = []Source{{file, 1}}
		heard := &recorder{}
		r, err := open(Options{Dir: filepath.Join(t.TempDir(), "run"), Config: c, Events: heard})
		if err != nil {
			t.Fatal(err)
		}
		defer r.close()
		if _, err := r.untrained(t.Context(), train.Data{Train: r.inputs.items}, r.inputs.items); err != nil {
			t.Fatal(err)
		}
		if heard.said("units suspected") != test.warned || heard.said("must be in Å") != test.warned {
			t.Errorf("lengths times %g: it said %q", test.factor, heard.messages)
		}
	}
}

func TestMoleculesHaveNoDrift(t *testing.T) {
	train := filepath.Join(t.TempDir(), "train.extxyz")
	silicon(t, train, 30, func(_ int, f *structure.Frame) { f.PBC, f.Cell, f.Stress = [3]bool{}, [3][3]float64{}, nil })
	c := small()
	c.Data = []Source{{train, 1}}
	out, _, _ := distilled(t, c)
	if out.NVE != nil || out.Test.Stress != nil {
		t.Errorf("outcome %+v", out)
	}
}

func TestBudget(t *testing.T) {
	train := filepath.Join(t.TempDir(), "train.extxyz")
	silicon(t, train, 30, nil)
	c := small()
	c.Data, c.Train.Steps, c.Train.Budget = []Source{{train, 1}}, nil, Duration(2*time.Second)
	_, _, dir := distilled(t, c)
	stored, err := load(filepath.Join(dir, configName))
	if err != nil {
		t.Fatal(err)
	}
	if stored.Plan.Steps < 1 || stored.Train.Steps != nil {
		t.Errorf("plan %+v", stored.Plan)
	}
}

func TestInterruptedRunSaysHowToResume(t *testing.T) {
	train := filepath.Join(t.TempDir(), "train.extxyz")
	silicon(t, train, 30, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := small()
	c.Data = []Source{{train, 1}}
	dir := filepath.Join(t.TempDir(), "run")
	_, err := Run(ctx, Options{Dir: dir, Config: c})
	if err == nil || err.Error() != "interrupted" || structure.HintOf(err) != "continue with: mlff distill --resume "+dir {
		t.Errorf("%v (%s)", err, structure.HintOf(err))
	}
}

func TestJournalSurvivesTornLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.jsonl")
	j, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	for k := range 3 {
		if err := j.add("number", k); err != nil {
			t.Fatal(err)
		}
	}
	j.close()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, `{"time":"2026-01-01T00:00:00Z","event":"number","val`)
	f.Close()
	if j, err = openJournal(path); err != nil {
		t.Fatal(err)
	}
	defer j.close()
	var last int
	if ok, err := j.last("number", &last); !ok || err != nil || last != 2 {
		t.Errorf("last number %d, %v, %v", last, ok, err)
	}
	if ok, _ := j.last("word", &last); ok {
		t.Error("found an event that is not there")
	}
}

// A run has worked while its processes ran, whatever their first lines say; the budget of a round counts from the plan that begins it.
func TestClockAddsProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.jsonl")
	lines := ""
	for _, l := range []struct{ minute, event, value string }{
		{"00", "licence accepted", "true"}, {"00", "start", "{}"}, {"01", "plan", `{"round":1}`}, {"02", "x", "0"}, {"30", "start", "{}"}, {"31", "plan", `{"round":2}`}, {"34", "x", "0"},
		{"40", "start", "{}"}, {"42", "plan", `{"round":2,"steps":5}`}, {"50", "start", "{}"},
	} {
		lines += fmt.Sprintf(`{"time":"2026-01-01T00:%s:00Z","event":%q,"value":%s}`+"\n", l.minute, l.event, l.value)
	}
	if err := os.WriteFile(path, []byte(lines), 0o666); err != nil {
		t.Fatal(err)
	}
	j, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	c, err := j.clock()
	if want := 8 * time.Minute; err != nil || c.before != want {
		t.Errorf("worked %v before, want %v (%v)", c.before, want, err)
	}
	if want := 3 * time.Minute; c.rounds != want {
		t.Errorf("worked %v in finished rounds, want %v", c.rounds, want)
	}
}

func TestDifferences(t *testing.T) {
	a, b := small(), small()
	if d := differences(a, b); d != nil {
		t.Errorf("equal configurations differ: %v", d)
	}
	steps := 41
	b.Train.Steps, b.Domain.Temperatures, b.Bars.Drift = &steps, []float64{300}, new(float64)
	b.Data = []Source{{"a", 1}}
	got := strings.Join(differences(a, b), ", ")
	for _, want := range []string{"data from [] to [", "domain.temperatures from [] to [300]", "train.steps from 40 to 41", "bars.drift from null to 0"} {
		if !strings.Contains(got, want) {
			t.Errorf("differences %q lack %q", got, want)
		}
	}
}

// A pool gives half of the labels, without its own; the frames of one student's choice are labelled by the teacher.
func TestPool(t *testing.T) {
	dir := t.TempDir()
	start, pool := filepath.Join(dir, "start.extxyz"), filepath.Join(dir, "pool.extxyz")
	silicon(t, start, 1, nil)
	silicon(t, pool, 60, func(k int, f *structure.Frame) { *f.Energy += 1000 }) // these labels are not to be believed
	c := small()
	c.Teacher, c.Structures, c.Sample.Labels, c.Sample.Pool = "sw-si", []string{start}, 60, []string{pool}
	out, heard, run := distilled(t, c)
	if out.Labels != 60 || !heard.said("round 3: 10 labels") {
		t.Errorf("%d labels; it said %q", out.Labels, heard.messages)
	}
	store, err := dataset.OpenStore(filepath.Join(run, dataName), nil)
	if err != nil {
		t.Fatal(err)
	}
	items, err := store.Items()
	if err != nil {
		t.Fatal(err)
	}
	chosen := 0
	for i := range items {
		if items[i].Source != pool {
			continue
		}
		chosen++
		if *items[i].Energy > 0 {
			t.Errorf("a frame of the pool kept its energy of %g eV", *items[i].Energy)
		}
	}
	if chosen != 30 {
		t.Errorf("%d labels from the pool, want half", chosen)
	}
}
