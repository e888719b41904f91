package model

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mlff/structure"
)

func fileModel(t testing.TB) *Model {
	m := testModel(t, []int{8, 14}, 4, small)
	n := 1 + small.Hidden
	grade := make([]float64, 2*n*n)
	for i := range grade {
		row, col := i/n%n, i%n
		if col <= row {
			grade[i] = 0.1 * float64(1+row-col)
		}
	}
	if err := m.SetGrade(grade); err != nil {
		t.Fatal(err)
	}
	mae := 1.5
	*m.Meta() = Meta{Teacher: &Teacher{Name: "sw-si", Licence: "MIT"}, DataHash: "abc", Threshold: 1.25, Licence: "unknown",
		Domain: Domain{Elements: []string{"O", "Si"}, Temperatures: []float64{300}}, Example: "1\n\nSi 0 0 0\n",
		Certificate: &Certificate{Passed: true, Test: structure.Errors{Frames: 10, Forces: &structure.Quality{MAE: mae}}}}
	return m
}

func TestFileRoundTrip(t *testing.T) {
	m := fileModel(t)
	path := filepath.Join(t.TempDir(), "student.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	back, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back.Config(), m.Config()) || !reflect.DeepEqual(back.Params(), m.Params()) ||
		!reflect.DeepEqual(back.Grade(), m.Grade()) || !reflect.DeepEqual(back.Meta(), m.Meta()) {
		t.Error("the student read is not the student written")
	}
	first, _ := m.Marshal()
	second, _ := back.Marshal()
	if !bytes.Equal(first, second) {
		t.Error("writing again gives other bytes")
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("temporary files left: %v", left)
	}
}

// Files of version 1 load forever; this one was written by the first release of the format.
func TestVersion1Loads(t *testing.T) {
	m, err := Load("testdata/version1.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	s := structure.Structure{Numbers: []int{8, 14}, Positions: [][3]float64{{}, {1.6, 0.3, -0.2}}}
	// the energy printed when the file was written; shortest round-trip decimals, so only summation order may differ
	const want = -0.12198685701778117
	if got := evaluate(t, m, &s).Energy; got < want-1e-12 || got > want+1e-12 {
		t.Errorf("energy %.17g, want %.17g", got, want)
	}
}

func TestEveryBitFlipIsRefused(t *testing.T) {
	file, err := fileModel(t).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	rng := structure.Rand(1, "flip", 0)
	for range 1000 {
		at, bit := rng.IntN(len(file)), byte(1)<<rng.IntN(8)
		file[at] ^= bit
		if _, err := Parse(file); err == nil {
			t.Fatalf("flipping bit %d of byte %d went unnoticed", bit, at)
		}
		file[at] ^= bit
	}
	for n := 0; n < len(file); n += 97 {
		if _, err := Parse(file[:n]); err == nil {
			t.Fatalf("truncation to %d bytes went unnoticed", n)
		}
	}
}

// reseal makes a changed file consistent again, as a hostile or newer writer would.
func reseal(file []byte) []byte {
	copy(file[sealOffset(file):], noSeal)
	copy(file[sealOffset(file):], seal(file))
	return file
}

func TestWrongContentIsNamed(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`"version":"1"`, `"version":"7"`, "format version 7"},
		{`"format":"mlff"`, `"format":"onnx"`, "not a student"},
		{`"species":"[\"O\",\"Si\"]"`, `"species":"[\"O\",\"Xx\"]"`, `"Xx" is no element`},
		{`\"hidden\":7`, `\"hidden\":8`, "wrong size"},
		{`\"lmax\":3`, `\"lmax\":9`, "lmax is 9"},
		{`"cutoff":"4"`, `"cutoff":"0"`, "cutoff is 0"},
		{`"dtype":"F64"`, `"dtype":"F16"`, "must be F64"},
	} {
		file, err := fileModel(t).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		changed := bytes.Replace(file, []byte(c.old), []byte(c.new), 1)
		if bytes.Equal(changed, file) {
			t.Fatalf("%s does not occur in the file", c.old)
		}
		_, err = Parse(reseal(changed))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.new, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	file, err := fileModel(f).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add(file[:200])
	f.Add([]byte(`{"sha256":"`))
	f.Fuzz(func(t *testing.T, file []byte) {
		if sealOffset(file) >= 0 {
			file = reseal(bytes.Clone(file)) // past the seal, where the parsing is
		}
		if m, err := Parse(file); err == nil {
			if _, err := m.Marshal(); err != nil {
				t.Errorf("what was read cannot be written: %v", err)
			}
		}
	})
}
