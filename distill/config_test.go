package distill

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"mlff/structure"
)

const everyKey = `
teacher: sw-si
valid: []
structures: [si.extxyz]
domain: {temperatures: [300, 900, 1500], pressure: [0, 0], charge: 0, spin: 1}
sample: {labels: 400, rattle: 0.1, strain: 0.05}
student: {cutoff: auto, radial: 16, channels: 16, mixed: 16, hidden: 32, lmax: 3, lt: 2, layers: 1, intervals: 96}
train: {budget: 60s, steps: null, batch: 4, rate: 7e-3, loss: squared, weights: {energy: 0.5, forces: 1, stress: 0.1}}
bars: {energy: 0.98, forces: 0.98, stress: 0.95, drift: 0.01}
seed: 1
`

func TestStatedDefaultsAreTheDefaults(t *testing.T) {
	stated, err := Parse([]byte(everyKey))
	if err != nil {
		t.Fatal(err)
	}
	silent, err := Parse([]byte("teacher: sw-si\nstructures: [si.extxyz]\nbars: {energy: 0.98, forces: 0.98}\n"))
	if err != nil {
		t.Fatal(err)
	}
	stated.Valid, stated.given, silent.given = nil, nil, nil
	stated.Complete()
	silent.Complete()
	if !reflect.DeepEqual(stated, silent) {
		t.Errorf("stated\n%+v\nleft out\n%+v", stated, silent)
	}
	if err := stated.Check(); err != nil {
		t.Error(err)
	}
}

