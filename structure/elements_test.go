package structure_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"mlff/structure"
)

func TestElements(t *testing.T) {
	for z := 1; z <= structure.MaxNumber; z++ {
		s := structure.Symbol(z)
		if back, ok := structure.Number(s); !ok || back != z {
			t.Errorf("Number(Symbol(%d) = %q) = %d, %v", z, s, back, ok)
		}
		if m := structure.Mass(z); m < 0.98*float64(z) || m > 3.1*float64(z) {
			t.Errorf("%s weighs %g u", s, m)
		}
		if r := structure.CovalentRadius(z); r < 0.28 || r > 2.6 {
			t.Errorf("%s has radius %g Å", s, r)
		}
	}
	for _, z := range []int{-1, 0, structure.MaxNumber + 1} {
		if structure.Symbol(z) != "" || structure.Mass(z) != 0 || structure.CovalentRadius(z) != 0 {
			t.Errorf("there is no element %d", z)
		}
	}
	for _, s := range []string{"", "si", "X", "14"} {
		if _, ok := structure.Number(s); ok {
			t.Errorf("%q is no symbol", s)
		}
	}
	if structure.Symbol(14) != "Si" || structure.Mass(14) != 28.085 || structure.CovalentRadius(14) != 1.11 {
		t.Error("silicon is not silicon")
	}
}

// From the exact SI values of e and k, and u = 1.66053906660e-27 kg.
func TestUnits(t *testing.T) {
	const e, k, u = 1.602176634e-19, 1.380649e-23, 1.66053906660e-27
	for name, c := range map[string][2]float64{
		"KB":               {structure.KB, k / e},
		"GPa":              {structure.GPa, 1e9 * 1e-30 / e},
		"Bar":              {structure.Bar, 1e5 * 1e-30 / e},
		"KBar":             {structure.KBar, 1e8 * 1e-30 / e},
		"MPa":              {structure.MPa, 1e6 * 1e-30 / e},
		"AccelerationUnit": {structure.AccelerationUnit, e / 1e-10 / u * 1e10 / 1e30}, // m/s² to Å/fs²
	} {
		if math.Abs(c[0]/c[1]-1) > 1e-9 { // ten digits are written
			t.Errorf("%s = %g, want %g", name, c[0], c[1])
		}
	}
}

func TestHint(t *testing.T) {
	if structure.Hint(nil, "x") != nil || structure.HintOf(nil) != "" || structure.HintOf(errors.New("a")) != "" {
		t.Error("nil and plain errors carry no hint")
	}
	cause := errors.New("cause")
	err := fmt.Errorf("outer: %w", structure.Hint(cause, "try"))
	if err.Error() != "outer: cause" || structure.HintOf(err) != "try" || !errors.Is(err, cause) {
		t.Errorf("%v, hint %q", err, structure.HintOf(err))
	}
	if again := structure.Hint(err, "better"); structure.HintOf(again) != "better" {
		t.Errorf("the outer hint counts, not %q", structure.HintOf(again))
	}
}
