package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mlff/structure"
	"mlff/structure/structuretest"
)

// frameText is a frame of two hydrogen atoms.
func frameText(comment string, x, force float64) string {
	return fmt.Sprintf("2\nProperties=species:S:1:pos:R:3:forces:R:3 %s\nH 0 0 0 %g 0 0\nH %g 0 0 %g 0 0\n", comment, force, x, -force)
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadQuarantines(t *testing.T) {
	text := frameText("energy=-1", 1, 0.5) +
		frameText("energy=NaN", 2, 0.5) +
		frameText("energy=-1", 3, 1001) +
		frameText("energy=-2", 1, 0.5) +
		frameText("energy=-1", 1, 0.5) +
		frameText("energy=-1", 4, 0.5) +
		frameText("", 5, 0.5) +
		"1\nProperties=species:S:1:pos:R:3\nH 0 0 0\n"
	items, q, err := Load([]File{{Path: write(t, "a.extxyz", text), Weight: 0.5}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range q {
		got = append(got, fmt.Sprintf("%d %s", r.Frame, strings.ReplaceAll(r.Reason, filepath.Dir(r.File)+"/", "")))
	}
	want := []string{
		"1 the energy is NaN",
		"2 a force of 1001 eV/Å: units suspected",
		"3 duplicate of a.extxyz frame 0, whose energy differs by -1 eV",
		"4 duplicate of a.extxyz frame 0",
		"7 neither energy nor forces",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if len(items) != 3 || items[0].Weight != 0.5 || items[0].Source != "a.extxyz" || items[2].Energy != nil {
		t.Errorf("items %+v", items)
	}
	if s := q.String(); !strings.HasPrefix(s, "5 frames set aside: ") || !strings.HasSuffix(s, ", and 4 more") {
		t.Errorf("%s", s)
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, test := range []struct{ name, text, want, hint string }{
		{"an empty file", "", "no frames", "empty"},
		{"zero forces", frameText("energy=-1", 1, 0) + frameText("energy=-1", 2, 0), "every force is zero", "--forces-key"},
		{"no forces", "2\nProperties=species:S:1:pos:R:3 energy=-1\nH 0 0 0\nH 1 0 0\n", "no forces", "--forces-key"},
		{"nothing but absurd forces", frameText("energy=-1", 1, 5e4), "units suspected; no frame is left", "eV/Å"},
		{"no labels", "1\nProperties=species:S:1:pos:R:3\nH 0 0 0\n", "neither energy nor forces; no frame is left", "--energy-key"},
		{"half a frame", frameText("energy=-1", 1, 1) + "2\n", "line", ""},
	} {
		_, _, err := Load([]File{{Path: write(t, "a.extxyz", test.text)}}, Options{})
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(structure.HintOf(err), test.hint) {
			t.Errorf("%s: error %v, hint %q", test.name, err, structure.HintOf(err))
		}
		var none *NoForcesError
		if isType := errors.As(err, &none); isType != strings.Contains(test.name, "forces") && !strings.Contains(test.name, "absurd") {
			t.Errorf("%s: a %T", test.name, err)
		}
	}
	path := write(t, "a.extxyz", frameText("energy=-1", 1, 1))
	if _, _, err := Load([]File{{Path: path, Weight: -1}}, Options{}); err == nil {
		t.Error("a negative weight was taken")
	}
	if _, _, err := Load([]File{{Path: path + "x"}}, Options{}); err == nil {
		t.Error("a file that is not there was taken")
	}
}

func TestLoadGroups(t *testing.T) {
	var text strings.Builder
	for k := range 23 {
		text.WriteString(frameText(fmt.Sprintf("energy=-1 parent=%d", k%3), 1+float64(k), 0.5))
	}
	path := write(t, "a.extxyz", text.String())
	for _, test := range []struct {
		key  string
		want map[string]int
	}{
		{"", map[string]int{"a.extxyz:0": 10, "a.extxyz:1": 10, "a.extxyz:2": 3}},
		{"parent", map[string]int{"parent=0": 8, "parent=1": 8, "parent=2": 7}},
		{"nowhere", map[string]int{"a.extxyz:0": 10, "a.extxyz:1": 10, "a.extxyz:2": 3}},
	} {
		items, _, err := Load([]File{{Path: path}}, Options{GroupKey: test.key, Lenient: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := groupNames(items); !reflect.DeepEqual(got, test.want) {
			t.Errorf("group key %q: %v", test.key, got)
		}
	}
}

func TestKeysMustBeThere(t *testing.T) {
	path := write(t, "a.extxyz", frameText("energy=-1 dft=-2 parent=1", 1, 1))
	for _, test := range []struct {
		keys    structure.Keys
		group   string
		lenient bool
		missing string
	}{
		{structure.Keys{Energy: "dft"}, "parent", false, ""},
		{structure.Keys{Energy: "dtf"}, "", false, "dtf (--energy-key)"},
		{structure.Keys{Energy: "dft", Forces: "f"}, "", false, "f (--forces-key)"},
		{structure.Keys{Energy: "dft", Stress: "s", Virial: "v"}, "", false, "s (--stress-key), v (--virial-key)"},
		{structure.Keys{FreeEnergy: true}, "", false, "free_energy (--free-energy)"},
		{structure.Keys{}, "nowhere", false, "nowhere (--group-key)"},
		{structure.Keys{}, "nowhere", true, ""},
		{structure.Keys{Energy: "dft", Stress: "s"}, "", true, ""},
		{structure.Keys{Energy: "dtf", Stress: "s"}, "", true, "dtf (--energy-key), s (--stress-key)"},
	} {
		_, _, err := Load([]File{{Path: path, Keys: test.keys}}, Options{GroupKey: test.group, Lenient: test.lenient})
		switch {
		case test.missing != "" && (err == nil || err.Error() != path+": no frame has "+test.missing):
			t.Errorf("%+v: %v, want %s", test, err, test.missing)
		case test.missing == "" && err != nil && strings.Contains(err.Error(), "no frame has"):
			t.Errorf("%+v: %v", test, err)
		}
	}
}

func TestWriteKeepsGroups(t *testing.T) {
	want := append(batch(0, 3), batch(1, 2)...)
	want[1].Weight = 0.3
	path := filepath.Join(t.TempDir(), "frames.extxyz.gz")
	if err := Write(path, want); err != nil {
		t.Fatal(err)
	}
	got, q, err := Load([]File{{Path: path}}, Options{})
	if err != nil || len(q) > 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("%v %v\ngot  %+v\nwant %+v", err, q, got, want)
	}
}

func TestLoadOfPublishedData(t *testing.T) {
	items, q, err := Load([]File{{Path: structuretest.Data(t, "mlearn/Si_training.extxyz")}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := Describe(items)
	if len(q) > 0 || s.Stresses > 0 || len(s.Elements) != 1 || s.Energies != len(items) {
		t.Errorf("%v %+v", q, s)
	}
	train, held := Split(items, 0.1, 1)
	if r := float64(len(held)) / float64(len(items)); r < 0.05 || r > 0.15 {
		t.Errorf("%d of %d frames held out", len(held), len(held)+len(train))
	}
	t.Logf("%d frames, %d groups, %d held out, force RMS %.3f eV/Å, largest %.1f eV/Å", s.Frames, s.Groups, len(held), s.ForceRMS, s.ForceMax)
}