func TestBars(t *testing.T) {
	value := func(v *float64) any {
		if v == nil {
			return nil
		}
		return *v
	}
	for _, c := range []struct {
		text string
		want [4]any
	}{
		{"teacher: sw-si", [4]any{0.95, 0.95, 0.95, 0.01}},
		{"data: [a.extxyz]", [4]any{nil, nil, nil, 0.01}},
		{"teacher: sw-si\nbars: {energy: null, drift: null}", [4]any{nil, 0.95, 0.95, nil}},
		{"data: [a.extxyz]\nbars: {forces: 0.9, drift: 0.1}", [4]any{nil, 0.9, nil, 0.1}},
	} {
		got, err := Parse([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		got.Complete()
		b := got.Bars
		if g := [4]any{value(b.Energy), value(b.Forces), value(b.Stress), value(b.Drift)}; g != c.want {
			t.Errorf("%q: %v, want %v", c.text, g, c.want)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []struct{ text, message, hint string }{
		{"teacher: sw-si\nstudnet: {}", "line 2: unknown key studnet", "did you mean student?"},
		{"student:\n  radial: 8\n  mixd: 3", "line 3: unknown key student.mixd", "did you mean mixed?"},
		{"data:\n  - {file: a, wieght: 2}", "line 2: unknown key data.wieght", "did you mean weight?"},
		{"bars: {temperature: 1}", "line 1: unknown key bars.temperature", "known here: energy forces stress drift"},
		{"seed: one", `line 1: seed: "one" is not a whole number from 0`, ""},
		{"seed: -1", `line 1: seed: "-1" is not a whole number from 0`, ""},
		{"seed: 1.5", `line 1: seed: "1.5" is not a whole number`, ""},
		{"student: {cutoff: near}", `"near" is neither auto nor a radius`, ""},
		{"teacher: sw-si\nstudent:\n  radial: 8\n  cutoff: near", `line 4: student.cutoff: "near" is neither auto nor a radius`, ""},
		{"\n\ntrain:\n  budget: soon", `line 4: train.budget: "soon" is no time such as 90s`, ""},
		{"student:\n  channels: 12.9", `line 2: student.channels: "12.9" is not a whole number`, ""},
		{"sample: {labels: many}", `line 1: sample.labels: "many" is not a whole number`, ""},
		{"train: {steps: 3.5}", `line 1: train.steps: "3.5" is not a whole number`, ""},
		{"train: {rate: fast}", `line 1: train.rate: "fast" is not a number`, ""},
		{"train: {weights: {forces: [1]}}", "line 1: train.weights.forces: takes one value, not a list", ""},
		{"seed: {of: 1}", "line 1: seed: takes a value, not keys", ""},
		{"train: 30s", `line 1: train: takes keys, not "30s"`, "train: {key: value}"},
		{"keys: {free_energy: 3}", `line 1: keys.free_energy: "3" is neither true nor false`, ""},
		{"domain: {temperatures: [300, warm]}", `line 1: domain.temperatures: "warm" is not a number`, ""},
		{"domain: {pressure: [0]}", "line 1: domain.pressure: takes 2 values, not 1", ""},
		{"structures: {a: b}", "line 1: structures: takes a list", ""},
		{"data: [{file: a, weight: heavy}]", `line 1: data.weight: "heavy" is not a number`, ""},
		{"train: {budget: 5}", `"5" is no time`, ""},
		{"train: {budget: -5s}", `"-5s" is no time`, ""},
		{"a: [", "line 1: ", ""},
		{"- a\n- b", "line 1: not a configuration", "key: value"},
		{"just words", "line 1: not a configuration", "key: value"},
	} {
		_, err := Parse([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.message) || !strings.Contains(structure.HintOf(err), c.hint) {
			t.Errorf("%q: %v (%s), want %q (%s)", c.text, err, structure.HintOf(err), c.message, c.hint)
		}
	}
}

func TestOneFileNeedsNoList(t *testing.T) {
	for _, text := range []string{"data: a.extxyz\nvalid: b.extxyz\nstructures: c.extxyz\ndomain: {temperatures: 300}",
		"data: [{file: a.extxyz}]\nvalid:\n- b.extxyz\nstructures: [c.extxyz]\ndomain:\n  temperatures: [300]"} {
		c, err := Parse([]byte(text))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if len(c.Data) != 1 || c.Data[0] != (Source{"a.extxyz", 1}) || !reflect.DeepEqual(c.Valid, []string{"b.extxyz"}) ||
			!reflect.DeepEqual(c.Structures, []string{"c.extxyz"}) || !reflect.DeepEqual(c.Domain.Temperatures, []float64{300}) {
			t.Errorf("%q: %+v", text, c)
		}
	}
}

func TestCheckNamesTheKey(t *testing.T) {
	for _, c := range []struct{ text, message string }{
		{"", "neither a teacher nor data"},
		{"teacher: sw-si", "no start structures"},
		{"teacher: sw-si\ndata: [a]\nstructures: [s]", "both a teacher"},
		{"data: [a]\nstudent: {lmax: 7}", "student.lmax: 7 is out of range"},
		{"data: [a]\nstudent: {layers: 2}", "student.layers: 2"},
		{"data: [a]\nstudent: {cutoff: 0.2}", "student.cutoff: 0.2"},
		{"data: [a]\ntrain: {rate: .nan}", "train.rate: NaN"},
		{"data: [a]\ntrain: {loss: square}", `unknown loss "square"`},
		{"data: [{file: a, weight: -1}]", "data.weight: -1"},
		{"teacher: sw-si\nstructures: [a]\ndomain: {temperatures: []}", "domain.temperatures"},
		{"data: [a]\ntrain: {steps: 0}", "train.steps: 0"},
		{"data: [a]\nstudent: {lmax: 0, lt: 0}", "student.lmax: 0 is out of range"},
		{"data: [a]\nstudent: {lmax: 1, lt: 2}", "student.lt: 2 is out of range"},
		{"data: [a]\nstudent: {lt: 0}", "student.lt: 0 is out of range"},
		{"data: [a]\nstudent: {cutoff: 1}", "student.cutoff: 1 is out of range"},
		{"data: [a]\ntrain: {weights: {energy: 0, forces: 0, stress: 0}}", "train.weights: all are zero"},
		{"data: [a]\ntrain: {budget: 1ns}", "train.budget: 1ns is out of range"},
		{"data: [a]\ntrain: {budget: 1000000h}", "train.budget: 1000000h is out of range"},
		{"data: [{file: a, weight: 0}]", "data.weight: 0 is out of range"},
		{"data: [a]\nstructures: [s]", "structures (s) without a teacher"},
		{"data: [a]\nbars: {forces: 98}", "bars.forces: 98 is out of range"},
		{"data: [a]\nbars: {energy: 0}", "bars.energy: 0 is out of range"},
		{"data: [a]\nbars: {stress: .nan}", "bars.stress: NaN is out of range"},
		{"data: [a]\nbars: {drift: -1}", "bars.drift: -1 is out of range"},
	} {
		config, err := Parse([]byte(c.text))
		if err != nil {
			t.Fatalf("%q: %v", c.text, err)
		}
		config.Complete()
		if err := config.Check(); err == nil || !strings.Contains(err.Error(), c.message) || structure.HintOf(err) == "" {
			t.Errorf("%q: %v (%s), want %q", c.text, err, structure.HintOf(err), c.message)
		}
	}
}

func TestPathsAreRelativeToTheFile(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("setup", 0o777); err != nil {
		t.Fatal(err)
	}
	text := "teacher: eam:al.eam\nstructures: [start.extxyz, ../above.extxyz, /far.extxyz]\n"
	if err := os.WriteFile("setup/c.yaml", []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	c, err := Load("setup/c.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join("setup", "start.extxyz"), "above.extxyz", "/far.extxyz"}
	if !reflect.DeepEqual(c.Structures, want) || c.Teacher != "eam:"+filepath.Join("setup", "al.eam") {
		t.Errorf("%v %s, want %v", c.Structures, c.Teacher, want)
	}
}

func TestMarshalRoundTrip(t *testing.T) {
	steps := 20
	c := Default()
	c.Data = []Source{{"a.extxyz", 1}, {"b: c.extxyz", 0.5}}
	c.Student.Cutoff = 5.5
	c.Train.Budget, c.Train.Steps = Duration(90*time.Minute), &steps
	c.Bars.Forces = new(float64)
	text, err := c.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	second, _ := again.Marshal()
	if string(text) != string(second) {
		t.Errorf("wrote\n%s\nread\n%s", text, second)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(everyKey))
	f.Add([]byte("data: [{file: a.extxyz, weight: 0.5}]\nstudent: {cutoff: 5}"))
	f.Add([]byte("train: &a {steps: 5}\nbars: *a"))
	f.Add([]byte("? [a, b]\n: c"))
	f.Add([]byte("<<: {seed: 2}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse(text)
		if err != nil {
			return
		}
		written, err := c.Marshal()
		if err != nil {
			t.Fatalf("read but not written: %v", err)
		}
		again, err := Parse(written)
		if err != nil {
			t.Fatalf("written but not read: %v\n%s", err, written)
		}
		if rewritten, _ := again.Marshal(); string(rewritten) != string(written) {
			t.Fatalf("changed on the way:\n%s\n%s", written, rewritten)
		}
	})
}
