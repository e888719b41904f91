package structure_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlff/structure"
)

const good = "1\n\nSi 0 0 0\n"

func TestDamageIsNamed(t *testing.T) {
	for _, c := range []struct{ name, text, err, hint string }{
		{"empty", "", "a.extxyz: no frames", "empty"},
		{"blank", "\n \n", "a.extxyz: no frames", "empty"},
		{"no number", "Si 0 0 0\n", `line 1 (frame 0): "Si 0 0 0" is no number of atoms`, "starts with the number"},
		{"no atoms", "0\n\n", `line 1 (frame 0): "0" is no number of atoms`, ""},
		{"negative", "-3\n\n", `line 1 (frame 0): "-3" is no number`, ""},
		{"absurd", "9999999999\n\nSi 0 0 0\n", `line 1 (frame 0): "9999999999" is no number of atoms`, ""},
		{"large", "2000000000\n\nSi 0 0 0\n", "line 3 (frame 0): the file ends after 1 of 2000000000 atoms", "cut off"},
		{"cut", good + "2\n\nSi 0 0 0\n", "line 6 (frame 1): the file ends after 1 of 2 atoms", "cut off"},
		{"cut after count", "2\n", "line 1 (frame 0): the file ends after 0 of 2 atoms", "cut off"},
		{"cut in line", "1\n\nSi 0 0", `line 3 (frame 0): atom 0 has 3 columns instead of 4: "Si 0 0"`, "Properties="},
		{"count too small", "1\n\nSi 0 0 0\nSi 0 0 1\n", `line 4 (frame 1): "Si 0 0 1" is no number`, "frame 0 may have more atoms"},
		{"count too large", "2\n\nSi 0 0 0\n" + good, `line 4 (frame 0): atom 1 has 1 columns instead of 4: "1"`, "too many atoms"},
		{"extra column", "1\n\nSi 0 0 0 7\n", "atom 0 has 5 columns instead of 4", "Properties="},
		{"unknown element", "1\n\nXx 0 0 0\n", `line 3 (frame 0): atom 0: "Xx" is no chemical element`, "symbols"},
		{"element 119", "1\n\n119 0 0 0\n", `"119" is no chemical element`, ""},
		{"garbled number", "1\n\nSi 0 0x 0\n", `line 3 (frame 0): atom 0: "0x" is no number`, ""},
		{"overflow", "1\n\nSi 0 **** 0\n", `"****" is no number`, ""},
		{"NaN position", "1\n\nSi 0 nan 0\n", "line 3 (frame 0): atom 0: its position is nan", ""},
		{"infinite position", "1\n\nSi 0 inf 0\n", "its position is inf", ""},
		{"garbled column", "1\nProperties=species:S:1:pos:R:3:q:R:1\nSi 0 0 0 a\n", `"a" is no number`, ""},
		{"garbled integer", "1\nProperties=species:S:1:pos:R:3:q:I:1\nSi 0 0 0 1.5\n", `"1.5" is no integer`, ""},
		{"garbled logical", "1\nProperties=species:S:1:pos:R:3:q:L:1\nSi 0 0 0 2\n", `"2" is neither T nor F`, ""},
		{"Z contradicts", "1\nProperties=species:S:1:pos:R:3:Z:I:1\nSi 0 0 0 8\n", "atom 0 is called Si and has atomic number 8", ""},
		{"atomic number", "1\nProperties=Z:I:1:pos:R:3\n0 0 0 0\n", `"0" is no atomic number`, ""},
		{"no positions", "1\nProperties=species:S:1\nSi\n", "line 2 (frame 0): columns species:S:1: there is no column pos:R:3", ""},
		{"no species", "1\nProperties=pos:R:3\n0 0 0\n", "there is no column species:S:1", ""},
		{"forces shape", "1\nProperties=species:S:1:pos:R:3:forces:R:1\nSi 0 0 0 0\n", "forces should be forces:R:3", ""},
		{"forces are positions", "1\nProperties=species:S:1:pos:R:3:pos:R:3\nSi 0 0 0 0 0 0\n", "pos is given twice", ""},
		{"Properties", "1\nProperties=species:S\nSi\n", "key Properties: species:S is not name:kind:width", ""},
		{"Properties kind", "1\nProperties=species:X:1\nSi\n", `"species:X:1" is not name:kind:width`, ""},
		{"Properties width", "1\nProperties=species:S:1:pos:R:3:a:R:9999999999\nSi\n", "is not name:kind:width", ""},
		{"Properties widths", "1\nProperties=species:S:1:pos:R:3:a:R:60000:b:R:60000\nSi\n", "more than 65536 columns", ""},
		{"unclosed quote", "1\nLattice=\"1 0 0\nSi 0 0 0\n", "line 2 (frame 0): value of Lattice: the line ends inside it", ""},
		{"unclosed bracket", "1\na=[1, 2\nSi 0 0 0\n", "value of a: the line ends inside it", ""},
		{"mixed brackets", "1\na=[1, 2}\nSi 0 0 0\n", "value of a: brackets do not match", ""},
		{"glued values", "1\na=\"1\"b=2\nSi 0 0 0\n", `value of a: "b=2" follows its end`, ""},
		{"no key", "1\n=5\nSi 0 0 0\n", `no key before "=5"`, ""},
		{"Lattice numbers", "1\nLattice=\"1 2\"\nSi 0 0 0\n", "Lattice: 2 numbers instead of 9", ""},
		{"Lattice text", "1\nLattice=\"1 0 0 0 1 0 0 0 x\"\nSi 0 0 0\n", `Lattice: "x" is no number`, ""},
		{"Lattice NaN", "1\nLattice=\"1 0 0 0 1 0 0 0 nan\"\nSi 0 0 0\n", "Lattice: not finite", ""},
		{"Lattice flat", "1\nLattice=\"1 0 0 0 1 0 1 1 0\"\nSi 0 0 0\n", "span no volume", "pbc says"},
		{"Lattice huge", "1\nLattice=\"1e200 1e200 1e200\"\nSi 0 0 0\n", "too long", ""},
		{"Lattice twice", "1\n" + box + " " + box + "\nSi 0 0 0\n", "Lattice is given twice", ""},
		{"pbc without Lattice", "1\npbc=\"T T T\"\nSi 0 0 0\n", "span no volume", "pbc says"},
		{"pbc", "1\npbc=\"T T\"\nSi 0 0 0\n", "pbc has 2 values instead of 3", ""},
		{"pbc text", "1\npbc=\"T T x\"\nSi 0 0 0\n", `pbc: "x" is neither T nor F`, ""},
		{"energy text", "1\nenergy=low\nSi 0 0 0\n", `line 2 (frame 0): energy: "low" is no number`, ""},
		{"energy twice", "1\nenergy=1 energy=2\nSi 0 0 0\n", "energy is given twice", ""},
		{"energies", "1\nenergy=\"1 2\"\nSi 0 0 0\n", "energy has 2 numbers instead of 1", ""},
		{"stress numbers", "1\n" + box + " stress=\"1 2 3\"\nSi 0 0 0\n", "stress has 3 numbers instead of 9", ""},
		{"stress asymmetric", "1\n" + box + " stress=\"1 0.002 0 0 1 0 0 0 1\"\nSi 0 0 0\n", "stress: not symmetric", "rows of the tensor"},
		{"virial disagrees", "1\n" + box + " stress=\"1 1 1 0 0 0\" virial=\"1000 1000 1000 0 0 0\"\nSi 0 0 0\n", "stress and virial disagree", "virial = -volume"},
	} {
		t.Run(c.name, func(t *testing.T) { checkDamage(t, c.text, "a.extxyz", c.err, c.hint) })
	}
}

