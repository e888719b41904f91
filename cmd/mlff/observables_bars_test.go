//go:build validation

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mlff/benchmark"
	"mlff/model"
	"mlff/structure"
	"mlff/validate"
)

// measured is the JSON of mlff validate.
type measured struct {
	Test        structure.Errors
	Checks      []model.Check
	Observables *validate.Observables
}

// runJSON runs a command and reads what it prints.
func runJSON(t *testing.T, value any, args ...string) {
	t.Helper()
	var out bytes.Buffer
	if code := run(append(args, "--json"), &out, os.Stderr); code != exitOK && code != exitBelowBar || json.Unmarshal(out.Bytes(), value) != nil {
		t.Fatalf("mlff %s: exit code %d, %s", strings.Join(args, " "), code, out.String())
	}
}

// printObserved prints the observations of these names, or that begin with them, with their bars.
func printObserved(t *testing.T, student string, o *validate.Observables, names ...string) {
	t.Helper()
	for _, name := range names {
		found := false
		for k := range o.List {
			c := o.List[k].Check()
			if !strings.HasPrefix(c.Name, name) || c.Bar == nil {
				continue
			}
			found = true
			if o.List[k].Verdict == validate.Unknown {
				fmt.Printf("%-56s %s\n", student+", "+c.Title(), o.List[k].Reason)
				continue
			}
			printBar(os.Stdout, benchmark.Bar{Name: student + ", " + c.Title(), Unit: c.Unit, Measured: c.Figure, Bar: *c.Bar,
				Passed: c.Pass != nil && *c.Pass, Note: strings.TrimSpace(o.List[k].Reason + "; " + c.Note)})
		}
		if !found {
			t.Errorf("%s: no %s was measured", student, name)
		}
	}
}

// TestBenchValidateSilicon prints the demo's student beside its exact teacher: accuracies on test frames, and the crystal.
// It takes two minutes.
func TestBenchValidateSilicon(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	var distilled struct{ Test structure.Errors }
	runJSON(t, &distilled, "distill", "../../examples/silicon.yaml", "--out", dir)
	for _, q := range []struct {
		name    string
		quality *structure.Quality
	}{{"energy", distilled.Test.Energy}, {"forces", distilled.Test.Forces}, {"stress", distilled.Test.Stress}} {
		if q.quality == nil || q.quality.Accuracy == nil {
			t.Errorf("no accuracy of %s", q.name)
			continue
		}
		printBar(os.Stdout, benchmark.Bar{Name: "Si, accuracy of " + q.name + " (wanted 0.99)", Measured: q.quality.Accuracy, Bar: 0.95, AtLeast: true, Passed: *q.quality.Accuracy > 0.95})
	}
	var m measured
	runJSON(t, &m, "validate", filepath.Join(dir, "candidate.safetensors"), "--teacher", "sw-si", "--structures", "../../examples/silicon.extxyz",
		"--observables", "crystal,phonons,rdf,transfer", "--temperature", "900")
	printObserved(t, "Si", m.Observables, "lattice constant", "bulk modulus", "C", "phonons", "g(r)", "size transfer")
}

// TestBenchValidateWater prints the distribution functions of a student from 800 labels beside those of its PaiNN teacher:
// 20 ps of each at 300 K, directly, with the noise floor of that, and reweighted both ways, which decides where the noise is
// above the bar. Nearly all of the time is the teacher's: 48 000 steps. MLFF_KEEP names a folder from which it goes on.
func TestBenchValidateWater(t *testing.T) {
	data := os.Getenv("MLFF_DATA")
	if data == "" {
		t.Skip("MLFF_DATA is not set")
	}
	python, err := exec.Command("../../python/tests/environment.sh", "graphpes").Output()
	if err != nil {
		t.Skipf("no environment with graph-pes: %v", err)
	}
	water := filepath.Join(data, "water-painn")
	keep := os.Getenv("MLFF_KEEP")
	if keep == "" {
		keep = t.TempDir()
	}
	student := filepath.Join(keep, "run", "candidate.safetensors")
	if _, err := os.Stat(student); err != nil {
		runJSON(t, &struct{}{}, "distill", "--data", filepath.Join(water, "train.extxyz"), "--valid", filepath.Join(water, "test.extxyz"), "--budget", "5m",
			"--out", filepath.Join(keep, "run"))
	}
	frames, err := structure.ReadFile(filepath.Join(water, "test.extxyz"), structure.Keys{}) // in equilibrium at 300 K
	if err != nil {
		t.Fatal(err)
	}
	start := filepath.Join(keep, "start.extxyz")
	w, err := structure.Create(start)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(&structure.Frame{Structure: frames[0].Structure}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var m measured
	runJSON(t, &m, "validate", student, "--teacher", "graphpes:"+filepath.Join(water, "teacher-painn.pt"), "--python", strings.TrimSpace(string(python)), "--workers", "2",
		"--structures", start, "--temperature", "300", "--observables", "rdf,adf,vdos,diffusion,transfer", "--duration", "10", "--seeds", "2", "--budget", "5h",
		"--folder", filepath.Join(keep, "walks"), "--keep")
	printObserved(t, "water, 300 K", m.Observables, "g(r)", "angle", "vibrational spectrum", "self-diffusion", "size transfer")
}
