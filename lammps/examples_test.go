package lammps_test

import (
	"os"
	"path/filepath"
	"testing"
)

// The examples run as they stand, on two processes, for a few steps.
func TestExamples(t *testing.T) {
	folder, _ := built(t)
	inputs, err := filepath.Glob("../examples/lammps/*.lammps")
	if err != nil || len(inputs) != 5 {
		t.Fatalf("%d inputs, %v", len(inputs), err)
	}
	dir := t.TempDir()
	texts := map[string]string{}
	for _, path := range inputs {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(path)] = string(text)
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	path, _ := student(t, dir, 14)
	for name, text := range texts {
		if name != "silicon.lammps" {
			must(t, dir, 2, text, "-var", "plugin", filepath.Join(folder, "mlffplugin.so"), "-var", "student", path, "-var", "steps", "20", "-var", "size", "2")
		}
	}
}