func checkDamage(t *testing.T, text, name, message, hint string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := structure.ReadFile(path, structure.Keys{})
	if err == nil {
		t.Fatalf("read %q without an error", text)
	}
	if !strings.HasPrefix(err.Error(), path) || !strings.Contains(err.Error(), strings.TrimPrefix(message, name)) {
		t.Errorf("error %q, want %q", err, message)
	}
	if !strings.Contains(structure.HintOf(err), hint) {
		t.Errorf("hint %q, want %q", structure.HintOf(err), hint)
	}
}

func TestErrorStays(t *testing.T) {
	r := structure.NewReader(strings.NewReader("x\n"+good), "a", structure.Keys{})
	_, first := r.Next()
	if _, second := r.Next(); first == nil || second != first {
		t.Errorf("first %v, then %v", first, second)
	}
}

func TestForeignFormatsAndMissingFiles(t *testing.T) {
	if _, err := structure.ReadFile(filepath.Join(t.TempDir(), "absent.xyz"), structure.Keys{}); !os.IsNotExist(err) {
		t.Errorf("absent file: %v", err)
	}
	checkDamage(t, "data_quartz\n", "quartz.cif", `"data_quartz" is no number of atoms`, "ase convert")
	checkDamage(t, "text", "a.xyz.gz", "not a gzip file", "")
	checkDamage(t, "text", "a.xyz.zst", "(frame 0)", "compressed")
}

// A file that is cut anywhere is an error, except where the cut leaves whole frames, or drops only digits of the last
// number, which text cannot tell.
func TestEveryCut(t *testing.T) {
	const text = "2\n" + box + " energy=-1.5\nSi 0 0 0\nO 0 0 1.5\n1\n\nH 0 0 7.0\n"
	first := strings.Index(text, "1\n\nH")
	for n := range len(text) {
		frames, err := tryAll(text[:n], structure.Keys{})
		whole := n >= first-len(".5\n") && n <= first || n >= len(text)-len(".0\n")
		if (err == nil) != whole {
			t.Errorf("cut after %q: %d frames, error %v", text[:n], len(frames), err)
		}
	}
}

func TestEveryCutOfCompressedFiles(t *testing.T) {
	frame := one(t, good, structure.Keys{})
	for _, name := range []string{"a.xyz.gz", "a.xyz.zst"} {
		path := filepath.Join(t.TempDir(), name)
		writeAll(t, path, []structure.Frame{frame, frame})
		packed, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for n := range packed {
			if err := os.WriteFile(path, packed[:n], 0o666); err != nil {
				t.Fatal(err)
			}
			if _, err := structure.ReadFile(path, structure.Keys{}); err == nil {
				t.Errorf("%s cut after %d of %d bytes: no error", name, n, len(packed))
			}
		}
	}
}

func TestAFileThatEndsWithinALine(t *testing.T) {
	text := "2\nProperties=species:S:1:pos:R:3\nSi 0 0 0\nSi 1 1"
	_, err := structure.NewReader(strings.NewReader(text), "a.xyz", structure.Keys{}).Next()
	if err == nil || !strings.Contains(structure.HintOf(err), "cut off") {
		t.Errorf("error %v, hint %q", err, structure.HintOf(err))
	}
	if _, err := structure.Open(t.TempDir(), structure.Keys{}); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("a folder: %v", err)
	}
}
