package benchmark

import (
	"context"
	"encoding/json"
	"math"
	"testing"
	"time"

	"mlff/classical"
	"mlff/model"
	"mlff/structure"
)

func TestReferenceIsWhatTheBarsSay(t *testing.T) {
	m, err := Reference()
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Potential(model.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, n := range []int{216, 1000} {
		s := Lattice(n)
		run, err := Measure(context.Background(), Subject{Name: "reference", Potential: p, Threads: 1}, s, Options{Steps: 100, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		if s.Len() != n || math.Abs(*run.Neighbors-52) > 1 {
			t.Errorf("%d atoms, not %d, with %.2f neighbours", s.Len(), n, *run.Neighbors)
		}
		// The two fastest of 1000 silicon atoms at 300 K part by the skin of 1 Å within about 40 steps of 1 fs.
		if *run.Rebuilds < 0.01 || *run.Rebuilds > 0.05 {
			t.Errorf("%d atoms: the list is built in %.3f of all steps", n, *run.Rebuilds)
		}
		// A potential that explodes gains eV per atom; weak random forces keep the energy to meV in 0.1 ps.
		if *run.Drift > 10 {
			t.Errorf("%d atoms: a drift of %.3g meV/atom/ps", n, *run.Drift)
		}
	}
}

// The names that other programs read.
func TestRunAsJSON(t *testing.T) {
	s := Lattice(8)
	run, err := Measure(context.Background(), Subject{Name: "sw", Potential: classical.NewStillingerWeber(), Threads: 1}, s, Options{Steps: 3, WarmUp: -1, Ensemble: "nvt"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(run)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	times, _ := got["us_per_atom_step"].(map[string]any)
	if got["potential"] != "sw" || got["ensemble"] != "nvt" || got["atoms"] != 8.0 || got["threads"] != 1.0 || times["min"] == nil || times["median"] == nil {
		t.Errorf("%s", text)
	}
	for _, key := range []string{"neighbors", "conserved_drift", "rss_mib"} {
		if _, there := got[key]; !there {
			t.Errorf("no %s in %s", key, text)
		}
	}
}

func TestSpreadOfSteps(t *testing.T) {
	ms := func(v ...int) (d []time.Duration) {
		for _, x := range v {
			d = append(d, time.Duration(x)*time.Millisecond)
		}
		return d
	}
	if got := spread(repeats(ms(1, 3, 10, 20, 5, 5, 8), 3), 1); got != (Spread{2, 6}) { // means 2, 15, 6
		t.Errorf("spread %+v", got)
	}
	l := latency(ms(4, 1, 2, 3, 5))
	// Interpolated between the sorted values; sums of few decimals.
	for _, c := range [][2]float64{{l.Mean, 3}, {l.P50, 3}, {l.P95, 4.8}, {l.P99, 4.96}} {
		if math.Abs(c[0]-c[1]) > 1e-12 {
			t.Errorf("latency %+v", l)
		}
	}
	if got := nanosecondsPerDay(1, 1e6); math.Abs(got-0.0864) > 1e-12 { // 86400 steps of 1 fs a day
		t.Errorf("%g ns a day", got)
	}
}

func TestRepeatIsNearAndEven(t *testing.T) {
	cell := structure.Structure{Numbers: make([]int, 8), Positions: make([][3]float64, 8), PBC: [3]bool{true, true, true},
		Cell: [3][3]float64{{5, 0, 0}, {0, 5, 0}, {0, 0, 10}}}
	for _, c := range []struct{ wanted, atoms int }{{1, 8}, {64, 64}, {216, 216}, {1000, 1024}} {
		s := Repeat(&cell, c.wanted)
		if off := math.Abs(math.Log(float64(s.Len()) / float64(c.wanted))); s.Len() < c.atoms && off > 0.1 && c.wanted > 8 {
			t.Errorf("%d atoms for %d", s.Len(), c.wanted)
		}
		if edge := spreadOf([3]float64{s.Cell[0][0], s.Cell[1][1], s.Cell[2][2]}, s.PBC); edge > math.Log(2.01) {
			t.Errorf("%d atoms in a cell of %v", s.Len(), s.Cell)
		}
	}
	cell.PBC = [3]bool{}
	if s := Repeat(&cell, 1000); s.Len() != 8 {
		t.Errorf("a molecule of 8 atoms becomes %d", s.Len())
	}
}
