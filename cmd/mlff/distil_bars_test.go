//go:build distil

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"mlff/benchmark"
	"mlff/structure"
)

// published are students from published labels within a budget for two cores, and what their errors must be.
var published = []struct {
	name, train, test, budget string
	forces, energy            float64 // meV/Å, meV/atom
}{
	{"Si", "mlearn/Si_training.extxyz", "mlearn/Si_test.extxyz", "10m", 64, 4},
	{"Li", "mlearn/Li_training.extxyz", "mlearn/Li_test.extxyz", "10m", 8, 1},
	{"water", "water-painn/train.extxyz", "water-painn/test.extxyz", "20m", 19, 0.4},
}

// TestBenchDistil prints the test errors of these students with the bars beside them. It takes 40 minutes.
func TestBenchDistil(t *testing.T) {
	data := os.Getenv("MLFF_DATA")
	if data == "" {
		t.Skip("MLFF_DATA is not set")
	}
	for _, c := range published {
		var out bytes.Buffer
		code := run([]string{"distill", "--data", filepath.Join(data, c.train), "--valid", filepath.Join(data, c.test), "--budget", c.budget,
			"--out", t.TempDir(), "--json"}, &out, os.Stderr)
		var result struct{ Test structure.Errors }
		if code != exitOK && code != exitBelowBar || json.Unmarshal(out.Bytes(), &result) != nil || result.Test.Energy == nil || result.Test.Forces == nil {
			t.Errorf("%s: exit code %d, %s", c.name, code, out.String())
			continue
		}
		for _, q := range []struct {
			name, unit    string
			measured, bar float64
		}{{"forces", "meV/Å", result.Test.Forces.MAE, c.forces}, {"energy", "meV/atom", result.Test.Energy.MAE, c.energy}} {
			printBar(os.Stdout, benchmark.Bar{Name: c.name + ", " + c.budget + ", test " + q.name + " MAE", Unit: q.unit, Measured: &q.measured,
				Bar: q.bar, Passed: q.measured <= q.bar})
		}
	}
}
