package structure

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestCreateWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.extxyz.gz")
	if err := os.WriteFile(path, []byte("before"), 0o640); err != nil {
		t.Fatal(err)
	}
	frame := &Frame{Structure: Structure{Numbers: []int{14}, Positions: [][3]float64{{}}}}
	begin := func() *WholeWriter {
		w, err := CreateWhole(path)
		if err == nil {
			err = w.Write(frame)
		}
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	begin().Abandon()
	if text, _ := os.ReadFile(path); string(text) != "before" {
		t.Errorf("abandoned, the file holds %q", text)
	}
	w := begin()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w.Abandon() // too late to do anything
	if frames, err := ReadFile(path, Keys{}); err != nil || len(frames) != 1 {
		t.Errorf("%d frames, %v", len(frames), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("permissions %v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestCreateWholeRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]error{filepath.Join(dir, "no", "folder"): os.ErrNotExist, dir: nil, filepath.Join(dir, "a.xyz.bz2"): nil} {
		w, err := CreateWhole(name)
		if err == nil {
			w.Abandon()
		}
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
