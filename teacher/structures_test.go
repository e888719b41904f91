package teacher

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlff/structure"
)

// aseStandIn is as much of ASE as the worker asks for; the real one: python/tests/test_worker.py.
var aseStandIn = map[string]string{
	"ase/__init__.py": "",
	"ase/io/__init__.py": `
class Cell:
    rank = 3
    class array:
        def ravel():
            return Row([0.0, 2.5, 2.5, 2.5, 0.0, 2.5, 2.5, 2.5, 0.0])

class Row(list):
    tolist = list.copy

class Atoms:
    info, cell, pbc, positions = {}, Cell, [True] * 3, Row([[0.0, 0.0, 0.1]])
    def get_chemical_symbols(self):
        return ["Ar"]
    def __len__(self):
        return 1

def read(path, index, format, **options):
    if format == "torn":
        raise ValueError("it ends early")
    return [Atoms(), Atoms()]
`,
	"ase/io/formats.py": `
class UnknownFileTypeError(Exception):
    pass

def filetype(path):
    if path.endswith("odd"):
        raise UnknownFileTypeError("?")
    return path.rsplit(".", 1)[1]
`,
}

func TestFilesOfOtherFormats(t *testing.T) {
	python := interpreterForTests(t)
	t.Chdir(t.TempDir())
	file := func(name, content string) {
		os.MkdirAll(filepath.Dir(name), 0o777)
		if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"argon.cif", "argon.torn", "argon.odd", "argon.xyz"} {
		file(name, "data_argon\n")
	}
	file("plain.dat", "1\n\nAr 0 0 0\n") // no name of ours, but a file of ours
	if frames, err := ReadStructures(t.Context(), "plain.dat", "nowhere", structure.Keys{}); err != nil || len(frames) != 1 {
		t.Errorf("%v", err)
	}
	for _, c := range []struct{ name, python, says, hint string }{
		{"argon.cif", python, "argon.cif line 1 (frame 0): ", "read by ASE: " + python + " has no ase"},
		{"argon.cif", "nowhere", "argon.cif line 1 (frame 0): ", "read by ASE: there is no Python at nowhere"},
		{"argon.xyz", python, "argon.xyz line 1 (frame 0): ", "starts with the number of its atoms"},
	} {
		_, err := ReadStructures(t.Context(), c.name, c.python, structure.Keys{})
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(structure.HintOf(err), c.hint) {
			t.Errorf("%s without ASE: %v\nhint: %s", c.name, err, structure.HintOf(err))
		}
	}
	if _, err := ReadStructures(t.Context(), "gone.cif", python, structure.Keys{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	for name, text := range aseStandIn {
		file(name, text)
	}
	frames, err := ReadStructures(t.Context(), "argon.cif", python, structure.Keys{})
	if err != nil || len(frames) != 2 || !frames[1].Periodic() || frames[1].Cell[0] != [3]float64{0, 2.5, 2.5} || frames[1].Positions[0][2] != 0.1 {
		t.Errorf("%+v, %v", frames, err)
	}
	for name, says := range map[string]string{"argon.torn": "argon.torn: ASE takes it for torn: ValueError: it ends early", "argon.odd": "argon.odd line 1 (frame 0): "} {
		if _, err := ReadStructures(t.Context(), name, python, structure.Keys{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
