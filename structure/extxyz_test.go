package structure_test

import (
	"io"
	"math"
	"reflect"
	"strings"
	"testing"

	"mlff/structure"
)

func readAll(t *testing.T, text string, keys structure.Keys) []structure.Frame {
	t.Helper()
	frames, err := tryAll(text, keys)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return frames
}

func tryAll(text string, keys structure.Keys) ([]structure.Frame, error) {
	return readerAll(structure.NewReader(strings.NewReader(text), "a.extxyz", keys))
}

func readerAll(r *structure.Reader) ([]structure.Frame, error) {
	var frames []structure.Frame
	for {
		f, err := r.Next()
		if err == io.EOF {
			return frames, nil
		}
		if err != nil {
			return frames, err
		}
		frames = append(frames, *f)
	}
}

func one(t *testing.T, text string, keys structure.Keys) structure.Frame {
	t.Helper()
	frames := readAll(t, text, keys)
	if len(frames) != 1 {
		t.Fatalf("%d frames instead of one", len(frames))
	}
	return frames[0]
}

func number(x float64) *float64 { return &x }

const box = `Lattice="10 0 0 0 10 0 0 0 10"`

func TestPlainXYZ(t *testing.T) {
	f := one(t, "2\nmade by hand\nO 0 0 1\nH 0.5 -1e-1 .25\n", structure.Keys{})
	want := structure.Frame{
		Structure: structure.Structure{Numbers: []int{8, 1}, Positions: [][3]float64{{0, 0, 1}, {0.5, -0.1, 0.25}}},
		Info:      []structure.Entry{{Key: "comment", Value: "made by hand"}},
	}
	if !reflect.DeepEqual(f, want) {
		t.Errorf("read %+v\nwant %+v", f, want)
	}
}

func TestColumnsInAnyOrder(t *testing.T) {
	f := one(t, `2
Properties=force:R:3:tag:I:1:Z:I:1:pos:R:3:energies:R:1:site:S:1:fixed:L:2 `+box+` pbc="T T F"
1 2 3   7 14 0 0 1 -1.5 a T F
4 5 nan 8  8 0 0 2 -2.5 b F F
`, structure.Keys{})
	if !reflect.DeepEqual(f.Numbers, []int{14, 8}) || f.Positions[1] != [3]float64{0, 0, 2} || f.PBC != [3]bool{true, true, false} {
		t.Errorf("structure %+v", f.Structure)
	}
	if f.Forces[0] != [3]float64{1, 2, 3} || !math.IsNaN(f.Forces[1][2]) || !reflect.DeepEqual(f.Energies, []float64{-1.5, -2.5}) {
		t.Errorf("labels %+v", f.Labels)
	}
	want := []structure.Column{
		{Name: "tag", Kind: 'I', Width: 1, Values: []string{"7", "8"}},
		{Name: "site", Kind: 'S', Width: 1, Values: []string{"a", "b"}},
		{Name: "fixed", Kind: 'L', Width: 2, Values: []string{"T", "F", "F", "F"}},
	}
	if !reflect.DeepEqual(f.Arrays, want) {
		t.Errorf("arrays %+v", f.Arrays)
	}
}

func TestSpecies(t *testing.T) {
	for text, want := range map[string]int{"Si": 14, "si": 14, "SI": 14, "14": 14, "Og": 118, "h": 1} {
		if f := one(t, "1\n\n"+text+" 0 0 0", structure.Keys{}); f.Numbers[0] != want {
			t.Errorf("%s is %d, want %d", text, f.Numbers[0], want)
		}
	}
}

func TestCellAndPeriodicity(t *testing.T) {
	cube := [3][3]float64{{2, 0, 0}, {0, 3, 0}, {0, 0, 4}}
	all, none := [3]bool{true, true, true}, [3]bool{}
	for _, c := range []struct {
		comment string
		cell    [3][3]float64
		pbc     [3]bool
	}{
		{"", [3][3]float64{}, none},
		{`Lattice="2 0 0 0 3 0 0 0 4"`, cube, all},
		{`lattice = '2 0 0 0 3 0 0 0 4'`, cube, all},
		{`Lattice="2 3 4" pbc="T F 1"`, cube, [3]bool{true, false, true}},
		{`Lattice=[[2, 0, 0], [0, 3, 0], [0, 0, 4]] pbc=[true, False, 0]`, cube, [3]bool{true, false, false}},
		{`Lattice="1 2 3 4 5 6 7 8 10"`, [3][3]float64{{1, 2, 3}, {4, 5, 6}, {7, 8, 10}}, all},
		{`Lattice="0 0 0 0 0 0 0 0 0"`, [3][3]float64{}, none},
		{`pbc="F F F"`, [3][3]float64{}, none},
		{`Lattice="0 0 0 0 0 0 0 0 4" pbc="F F T"`, [3][3]float64{{}, {}, {0, 0, 4}}, [3]bool{false, false, true}},
	} {
		f := one(t, "1\n"+c.comment+"\nSi 0 0 0\n", structure.Keys{})
		if f.Cell != c.cell || f.PBC != c.pbc || f.Info != nil {
			t.Errorf("%s: cell %v pbc %v info %v", c.comment, f.Cell, f.PBC, f.Info)
		}
	}
}

func TestCommentValues(t *testing.T) {
	line := `a=1 "b c"=2 c='it"s' d="say \"hi\" \\ \n" flag e = 5 f= g=x=y h=[1, [2, 3]] i={"k": "}"} j="" k=_JSON last=`
	want := []structure.Entry{
		{Key: "a", Value: "1"}, {Key: "b c", Value: "2"}, {Key: "c", Value: `it"s`}, {Key: "d", Value: "say \"hi\" \\ \n"},
		{Key: "flag", Value: "T"}, {Key: "e", Value: "5"}, {Key: "f", Value: ""}, {Key: "g", Value: "x=y"},
		{Key: "h", Value: "[1, [2, 3]]"}, {Key: "i", Value: `{"k": "}"}`}, {Key: "j", Value: ""}, {Key: "k", Value: "_JSON"},
		{Key: "last", Value: ""},
	}
	f := one(t, "1\n"+line+"\nSi 0 0 0\n", structure.Keys{})
	if !reflect.DeepEqual(f.Info, want) {
		t.Errorf("read %q\nwant %q", f.Info, want)
	}
	if v, ok := f.Get("e"); v != "5" || !ok {
		t.Errorf("Get(e) = %q %v", v, ok)
	}
}

func TestLineEnds(t *testing.T) {
	unix := "1\n" + box + " energy=-1 note=\"a b\"\nSi 0 0 1\n\n \n1\n\nO 1 1 1\n"
	want := readAll(t, unix, structure.Keys{})
	for name, text := range map[string]string{
		"Windows":       strings.ReplaceAll(unix, "\n", "\r\n"),
		"byte order":    "\ufeff" + unix,
		"no last end":   strings.TrimSuffix(unix, "\n"),
		"blank at ends": "\n" + unix + "\n\n",
		"tabs":          strings.ReplaceAll(unix, "Si 0 0 1", "\tSi\t0 0\t1 "),
	} {
		if got := readAll(t, text, structure.Keys{}); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: read %+v", name, got)
		}
	}
}

func TestLongCommentLine(t *testing.T) {
	long := strings.Repeat("x", 1<<20) // longer than any buffer inside
	f := one(t, "1\nnote="+long+"\nSi 0 0 1\n", structure.Keys{})
	if v, _ := f.Get("note"); v != long {
		t.Errorf("%d characters came back", len(v))
	}
}
