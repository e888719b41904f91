package train

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mlff/structure"
)

func someCheckpoint() checkpoint {
	p := DefaultPlan()
	p.Steps = 10
	c := checkpoint{state: state{Identity: identity{Plan: p, Model: "m", Data: "d"}, Step: 3, Schedule: schedule{Total: 10}},
		tensors: map[string][]float64{}}
	c.History = History{Points: []Point{{Step: 3, Loss: 1.0 / 3}}, Reproducible: true}
	c.Recent = Terms{Energy: 0.1}
	for k, name := range checkpointTensors {
		c.tensors[name] = []float64{float64(k), 1.0 / 7, -5e-324}
	}
	return c
}

func TestCheckpointRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	if c, err := loadCheckpoint(path); c != nil || err != nil {
		t.Fatal("no file yet:", c, err)
	}
	want := someCheckpoint()
	for range 2 { // the second replaces the first
		if err := want.save(path); err != nil {
			t.Fatal(err)
		}
	}
	got, err := loadCheckpoint(path)
	if err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, want)
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("files left behind: %v", files)
	}
}

func TestDamagedCheckpointIsRefused(t *testing.T) {
	c := someCheckpoint()
	good, err := c.marshal()
	if err != nil {
		t.Fatal(err)
	}
	for n := range good {
		if _, err := parseCheckpoint(good[:n]); err == nil {
			t.Errorf("truncated to %d of %d bytes, it passes", n, len(good))
		}
	}
	rng := structure.Rand(1, "flips", 0)
	for range 1000 {
		bad := append([]byte(nil), good...)
		bit := rng.IntN(8 * len(bad))
		bad[bit/8] ^= 1 << (bit % 8)
		if d, err := parseCheckpoint(bad); err == nil && !reflect.DeepEqual(*d, c) {
			t.Errorf("bit %d flipped: passes with other content", bit)
		}
	}
	path := filepath.Join(t.TempDir(), "c")
	os.WriteFile(path, good[:100], 0o644)
	if _, err := loadCheckpoint(path); err == nil || structure.HintOf(err) == "" {
		t.Errorf("error %v, hint %q", err, structure.HintOf(err))
	}
}

func TestCheckpointSaysWhatChanged(t *testing.T) {
	was := someCheckpoint().Identity
	for want, change := range map[string]func(*identity){
		"":                                     func(*identity) {},
		"the plan (batch 4 -> 8, seed 0 -> 3)": func(i *identity) { i.Plan.Batch, i.Plan.Seed = 8, 3 },
		"the training frames":                  func(i *identity) { i.Data = "x" },
		"the student's shape":                  func(i *identity) { i.Model = "x" },
	} {
		now := was
		change(&now)
		if got := was.difference(now); got != want && (want == "" || !strings.HasPrefix(got, want)) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCheckpointInAnUnwritableDirectory(t *testing.T) {
	c := someCheckpoint()
	if err := c.save(filepath.Join(t.TempDir(), "absent", "c")); err == nil {
		t.Error("no error")
	}
}
