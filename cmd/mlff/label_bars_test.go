//go:build label

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mlff/benchmark"
)

// Bars of labelling and of students of real teachers: make bench-label prints a line for each. A row is a test called
// TestBenchLabel..., in a file of its own; it skips with a line where what it needs is absent.

// teacherPython is the interpreter of an environment of python/tests, made on demand, in which a teacher lives.
func teacherPython(t *testing.T, name string) string {
	t.Helper()
	c := exec.Command(filepath.Join("..", "..", "python", "tests", "environment.sh"), name)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Skipf("the environment %s cannot be made: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

// tellAtMost prints a figure that should not exceed its bar, tellAtLeast one that should reach it.
func tellAtMost(name, unit string, measured, bar float64) {
	printBar(os.Stdout, benchmark.Bar{Name: name, Unit: unit, Measured: &measured, Bar: bar, Passed: measured <= bar})
}

func tellAtLeast(name, unit string, measured, bar float64) {
	printBar(os.Stdout, benchmark.Bar{Name: name, Unit: unit, Measured: &measured, Bar: bar, AtLeast: true, Passed: measured >= bar})
}

// command runs mlff with arguments and fails the test unless it ends well or below a bar; it returns what it printed.
func command(t *testing.T, arguments ...string) string {
	t.Helper()
	var out strings.Builder
	if code := run(arguments, &out, os.Stderr); code != exitOK && code != exitBelowBar {
		t.Fatalf("mlff %s: exit code %d", strings.Join(arguments, " "), code)
	}
	return out.String()
}
