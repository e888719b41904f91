package structure_test

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mlff/structure"
)

func readPOSCAR(t *testing.T, text string) structure.Frame {
	t.Helper()
	path := filepath.Join(t.TempDir(), "POSCAR")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	frames, err := structure.ReadFile(path, structure.Keys{})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(frames) != 1 {
		t.Fatalf("%d frames instead of one", len(frames))
	}
	return frames[0]
}

const (
	poscarCell   = "4 0 0\n0 5 0\n1 0 6\n"
	poscarDirect = "Si O\n1 2\nDirect\n0 0 0\n0.5 0.5 0.5\n0 0 -0.25\n"
)

func TestPOSCAR(t *testing.T) {
	all := [3]bool{true, true, true}
	direct := structure.Structure{
		Numbers: []int{14, 8, 8}, PBC: all, Cell: [3][3]float64{{4, 0, 0}, {0, 5, 0}, {1, 0, 6}},
		Positions: [][3]float64{{0, 0, 0}, {2.5, 2.5, 3}, {-0.25, 0, -1.5}},
	}
	doubled := direct
	doubled.Cell = [3][3]float64{{8, 0, 0}, {0, 10, 0}, {2, 0, 12}}
	doubled.Positions = [][3]float64{{0, 0, 0}, {5, 5, 6}, {-0.5, 0, -3}}
	for name, c := range map[string]struct {
		text string
		want structure.Structure
	}{
		"direct":      {"quartz\n1.0\n" + poscarCell + poscarDirect, direct},
		"scale":       {"quartz\n 2.0 \n" + poscarCell + poscarDirect, doubled},
		"volume":      {"quartz\n-960.0\n" + poscarCell + poscarDirect, doubled}, // 8 times 4·5·6 Å³
		"three":       {"quartz\n2 2 2\n" + poscarCell + poscarDirect, doubled},
		"cartesian":   {"quartz\n2.0\n" + poscarCell + "Si O\n1 2\ncartesian\n0 0 0\n2.5 2.5 3\n-0.25 0 -1.5\n", doubled},
		"Windows":     {strings.ReplaceAll("quartz\n1.0\n"+poscarCell+poscarDirect, "\n", "\r\n"), direct},
		"comments":    {"quartz\n1.0 ! scale\n4 0 0 a\n0 5 0 b\n1 0 6 c\nSi_pv O/abc\n1 2 ! counts\nD\n0 0 0 Si\n.5 .5 .5 O\n0 0 -.25 O", direct},
		"velocities":  {"quartz\n1.0\n" + poscarCell + poscarDirect + "\n0 0 1\n0 0 1\n0 0 1\n", direct},
		"mode follow": {"quartz\n1.0\n" + poscarCell + poscarDirect + "Cartesian\n0 0 1\n0 0 1\n0 0 1\n", direct},
	} {
		f := readPOSCAR(t, c.text)
		if v, _ := f.Get("comment"); v != "quartz" {
			t.Errorf("%s: comment %q", name, v)
		}
		if !close(&f.Structure, &c.want) {
			t.Errorf("%s: read %+v\nwant %+v", name, f.Structure, c.want)
		}
	}
}

// close allows for the rounding of the cube root that a wanted volume asks for.
func close(a, b *structure.Structure) bool {
	if !reflect.DeepEqual(a.Numbers, b.Numbers) || a.PBC != b.PBC || len(a.Positions) != len(b.Positions) {
		return false
	}
	x, y := append(a.Positions, a.Cell[:]...), append(b.Positions, b.Cell[:]...)
	for i := range x {
		for k := range x[i] {
			if math.Abs(x[i][k]-y[i][k]) > 1e-13*12 {
				return false
			}
		}
	}
	return true
}

func TestPOSCARThreeScalesStretchCartesianPositions(t *testing.T) {
	f := readPOSCAR(t, "\n1 2 3\n"+poscarCell+"Si\n1\nC\n1 1 1\n")
	if f.Cell != [3][3]float64{{4, 0, 0}, {0, 10, 0}, {1, 0, 18}} || f.Positions[0] != [3]float64{1, 2, 3} || f.Info != nil {
		t.Errorf("read %+v", f)
	}
}

