package dataset

import (
	"strings"
	"testing"

	"mlff/structure"
)

func TestStressConvention(t *testing.T) {
	lammps := [6]int{0, 1, 2, 5, 4, 3}
	for _, test := range []struct {
		name   string
		label  func(ours [6]float64, volume float64) [6]float64
		found  bool
		says   string
		spread float64 // error of the prediction over the stress
	}{
		{"ours", func(s [6]float64, _ float64) [6]float64 { return s }, false, "", 0.1},
		{"compression positive", func(s [6]float64, _ float64) [6]float64 { return scaled(s, -1) }, true, "compression positive", 0.1},
		{"GPa", func(s [6]float64, _ float64) [6]float64 { return scaled(s, 160.2176634) }, true, "in GPa", 0.2},
		{"kbar, compression positive", func(s [6]float64, _ float64) [6]float64 { return scaled(s, -1602.176634) }, true, "kbar, compression positive", 0.2},
		{"virial", func(s [6]float64, v float64) [6]float64 { return scaled(s, -v) }, true, "times volume in eV, compression positive", 0.2},
		{"LAMMPS order", func(s [6]float64, _ float64) [6]float64 { return reordered(s, lammps) }, true, "xx yy zz xy xz yz", 0.1},
		{"VASP", func(s [6]float64, _ float64) [6]float64 {
			return scaled([6]float64{s[0], s[1], s[2], s[5], s[3], s[4]}, 1602.176634)
		}, true, "kbar, in the order xx yy zz xy yz xz", 0.1},
		{"unrelated", func(s [6]float64, _ float64) [6]float64 {
			return [6]float64{s[1] * s[1], s[3] * s[2], -s[0] * s[0], s[4] * s[5], s[3] * s[3], s[0]}
		}, false, "", 0.1},
		{"a poor prediction", func(s [6]float64, _ float64) [6]float64 { return scaled(s, -1) }, false, "", 1.5},
	} {
		t.Run(test.name, func(t *testing.T) {
			rng := structure.Rand(1, test.name, 0)
			var predicted, labelled [][6]float64
			var volumes []float64
			for range 40 {
				var s, p [6]float64
				for k := range s {
					s[k] = 0.02 * rng.NormFloat64()
					p[k] = s[k] + test.spread*0.02*rng.NormFloat64()
				}
				v := 100 + 50*rng.Float64()
				predicted, labelled, volumes = append(predicted, p), append(labelled, test.label(s, v)), append(volumes, v)
			}
			c, found := StressConvention(predicted, labelled, volumes)
			if found != test.found || found && !strings.Contains(c.String(), test.says) {
				t.Errorf("found %v: %s", found, c)
			}
			// the order of LAMMPS keeps xx, yy, zz and xz: labels are not doubted for that alone
			if wrong := test.name != "ours"; test.name != "LAMMPS order" && StressDisagrees(predicted, labelled, volumes) != wrong {
				t.Errorf("disagrees: %v", !wrong)
			}
			if !found {
				return
			}
			if r := residual(c, predicted, labelled, volumes); r > test.spread*test.spread {
				t.Errorf("the convention leaves a residual of %.3g", r)
			}
		})
	}
	if _, found := StressConvention(nil, nil, nil); found || StressDisagrees(nil, nil, nil) {
		t.Error("a convention was found in no data")
	}
}

// TestStressConventionOfPressure: where only the diagonal is labelled, no order is better than another.
func TestStressConventionOfPressure(t *testing.T) {
	var predicted, labelled [][6]float64
	var volumes []float64
	for k := range 10 {
		p := 0.01 * float64(k)
		predicted = append(predicted, [6]float64{p, p, p})
		labelled = append(labelled, [6]float64{p, p, p})
		volumes = append(volumes, 100)
	}
	if c, found := StressConvention(predicted, labelled, volumes); found {
		t.Errorf("found %s", c)
	}
}

func scaled(s [6]float64, f float64) [6]float64 {
	for k := range s {
		s[k] *= f
	}
	return s
}

func reordered(s [6]float64, order [6]int) (out [6]float64) {
	for k := range s {
		out[order[k]] = s[k]
	}
	return out
}
