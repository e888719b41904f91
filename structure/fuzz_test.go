package structure_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlff/structure"
)

// Whatever the bytes: no panic, an error that says where, or frames that can be written and read again.
func FuzzExtxyz(f *testing.F) {
	addSeeds(f, "extxyz")
	f.Fuzz(func(t *testing.T, input string) {
		frames, err := tryAll(input, structure.Keys{})
		if err == nil && len(frames) == 0 {
			t.Fatal("neither frames nor an error")
		}
		if err != nil && !strings.HasPrefix(err.Error(), "a.extxyz") {
			t.Fatalf("the error does not name its file: %v", err)
		}
		for i := range frames {
			checkRewrite(t, &frames[i])
		}
	})
}

func FuzzPOSCAR(f *testing.F) {
	addSeeds(f, "poscar")
	f.Fuzz(func(t *testing.T, input string) {
		frames, err := readerAll(structure.NewReader(strings.NewReader(input), "POSCAR", structure.Keys{}))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "POSCAR") {
				t.Fatalf("the error does not name its file: %v", err)
			}
			return
		}
		if len(frames) != 1 {
			t.Fatalf("%d frames", len(frames))
		}
		checkRewrite(t, &frames[0])
	})
}

// addSeeds adds the files of testdata with the given extension.
func addSeeds(f *testing.F, extension string) {
	paths, err := filepath.Glob("testdata/*." + extension)
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, path := range paths {
		seed, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(seed))
	}
}

// checkRewrite: the texts of a frame and of what that text reads as are equal, so nothing is lost or changed on the way.
func checkRewrite(t *testing.T, f *structure.Frame) {
	t.Helper()
	var first, second bytes.Buffer
	if err := structure.WriteFrame(&first, f); err != nil {
		t.Fatalf("a frame that was read cannot be written: %v", err)
	}
	again, err := tryAll(first.String(), structure.Keys{})
	if err != nil || len(again) != 1 {
		t.Fatalf("what was written cannot be read: %v\n%s", err, first.String())
	}
	if structure.ID(&f.Structure) != structure.ID(&again[0].Structure) {
		t.Fatalf("the structure changed\n%s", first.String())
	}
	if err := structure.WriteFrame(&second, &again[0]); err != nil || first.String() != second.String() {
		t.Fatalf("%v\nwrote %s\nthen  %s", err, first.String(), second.String())
	}
}
