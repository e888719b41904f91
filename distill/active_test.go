package distill

import (
	"path/filepath"
	"testing"

	"mlff/dataset"
)

func TestSettled(t *testing.T) {
	for _, c := range []struct {
		errors []float64
		want   bool
	}{
		{nil, false}, {[]float64{0.2}, false},
		{[]float64{0.2, 0.1}, false},
		{[]float64{0.2, 0.191}, true}, // by less than a twentieth
		{[]float64{0.2, 0.3}, true},
		{[]float64{0.2, 0.1, 0.099}, true},
		{[]float64{0.1, 0.2, 0.15}, false}, // the last step counts
	} {
		var done []activeRound
		for _, e := range c.errors {
			done = append(done, activeRound{Forces: e})
		}
		if got := settled(done); got != c.want {
			t.Errorf("errors %v: settled %v", c.errors, got)
		}
	}
}

// Active selection ends, and saves its labels, once the error on the student's own frames no longer falls.
func TestRoundsEndWhereTheErrorNoLongerFalls(t *testing.T) {
	c, heard := small(), &recorder{}
	c.Teacher, c.Structures, c.Sample.Active = "sw-si", []string{filepath.Join("..", "examples", "silicon.extxyz")}, true
	r, err := start(Options{Dir: filepath.Join(t.TempDir(), "run"), Config: c, Events: heard})
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	r.config.Plan.Active = []int{20, 7, 7, 6}
	if err := r.writeJSON(roundsName, []activeRound{{Forces: 0.1}, {Forces: 0.099}}); err != nil {
		t.Fatal(err)
	}
	before := []dataset.Item{{ID: "first"}}
	items, err := r.explore(t.Context(), before)
	if err != nil || len(items) != 1 || !heard.said("its own dynamics teach the student no more: 6 labels are saved") {
		t.Errorf("%d frames, %v, %q", len(items), err, heard.messages)
	}
}