func TestPOSCARSelectiveDynamicsSurvives(t *testing.T) {
	f := readPOSCAR(t, "x\n1\n"+poscarCell+"Si O\n1 1\nSelective dynamics\nDirect\n0 0 0 T T F\n0.5 0 0 .TRUE. F F\n")
	want := []structure.Column{{Name: "move_mask", Kind: 'L', Width: 3, Values: []string{"T", "T", "F", "T", "F", "F"}}}
	if !reflect.DeepEqual(f.Arrays, want) {
		t.Errorf("arrays %+v", f.Arrays)
	}
	if got := one(t, text(t, &f), structure.Keys{}); !reflect.DeepEqual(got, f) {
		t.Errorf("written and read again: %+v\nwant %+v", got, f)
	}
}

func TestPOSCARNames(t *testing.T) {
	for name, want := range map[string]bool{
		"POSCAR": true, "CONTCAR": true, "POSCAR_si": true, "poscar.1": true, "si.vasp": true, "Si.VASP": true, "si.poscar": true,
		"CONTCAR.extxyz": false, "si.xyz": false, "my_POSCAR": false,
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte("x\n1\n"+poscarCell+poscarDirect), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := structure.ReadFile(path, structure.Keys{}); (err == nil) != want {
			t.Errorf("%s read as POSCAR: %v, want %v (%v)", name, err == nil, want, err)
		}
	}
}

func TestPOSCARDamage(t *testing.T) {
	const head = "x\n1\n" + poscarCell
	for _, c := range []struct{ name, text, err, hint string }{
		{"empty", "", "POSCAR: no frames", "empty"},
		{"comment only", "x\n", "POSCAR line 1 (frame 0): the file ends before the scale", "cut off"},
		{"scale", "x\na\n", "POSCAR line 2 (frame 0): the scale is one number or three", ""},
		{"two scales", "x\n1 2\n" + poscarCell, "one number or three", ""},
		{"zero scale", "x\n0\n" + poscarCell, "line 2 (frame 0): the scale is 0", ""},
		{"negative scales", "x\n1 1 -1\n" + poscarCell, "three scales must be positive", ""},
		{"short vector", "x\n1\n4 0\n", "line 3 (frame 0): lattice vector 1: 2 numbers instead of 3", ""},
		{"NaN lattice", "x\n1\n4 0 nan\n", "lattice vector 1: its", ""},
		{"flat", "x\n1\n1 0 0\n0 1 0\n1 1 0\n", "span no volume", ""},
		{"flat, volume", "x\n-9\n1 0 0\n0 1 0\n1 1 0\n", "span no volume", ""},
		{"VASP 4", head + "1 2\nDirect\n0 0 0\n", `line 6 (frame 0): "1" is no chemical element`, "VASP 5"},
		{"element", head + "Xx\n1\n", `"Xx" is no chemical element`, ""},
		{"counts", head + "Si O\n1\n", "line 7 (frame 0): 2 elements have 1 numbers of atoms", ""},
		{"count text", head + "Si O\n1 x\n", `"x" is no number of atoms`, ""},
		{"negative count", head + "Si O\n1 -1\n", `"-1" is no number of atoms`, ""},
		{"absurd count", head + "Si\n9999999999\nDirect\n0 0 0\n", `"9999999999" is no number of atoms`, ""},
		{"large count", head + "Si\n2000000000\nDirect\n0 0 0\n", "line 9 (frame 0): the file ends before atom 1", "cut off"},
		{"no atoms", head + "Si\n0\nDirect\n", "there are no atoms", ""},
		{"no symbols", head + "\n\nDirect\n", "0 elements", ""},
		{"mode", head + "Si\n1\n0 0 0\n", `line 8 (frame 0): "0 0 0" is neither Direct nor Cartesian`, ""},
		{"position text", head + "Si\n1\nDirect\n0 0 x\n", `line 9 (frame 0): atom 0: "x" is no number`, ""},
		{"NaN position", head + "Si\n1\nDirect\n0 0 nan\n", "atom 0: its position is nan", ""},
		{"short position", head + "Si\n1\nDirect\n0 0\n", "atom 0 has 2 columns instead of 3", ""},
		{"no flags", head + "Si\n1\nSelective\nDirect\n0 0 0\n", "atom 0 has 3 columns instead of 6", ""},
		{"flag", head + "Si\n1\nSelective\nDirect\n0 0 0 T T x\n", `"x" is neither T nor F`, ""},
		{"too many", head + "Si\n1\nDirect\n0 0 0\n0 0 0.5\n", "line 10 (frame 0): there are more than the 1 positions announced", "correct"},
	} {
		t.Run(c.name, func(t *testing.T) { checkDamage(t, c.text, "POSCAR", c.err, c.hint) })
	}
}
