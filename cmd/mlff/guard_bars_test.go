//go:build validation

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlff/benchmark"
	"mlff/model"
	"mlff/structure/structuretest"
)

// TestBenchValidateGuard prints how well the alarms of the silicon and the water student work, on frames of their domains
// that they never saw and on strange ones that their teachers label; of silicon with five seeds. It takes a quarter of an hour; water wants graph-pes.
func TestBenchValidateGuard(t *testing.T) {
	for _, seed := range []string{"1", "2", "3", "4", "5"} {
		t.Run("Si seed "+seed, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			var distilled any
			runJSON(t, &distilled, "distill", "../../examples/silicon.yaml", "--seed", seed, "--out", dir)
			m, err := model.Load(filepath.Join(dir, "candidate.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			printGuard("Si, seed "+seed, m.Meta().Certificate.Checks)
		})
	}
	t.Run("water", func(t *testing.T) {
		python := os.Getenv("MLFF_GRAPHPES")
		if python == "" {
			t.Skip("MLFF_GRAPHPES names no environment of graph-pes")
		}
		data := structuretest.Data(t, "water-painn")
		dir := filepath.Join(t.TempDir(), "run")
		var out any
		runJSON(t, &out, "distill", "--data", filepath.Join(data, "train.extxyz"), "--valid", filepath.Join(data, "test.extxyz"), "--budget", "2m", "--out", dir)
		var seen measured
		runJSON(t, &seen, "validate", filepath.Join(dir, "student.safetensors"), filepath.Join(data, "test.extxyz"), "--teacher",
			"graphpes:"+filepath.Join(data, "teacher-painn.pt"), "--python", python, "--observables", "none", "--policy-frames", "0")
		printGuard("water", seen.Checks)
	})
}

func printGuard(student string, checks []model.Check) {
	for _, c := range checks {
		if strings.HasPrefix(c.Name, "guard") && c.Bar != nil {
			printBar(os.Stdout, benchmark.Bar{Name: student + ", " + c.Name, Unit: c.Unit, Measured: c.Figure, Bar: *c.Bar,
				AtLeast: c.Sense == "at least", Passed: c.Pass != nil && *c.Pass, Note: c.Note})
		}
	}
}
