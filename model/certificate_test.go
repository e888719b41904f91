package model

import (
	"slices"
	"testing"

	"mlff/structure"
)

func TestCertificateSaysWhatDecided(t *testing.T) {
	bar, low := 0.95, 0.5
	yes, no := true, false
	quality := &structure.Quality{}
	good := Check{Name: "forces accuracy", Figure: &bar, Bar: &low, Pass: &yes}
	for _, c := range []struct {
		name               string
		certificate        Certificate
		verdict, undecided string
		failures, warnings []string
	}{
		{"no bars", Certificate{Passed: true}, "no bar decided", "", nil, nil},
		{"few frames", Certificate{Passed: true, Test: structure.Errors{Frames: 3, Energy: quality, Forces: quality},
			Bars: map[string]*float64{"energy": &bar, "forces": &bar, "stress": nil}},
			"no bar decided", "energy, forces (3 test frames; 10 are needed)", nil, nil},
		{"some decided", Certificate{Passed: true, Test: structure.Errors{Frames: 30, Forces: quality},
			Bars: map[string]*float64{"forces": &low, "stress": &bar, "drift": &bar}, Checks: []Check{good}},
			"passed", "stress (no test frame has labels of it); drift (there is no structure periodic in all directions to run)", nil, nil},
		{"decides by itself", Certificate{Checks: []Check{{Name: "on-policy forces", State: "900 K", Figure: &low, Pass: &no, Decides: true}, {Name: "density"}}},
			"NOT passed", "", []string{"on-policy forces, 900 K: 0.5"}, nil},
		{"exploded", Certificate{Test: structure.Errors{Frames: 30, Forces: quality}, Bars: map[string]*float64{"drift": &bar},
			Checks: []Check{good, {Name: "energy drift", Bar: &bar, Unit: "meV/atom/ps", Pass: &no, Note: "step 3: exploded"}, {Name: "Si–Si repulsive", Figure: &low, Unit: "eV/Å", Pass: &no}}},
			"NOT passed", "", []string{"energy drift: step 3: exploded"}, []string{"Si–Si repulsive: 0.5 eV/Å"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &c.certificate
			if k.Verdict() != c.verdict || k.Undecided() != c.undecided {
				t.Errorf("%s, not decided: %s", k.Verdict(), k.Undecided())
			}
			if !slices.Equal(k.Failures(), c.failures) || !slices.Equal(k.Warnings(), c.warnings) {
				t.Errorf("failures %q, warnings %q", k.Failures(), k.Warnings())
			}
		})
	}
}

func TestMeasuredAgainReplaces(t *testing.T) {
	yes, no, bar, figure := true, false, 0.95, 0.9
	before := &Certificate{Test: structure.Errors{Frames: 30}, NVE: &NVE{Drift: 1}, Bars: map[string]*float64{"forces": &bar},
		Checks: []Check{{Name: "forces accuracy", Figure: &figure, Bar: &bar, Pass: &no, Decides: true}, {Name: "a0", State: "diamond", Figure: &figure}}}
	after := (&Certificate{Passed: true, Engine: "2", Checks: []Check{{Name: "a0", State: "bcc", Figure: &bar}}}).Over(before)
	if after.Passed || after.Test.Frames != 30 || after.NVE == nil || after.Engine != "2" || len(after.Checks) != 3 {
		t.Errorf("what was not measured again is lost: %+v", after)
	}
	after = (&Certificate{Checks: []Check{{Name: "forces accuracy", Figure: &bar, Bar: &bar, Pass: &yes, Decides: true}}}).Over(after)
	if !after.Passed || len(after.Checks) != 3 || len(before.Checks) != 2 {
		t.Errorf("what was measured again does not count: %+v", after)
	}
}
