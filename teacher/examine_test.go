package teacher

import (
	"context"
	"strings"
	"testing"

	"mlff/structure"
)

func examine(t *testing.T, teach Teacher, s []structure.Structure) *Examination {
	t.Helper()
	x, err := Examine(context.Background(), teach, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestSoundTeachersPass(t *testing.T) {
	x := examine(t, open(t, "sw-si", Options{}), rattled(2))
	if !x.Passed() || x.Stress == nil || x.Forces.Error > 1e-6 || *x.Asymmetry > 1e-3 {
		// Slopes are exact to eighth order; differences of forces, to second, leave 1e-4 of an element of dF/dx.
		t.Errorf("%+v", x)
	}
	x = examine(t, fake(t, "?fault=float32", Options{Workers: 1}), cells(8)[7:])
	if !x.Passed() || x.Evaluations != 18+13 {
		t.Errorf("%+v", x)
	}
}

func TestExaminationFindsFaults(t *testing.T) {
	for _, c := range []struct{ fault, finding, says string }{
		{"gigapascal", "stress", "it looks like GPa, tension positive, order xx yy zz yz xz xy"},
		{"sign", "stress", "it looks like eV/Å^3, compression positive"},
		{"order", "stress", "order xx yy zz xy yz xz"},
		{"random", "repeatable", "gives other forces when asked again"},
		{"direct", "forces", "not conservative"},
		{"random", "forces", "not conservative"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			x := examine(t, fake(t, "?batch=40&fault="+c.fault, Options{Workers: 1}), cells(8)[7:])
			found := false
			for _, f := range x.Findings {
				found = found || f.Name == c.finding && !f.Pass && strings.Contains(f.Text, c.says)
			}
			if !found || x.Passed() {
				t.Errorf("%+v", x)
			}
		})
	}
	t.Run("stressless", func(t *testing.T) {
		if x := examine(t, fake(t, "?fault=stressless", Options{Workers: 1}), cells(8)[7:]); x.Stress != nil || !x.Passed() {
			t.Errorf("%+v", x)
		}
	})
}
