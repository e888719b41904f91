package structure_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"mlff/structure"
)

func TestEnergyPrecedence(t *testing.T) {
	const comment = "energy=1 REF_energy=2 dft=3 free_energy=4"
	for _, c := range []struct {
		comment string
		keys    structure.Keys
		want    *float64
		info    string // keys left
	}{
		{"", structure.Keys{}, nil, ""},
		{"energy=1", structure.Keys{}, number(1), ""},
		{comment, structure.Keys{}, number(2), "energy dft free_energy"},
		{comment, structure.Keys{Energy: "dft"}, number(3), "energy REF_energy free_energy"},
		{comment, structure.Keys{FreeEnergy: true}, number(4), "energy REF_energy dft"},
		{comment, structure.Keys{Energy: "dft", FreeEnergy: true}, number(3), "energy REF_energy free_energy"},
		{comment, structure.Keys{Energy: "absent"}, nil, "energy REF_energy dft free_energy"},
	} {
		f := one(t, "1\n"+c.comment+"\nSi 0 0 0\n", c.keys)
		if !reflect.DeepEqual(f.Energy, c.want) || infoKeys(&f) != c.info {
			t.Errorf("%q %+v: energy %v, left %q", c.comment, c.keys, f.Energy, infoKeys(&f))
		}
	}
}

func infoKeys(f *structure.Frame) string {
	var keys []string
	for _, e := range f.Info {
		keys = append(keys, e.Key)
	}
	return strings.Join(keys, " ")
}

func TestForcePrecedence(t *testing.T) {
	const text = "1\nProperties=species:S:1:pos:R:3:forces:R:3:REF_forces:R:3:dft:R:3\nSi 0 0 0 1 1 1 2 2 2 3 3 3\n"
	for key, want := range map[string]float64{"": 2, "forces": 1, "dft": 3} {
		f := one(t, text, structure.Keys{Forces: key})
		if f.Forces[0] != [3]float64{want, want, want} || len(f.Arrays) != 2 {
			t.Errorf("key %q: forces %v, %d other columns", key, f.Forces, len(f.Arrays))
		}
	}
	if f := one(t, text, structure.Keys{Forces: "absent"}); f.Forces != nil || len(f.Arrays) != 3 {
		t.Errorf("absent key: forces %v", f.Forces)
	}
}

func TestStress(t *testing.T) {
	voigt := &[6]float64{1, 2, 3, 4, 5, 6}
	const rows = "1 6 5 6 2 4 5 4 3"
	const virial = "-1000 -2000 -3000 -4000 -5000 -6000" // of a box of 1000 Å³
	for _, c := range []struct {
		comment string
		keys    structure.Keys
		want    *[6]float64
	}{
		{`stress="1 2 3 4 5 6"`, structure.Keys{}, voigt},
		{`stress="` + rows + `"`, structure.Keys{}, voigt},
		{`stress=[[1, 6, 5], [6, 2, 4], [5, 4, 3]]`, structure.Keys{}, voigt},
		{`stress="_JSON [[1, 6, 5], [6, 2, 4], [5, 4, 3]]"`, structure.Keys{}, voigt},
		{`virial="` + virial + `"`, structure.Keys{}, voigt},
		{`virials="` + virial + `"`, structure.Keys{}, voigt},
		{`virial="` + virial + `" stress="` + rows + `"`, structure.Keys{}, voigt},
		{`REF_virial="` + virial + `" stress="9 9 9 9 9 9"`, structure.Keys{}, voigt},
		{`dft="` + rows + `" virial="9 9 9 9 9 9" REF_stress="9 9 9 9 9 9"`, structure.Keys{Stress: "dft"}, voigt},
		{`w="` + virial + `" stress="9 9 9 9 9 9"`, structure.Keys{Virial: "w"}, voigt},
		{`stress="1 2 3 4 5 6"`, structure.Keys{Stress: "absent"}, nil},
		// Rounding to four digits is no disagreement.
		{`virial="` + virial + `" stress="1.0004 2 3 4 5 6"`, structure.Keys{}, &[6]float64{1.0004, 2, 3, 4, 5, 6}},
		{`stress="1 2e-7 0 0 1 0 0 0 1e-7"`, structure.Keys{}, &[6]float64{1, 1, 1e-7, 0, 0, 1e-7}},
	} {
		f := one(t, "1\n"+box+" "+c.comment+"\nSi 0 0 0\n", c.keys)
		if !reflect.DeepEqual(f.Stress, c.want) {
			t.Errorf("%s: stress %v", c.comment, f.Stress)
		}
	}
}

func TestVirialWithoutVolume(t *testing.T) {
	f := one(t, "1\nvirial=\"0 0 0 0 0 0\"\nSi 0 0 0\n", structure.Keys{})
	if f.Stress != nil || infoKeys(&f) != "virial" {
		t.Errorf("stress %v, left %q", f.Stress, infoKeys(&f))
	}
}

func TestNaNLabelsAreKept(t *testing.T) {
	f := one(t, "1\n"+box+` energy=NaN stress="nan 0 0 0 1 0 0 0 1" Properties=species:S:1:pos:R:3:forces:R:3`+"\nSi 0 0 0 nan inf 1\n", structure.Keys{})
	if !math.IsNaN(*f.Energy) || !math.IsNaN(f.Stress[0]) || !math.IsNaN(f.Forces[0][0]) || !math.IsInf(f.Forces[0][1], 1) {
		t.Errorf("labels %v %v %v", *f.Energy, f.Stress, f.Forces)
	}
}
