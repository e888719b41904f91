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
	if err != nil || len(inputs) != 6 {
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
	path, m := student(t, dir, 14)
	variables := []string{"-var", "plugin", filepath.Join(folder, "mlffplugin.so"), "-var", "steps", "20", "-var", "size", "2", "-var", "student"}
	for name, text := range texts {
		if name != "silicon.lammps" && name != "continue.lammps" {
			must(t, dir, 2, text, append(variables, path)...)
		}
	}
	m.Meta().Threshold = 1e-3
	timid := filepath.Join(dir, "timid.safetensors")
	if err := m.Save(timid); err != nil {
		t.Fatal(err)
	}
	if out, err := lmp(t, dir, 2, texts["melt.lammps"], append(variables, timid)...); err == nil {
		t.Errorf("it does not stop:\n%s", last(out, 10))
	}
	must(t, dir, 2, texts["continue.lammps"], append(variables, path, "-var", "restart", "mlff_stop.0.restart")...)
}
