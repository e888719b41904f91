package validate

import (
	"math"
	"testing"

	"mlff/structure"
)

// near as floats of seven digits can be
const digits7 = 1e-6

func TestRankStatistics(t *testing.T) {
	// ranks 0 1 2 3 against 0 2 1 3: 1 - 6·2/(4·15) = 0.8
	if r := spearman([]float32{1, 2, 3, 4}, []float32{10, 30, 20, 40}); math.Abs(r-0.8) > digits7 {
		t.Errorf("Spearman %g, want 0.8", r)
	}
	// ties share their rank: 0.5 0.5 2 against 0 1 2 gives 1.5/sqrt(1.5·2)
	if r, want := spearman([]float32{1, 1, 2}, []float32{1, 2, 3}), 1.5/math.Sqrt(3); math.Abs(r-want) > digits7 {
		t.Errorf("Spearman with a tie %g, want %g", r, want)
	}
	if spearman([]float32{1, 1}, []float32{1, 2}) != 0 {
		t.Error("a constant has no rank")
	}
	if a := auroc([]float32{1, 2}, []float32{2, 3}); a != 0.875 { // three wins and a tie of four pairs
		t.Errorf("AUROC %g", a)
	}
	if q := quantileOf([]float32{3, 1, 2, 4}, 0.5); q != 2 {
		t.Errorf("median %g", q)
	}
}

func TestGuardConcludes(t *testing.T) {
	g := &Guard{Threshold: 1, Median: 10, Known: GuardSet{Grades: []float32{0.1, 0.2, 0.3, 1.1}, Errors: []float32{8, 10, 12, 11}, Flagged: []bool{false, false, false, true}},
		Shifts: []GuardSet{{Grades: []float32{2, 0.5, 3}, Errors: []float32{60, 20, 90}, Flagged: []bool{true, false, true}},
			{Grades: []float32{0.9}, Errors: []float32{70}, Flagged: []bool{true}}}} // flagged by another alarm
	g.conclude()
	if g.FalseAlarms != 0.25 || g.Wrong != 3 || *g.Caught != 1 || math.Abs(*g.CaughtAt5-2.0/3) > digits7 {
		t.Errorf("%+v", g)
	}
	g.Gate, g.Calibration = 3, "18 held-out frames and 270 of its own dynamics"
	checks := g.checks()
	if *checks[0].Pass || !*checks[1].Pass || checks[0].Decides {
		t.Errorf("%+v", checks)
	}
	if want := "of 1 test frames and 3 of the on-policy gate; calibrated on 18 held-out frames and 270 of its own dynamics"; checks[0].Note != want {
		t.Errorf("the note says %q, want %q", checks[0].Note, want)
	}
	var none *Guard
	if none.checks() != nil {
		t.Error("no guard, no figures")
	}
}

// A student whose dynamics broke down has been where nothing is known.
func TestOnlyStableDynamicsIsKnown(t *testing.T) {
	var none *Gate
	if none.stable() || !(&Gate{States: []State{{}, {}}}).stable() || (&Gate{States: []State{{}, {Failure: "atom 3 flew away"}}}).stable() {
		t.Error("a gate is stable where there is one and none of its states failed")
	}
}

func TestMoleculesAreCutWhole(t *testing.T) {
	// two molecules of nitrogen, one of them across the boundary along the longest vector
	s := structure.Structure{Numbers: []int{7, 7, 7, 7}, Positions: [][3]float64{{0.2, 1, 1}, {9.1, 1, 1}, {4, 4, 4}, {5.1, 4, 4}},
		Cell: [3][3]float64{{10}, {0, 8}, {0, 0, 8}}, PBC: [3]bool{true, true, true}}
	if !cut(&s) || math.Abs(s.Cell[0][0]-20) > digits7 || s.Cell[1][1] != 8 {
		t.Fatalf("cell %v", s.Cell)
	}
	for _, pair := range [][2]int{{0, 1}, {2, 3}} {
		if d := structure.Norm(structure.Sub(s.Positions[pair[0]], s.Positions[pair[1]])); math.Abs(d-1.1) > digits7 {
			t.Errorf("bond %v is %g Å long", pair, d)
		}
	}
	if !remove(&s, 2) || s.Len() != 2 {
		t.Errorf("%d atoms are left of two molecules less one", s.Len())
	}
	if remove(&s, 0) {
		t.Error("nothing would be left")
	}
	crystal := *diamond(5.431)
	if !remove(&crystal, 3) || crystal.Len() != 7 {
		t.Errorf("a vacancy leaves %d atoms of 8", crystal.Len())
	}
}
