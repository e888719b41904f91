//go:build validation

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mlff/benchmark"
	"mlff/model"
	"mlff/structure"
	"mlff/structure/structuretest"
)

// environment is the interpreter that a variable names, in which a teacher or ase lives.
func environment(t *testing.T, variable string) string {
	t.Helper()
	python := os.Getenv(variable)
	if python == "" {
		t.Skipf("%s names no environment", variable)
	}
	return python
}

// quickStudent distils labels for a minute: a student in the usual shape and cutoff, whose steps cost what those of a better one do.
func quickStudent(t *testing.T, train string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	var out any
	runJSON(t, &out, "distill", "--data", train, "--budget", "1m", "--out", dir)
	return filepath.Join(dir, "candidate.safetensors")
}

// TestBenchValidateSpeed prints how many times faster students are than their teachers in trajectories through ASE, on one
// core: 1000 steps of the student against 30 of the teacher, a bar on the median steps, the mean in the note. It takes a
// quarter of an hour each; MLFF_ASE names an environment with ase, MLFF_SEVENNET and MLFF_FENNOL those of the teachers.
func TestBenchValidateSpeed(t *testing.T) {
	t.Run("Si", func(t *testing.T) {
		python := environment(t, "MLFF_SEVENNET")
		train := filepath.Join(structuretest.Data(t, "mlearn"), "Si_training.extxyz")
		printSpeed(t, "Si", 1000, quickStudent(t, train), "../../examples/silicon.extxyz", "64,216,500", "sevennet:7net-0", python)
	})
	t.Run("water", func(t *testing.T) {
		python := environment(t, "MLFF_FENNOL")
		train := filepath.Join(structuretest.Data(t, "water-painn"), "train.extxyz")
		start := filepath.Join(t.TempDir(), "start.extxyz") // the smallest periodic cell
		firstPeriodic(t, train, start)
		printSpeed(t, "water", 100, quickStudent(t, train), start, "64,192,500", ani(t), python)
	})
}

// firstPeriodic writes the first of the smallest periodic structures of a file to another.
func firstPeriodic(t *testing.T, from, to string) {
	t.Helper()
	frames, err := structure.ReadFile(from, structure.Keys{})
	if err != nil {
		t.Fatal(err)
	}
	frames = slices.DeleteFunc(frames, func(f structure.Frame) bool { return !f.Periodic() })
	best := slices.MinFunc(frames, func(a, b structure.Frame) int { return a.Len() - b.Len() })
	err = replaceFile(to, func(w io.Writer) error { return structure.WriteFrame(w, &structure.Frame{Structure: best.Structure}) })
	if err != nil {
		t.Fatal(err)
	}
}

func printSpeed(t *testing.T, name string, bar float64, student, start, sizes, teacher, python string) {
	t.Helper()
	ase := environment(t, "MLFF_ASE")
	folder, err := filepath.Abs("../../python")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PYTHONPATH", folder)
	var r benchmark.Results
	runJSON(t, &r, "bench", student, start, "--sizes", sizes, "--threads", "1", "--teacher", teacher, "--teacher-steps", "30", "--python", python, "--ase", ase)
	for _, c := range r.Comparisons {
		median := c.Median
		printBar(os.Stdout, benchmark.Bar{Name: fmt.Sprintf("%s, %d atoms, times faster through %s, one core", name, c.Atoms, c.Through), Measured: &median, Bar: bar, AtLeast: true, Passed: median >= bar,
			Note: fmt.Sprintf("of means %.4g, %.4g to %.4g; mean steps %.4g and %.3g ms; %d and %d steps", c.SpeedUp.Value, c.SpeedUp.Low, c.SpeedUp.High, c.Teacher, c.Student, c.TeacherSteps, c.StudentSteps)})
	}
	if len(r.Comparisons) == 0 {
		t.Errorf("%s: nothing was compared: %q", name, r.Absent)
	}
}

// TestBenchValidateDrift prints the drift of the total energy with its standard error, 5 seeds of 50 ps at constant energy
// after thermostatted ones at 300 K, in single and double precision, and the fluctuation over that with half the step. A
// quarter of an hour for each system.
func TestBenchValidateDrift(t *testing.T) {
	t.Run("Si", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "run")
		var out any
		runJSON(t, &out, "distill", "../../examples/silicon.yaml", "--out", dir)
		printDrift(t, "216 Si", filepath.Join(dir, "candidate.safetensors"), 216, 1)
	})
	t.Run("water", func(t *testing.T) {
		train := filepath.Join(structuretest.Data(t, "water-painn"), "train.extxyz")
		dir := filepath.Join(t.TempDir(), "run")
		var out any
		runJSON(t, &out, "distill", "--data", train, "--budget", "5m", "--out", dir)
		printDrift(t, "64 H2O", filepath.Join(dir, "candidate.safetensors"), 192, 0.5)
	})
}

func printDrift(t *testing.T, name, student string, atoms int, timestep float64) {
	t.Helper()
	m, err := model.Load(student)
	if err != nil {
		t.Fatal(err)
	}
	example, err := exampleOf(m)
	if err != nil {
		t.Fatal(err)
	}
	s := benchmark.Repeat(example, atoms)
	if s.Len() != atoms {
		t.Fatalf("%d atoms, not %d", s.Len(), atoms)
	}
	for _, precision := range []string{"float32", "float64"} {
		open := func() (structure.Potential, error) {
			return m.Potential(model.Options{Threads: 1, Precision: precision})
		}
		o := benchmark.Options{Timestep: timestep, Steps: int(50e3 / timestep), Temperature: 300}
		c, err := benchmark.Conserve(context.Background(), open, s, o, []uint64{1, 2, 3, 4, 5}, 2, true)
		if err != nil {
			t.Fatal(err)
		}
		sum, ratio := 1e3*(c.Drift+c.Error), c.Ratio
		printBar(os.Stdout, benchmark.Bar{Name: name + ", " + precision + ": drift + its standard error", Unit: "µeV/atom/ps", Measured: &sum, Bar: 0.25, Passed: sum <= 0.25,
			Note: fmt.Sprintf("%.3g ± %.2g", 1e3*c.Drift, 1e3*c.Error)})
		printBar(os.Stdout, benchmark.Bar{Name: name + ", " + precision + ": fluctuation over that of half the step, 3.5 to 4.5", Measured: &ratio, Bar: 4.5, Passed: ratio >= 3.5 && ratio <= 4.5})
	}
}

// TestBenchValidateMemory prints how the memory of the process changes, up or down, from 10 000 to a million steps of 64 atoms,
// in three minutes.
func TestBenchValidateMemory(t *testing.T) {
	var r benchmark.Results
	runJSON(t, &r, "bench", "--reference", "--sizes", "64", "--threads", "1", "--steps", "100", "--memory-soak", "1000000")
	least, most, text := r.Memory[1].RSS, r.Memory[1].RSS, ""
	for _, m := range r.Memory {
		text += fmt.Sprintf(" %d: %.2f;", m.Steps, m.RSS)
		if m.Steps >= 10_000 {
			least, most = min(least, m.RSS), max(most, m.RSS)
		}
	}
	growth := most - least
	printBar(os.Stdout, benchmark.Bar{Name: "engine, memory from 1e4 to 1e6 steps", Unit: "MiB", Measured: &growth, Bar: 1, Passed: growth <= 1, Note: "after" + text})
}
