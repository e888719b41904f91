package structure_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mlff/structure"
	"mlff/structure/structuretest"
)

func writeAll(t *testing.T, path string, frames []structure.Frame) {
	t.Helper()
	w, err := structure.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range frames {
		if err := w.Write(&frames[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func text(t *testing.T, f *structure.Frame) string {
	t.Helper()
	var b bytes.Buffer
	if err := structure.WriteFrame(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// rich is a frame with everything a file can hold, and numbers whose shortest decimals are long.
func rich() structure.Frame {
	random := structure.Rand(1, "write_test", 0)
	f := structure.Frame{
		Structure: structure.Structure{
			Numbers: []int{14, 8, 1},
			Cell:    [3][3]float64{{5.1, 0.1, 1e-300}, {-1. / 3, 6, 0}, {0.2, math.Pi, 7e10}},
			PBC:     [3]bool{true, false, true},
		},
		Labels: structure.Labels{
			Energy:   number(-1e-17 / 3),
			Stress:   &[6]float64{1. / 3, 2e-9, -3, 4, 5, math.Copysign(0, -1)},
			Energies: []float64{-1, 2. / 3, 1e21},
		},
		Info: []structure.Entry{
			{Key: "config_type", Value: "bulk"}, {Key: "description", Value: `a "b" \ 'c' = d, {`}, {Key: "two words", Value: ""},
			{Key: "lines", Value: "one\ntwo"}, {Key: "nested", Value: `[[1, 2], {"a": "]"}]`}, {Key: "open", Value: "[1"}, {Key: "free_energy", Value: "3"},
		},
		Arrays: []structure.Column{
			{Name: "momenta", Kind: 'R', Width: 3, Values: strings.Fields("1.0 2.50 -3e0 4 5 6 7 8 9")},
			{Name: "od=d, na\"me", Kind: 'S', Width: 1, Values: []string{"[", `"`, "="}},
		},
	}
	for range f.Numbers {
		f.Positions = append(f.Positions, [3]float64{random.NormFloat64(), -1e5 * random.Float64(), 1e-9 * random.Float64()})
		f.Forces = append(f.Forces, [3]float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()})
	}
	return f
}

func TestRoundTrip(t *testing.T) {
	f := rich()
	if got := one(t, text(t, &f), structure.Keys{}); !reflect.DeepEqual(got, f) {
		t.Errorf("wrote %+v\nread  %+v", f, got)
	}
	for _, name := range []string{"a.extxyz", "a.xyz.gz", "a.extxyz.zst"} {
		path := filepath.Join(t.TempDir(), name)
		want := []structure.Frame{f, rich(), f}
		writeAll(t, path, want)
		if got, err := structure.ReadFile(path, structure.Keys{}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %d frames, error %v", name, len(got), err)
		}
	}
}

// What was a label stays one, and nothing else becomes one, whatever the Keys of the first reading.
func TestRoundTripOfAmbiguousNames(t *testing.T) {
	const in = "1\n" + box + ` energy=1 REF_energy=2 dft_energy=3 free_energy=4 stress="1 1 1 0 0 0" REF_stress="2 2 2 0 0 0" dft_stress="3 3 3 0 0 0"` +
		" Properties=species:S:1:forces:R:3:REF_forces:R:3:force:R:3:pos:R:3:symbols:S:1\nSi 1 1 1 2 2 2 3 3 3 0 0 0 Xy\n"
	for _, keys := range []structure.Keys{
		{}, {FreeEnergy: true}, {Energy: "dft_energy", Forces: "force", Stress: "dft_stress"}, {Energy: "no", Forces: "no", Stress: "no", Virial: "no"},
		{Energy: "energy", Forces: "forces", Stress: "stress"},
	} {
		f := one(t, in, keys)
		got := one(t, text(t, &f), structure.Keys{})
		if !reflect.DeepEqual(got.Labels, f.Labels) || len(got.Info) != len(f.Info) || len(got.Arrays) != len(f.Arrays) {
			t.Errorf("%+v: wrote %+v\nread %+v\n%s", keys, f, got, text(t, &f))
		}
		if keys == (structure.Keys{}) && !reflect.DeepEqual(got, f) {
			t.Errorf("wrote %+v\nread  %+v", f, got)
		}
	}
}

func TestWriteFrameText(t *testing.T) {
	f := structure.Frame{
		Structure: structure.Structure{Numbers: []int{1}, Positions: [][3]float64{{0, 0.1, -2}}, Cell: [3][3]float64{{4}, {0, 4}, {0, 0, 4}}, PBC: [3]bool{true, true, false}},
		Labels:    structure.Labels{Energy: number(-0.5), Forces: [][3]float64{{0, 1e-7, 0}}, Stress: &[6]float64{1, 2, 3, 4, 5, 6}},
		Info:      []structure.Entry{{Key: "config_type", Value: "a b"}},
	}
	const want = `1
Lattice="4 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3:forces:R:3 config_type="a b" energy=-0.5 stress="1 6 5 6 2 4 5 4 3" pbc="T T F"
H 0 0.1 -2 0 1e-07 0
`
	if got := text(t, &f); got != want {
		t.Errorf("wrote\n%swant\n%s", got, want)
	}
}

func TestWriteFrameRefuses(t *testing.T) {
	for message, spoil := range map[string]func(f *structure.Frame){
		"without atoms":        func(f *structure.Frame) { *f = structure.Frame{} },
		"has position":         func(f *structure.Frame) { f.Positions[1][2] = math.NaN() },
		"have 2 positions":     func(f *structure.Frame) { f.Positions = f.Positions[:2] },
		"3 atoms have 1 force": func(f *structure.Frame) { f.Forces = f.Forces[:1] },
		"called Lattice":       func(f *structure.Frame) { f.Info[0].Key = "Lattice" },
		`called "pos"`:         func(f *structure.Frame) { f.Arrays[0].Name = "pos" },
		`called "a:b"`:         func(f *structure.Frame) { f.Arrays[0].Name = "a:b" },
		"has 8 values":         func(f *structure.Frame) { f.Arrays[0].Values = f.Arrays[0].Values[1:] },
		`has the value "a b"`:  func(f *structure.Frame) { f.Arrays[1].Values[0] = "a b" },
		`"x" is no number`:     func(f *structure.Frame) { f.Arrays[0].Values[0] = "x" },
	} {
		f := rich()
		spoil(&f)
		var b bytes.Buffer
		if err := structure.WriteFrame(&b, &f); err == nil || !strings.Contains(err.Error(), message) || b.Len() > 0 {
			t.Errorf("want %q, got %v and %d bytes", message, err, b.Len())
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWriteErrorsComeBack(t *testing.T) {
	f := rich()
	if err := structure.WriteFrame(fullDisk{}, &f); err == nil {
		t.Error("a failing write is not reported")
	}
	if _, err := structure.Create(filepath.Join(t.TempDir(), "absent", "a.xyz")); err == nil {
		t.Error("a folder that is not there is not reported")
	}
}

// The development data: every frame is read, and reading what was written gives the same.
func TestRealFiles(t *testing.T) {
	for name, want := range map[string]struct{ frames, atoms int }{
		"mlearn/Si_test.extxyz":     {25, 1525},
		"mlearn/Si_training.extxyz": {214, 13233},
		"mlearn/Li_test.extxyz":     {29, 1320},
		"mlearn/Li_training.extxyz": {241, 11576},
		"water-painn/start.extxyz":  {3, 132},
		"water-painn/test.extxyz":   {60, 2880},
		"water-painn/train.extxyz":  {800, 38400},
	} {
		t.Run(name, func(t *testing.T) {
			frames, err := structure.ReadFile(structuretest.Data(t, name), structure.Keys{})
			if err != nil {
				t.Fatal(err)
			}
			atoms := 0
			path := filepath.Join(t.TempDir(), "copy.extxyz")
			writeAll(t, path, frames)
			again, err := structure.ReadFile(path, structure.Keys{})
			if err != nil || !reflect.DeepEqual(frames, again) {
				t.Errorf("written and read again: %d of %d frames, error %v", len(again), len(frames), err)
			}
			for i := range frames {
				atoms += frames[i].Len()
			}
			if len(frames) != want.frames || atoms != want.atoms {
				t.Errorf("%d frames, %d atoms", len(frames), atoms)
			}
		})
	}
}
