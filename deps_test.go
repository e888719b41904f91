// Package mlff has no code of its own: its rooms lie in the folders beside this file, and this test keeps the plan of
// the house true.
package mlff

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// house says which rooms each room may import; what those may import is allowed too. Imports go downwards only.
var house = map[string][]string{
	"structure": {},
	"neighbor":  {"structure"},
	"kernel":    {},
	"model":     {"neighbor", "kernel"},
	"classical": {"neighbor"},
	"md":        {"structure"},
	"teacher":   {"classical", "python"},
	"dataset":   {"structure"},
	"sample":    {"md", "teacher", "model", "dataset"},
	"train":     {"model", "dataset"},
	"benchmark": {"model", "md", "teacher"},
	"validate":  {"model", "md", "teacher", "dataset"},
	"report":    {"validate", "benchmark"},
	"distill":   {"sample", "train", "report"},
	"cmd":       {"distill", "include", "lammps"},
	"capi":      {"distill"},
	"gpu":       {"model"},
	"python":    {},
	"lammps":    {},
	"include":   {},
}

// floors have a room's own imports and all that those may import.
func floors() map[string]map[string]bool {
	below := map[string]map[string]bool{}
	var visit func(room string) map[string]bool
	visit = func(room string) map[string]bool {
		if below[room] == nil {
			below[room] = map[string]bool{room: true}
			for _, r := range house[room] {
				for b := range visit(r) {
					below[room][b] = true
				}
			}
		}
		return below[room]
	}
	for room := range house {
		visit(room)
	}
	return below
}

func TestImportsGoDownwardsOnly(t *testing.T) {
	below := floors()
	for _, file := range sources(t) {
		room, _, nested := strings.Cut(filepath.ToSlash(file), "/")
		if !nested {
			continue // this file
		}
		if below[room] == nil {
			t.Errorf("%s: the house has no room %q", file, room)
			continue
		}
		for _, path := range imports(t, file) {
			checkImport(t, file, path, below[room])
		}
	}
}

func checkImport(t *testing.T, file, path string, allowed map[string]bool) {
	t.Helper()
	inner, ours := strings.CutPrefix(path, "mlff/")
	if !ours || strings.HasSuffix(file, "_test.go") {
		return // tests may look at anything that the compiler lets them
	}
	room, _, _ := strings.Cut(inner, "/")
	switch {
	case !allowed[room]:
		t.Errorf("%s imports %s, which its room may not", file, path)
	case isSuite(inner) && !isSuite(filepath.ToSlash(filepath.Dir(file))):
		t.Errorf("%s imports %s, a suite for tests only", file, path)
	}
}

// isSuite tells whether a folder is a conformance suite or a helper of tests: room/roomtest.
func isSuite(folder string) bool { return strings.HasSuffix(folder, "test") }

func TestNoRoomForLeftovers(t *testing.T) {
	for _, file := range sources(t) {
		for _, folder := range strings.Split(filepath.ToSlash(filepath.Dir(file)), "/") {
			if slices.Contains([]string{"utils", "util", "common", "helpers"}, folder) {
				t.Errorf("%s: a folder says what it is for", file)
			}
		}
	}
}

// sources are all Go files of this module.
func sources(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." {
			_, err := os.Stat(filepath.Join(path, "go.mod"))
			if err == nil || strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_") || d.Name() == "testdata" {
				return filepath.SkipDir
			}
		}
		if strings.HasSuffix(path, ".go") {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	paths := make([]string, len(f.Imports))
	for i, spec := range f.Imports {
		if paths[i], err = strconv.Unquote(spec.Path.Value); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}
