package model

import (
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"mlff/structure"
)

func TestPoolRunsEveryUnitOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 5} {
		p := newPool(threads)
		for round := range 200 {
			var counts [37]atomic.Int32
			if err := p.run(len(counts), func(_, unit int) { counts[unit].Add(1) }); err != nil {
				t.Fatal(err)
			}
			for unit := range counts {
				if n := counts[unit].Load(); n != 1 {
					t.Fatalf("%d threads, round %d: unit %d ran %d times", threads, round, unit, n)
				}
			}
			if round%50 == 0 {
				runtime.GC() // a collection while workers spin must not stall them
			}
		}
		p.close()
	}
}

// More workers than processors, and pauses in which they park: announcements arrive late, in any order.
func TestPoolOversubscribed(t *testing.T) {
	p := newPool(4 * runtime.GOMAXPROCS(0))
	defer p.close()
	var units atomic.Int64
	const rounds = 2000
	for round := range rounds {
		if err := p.run(16, func(_, _ int) { units.Add(1) }); err != nil {
			t.Fatal(err)
		}
		if round%20 == 0 {
			runtime.GC()
		}
	}
	if n := units.Load(); n != 16*rounds {
		t.Errorf("%d units ran, want %d", n, 16*rounds)
	}
}

func TestPoolTurnsPanicsIntoErrors(t *testing.T) {
	p := newPool(3)
	defer p.close()
	err := p.run(20, func(_, unit int) {
		if unit == 7 {
			panic("unit seven")
		}
	})
	if err == nil || !strings.Contains(err.Error(), "unit seven") {
		t.Errorf("error %v", err)
	}
	if err := p.run(20, func(_, _ int) {}); err != nil {
		t.Errorf("the pool stays broken: %v", err)
	}
}

func TestEvaluateAllocatesNothing(t *testing.T) {
	m := testModel(t, []int{14}, 4, small)
	s := lattice(3, 4, 20)
	for _, o := range []Options{{Threads: 1}, {Threads: 2}, {Threads: 1, Precision: "float64"}} {
		p, err := m.Potential(o)
		if err != nil {
			t.Fatal(err)
		}
		var out structure.Result
		i := 0
		n := testing.AllocsPerRun(20, func() {
			s.Positions[i%27][0] += 0.4 // every other call moves an atom far enough to rebuild the list
			i++
			if err := p.Evaluate(&s, &out); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%+v: %v allocations per call", o, n)
		}
		p.Close()
	}
}

func TestBadInputIsRefused(t *testing.T) {
	m := testModel(t, []int{14}, 4, small)
	p, err := m.Potential(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	nan := lattice(2, 4, 20)
	nan.Positions[3][1] /= 0 * nan.Positions[3][1]
	alien := lattice(2, 4, 20)
	alien.Numbers[2] = 31
	same := lattice(2, 4, 20)
	same.Positions[1] = same.Positions[0]
	for _, c := range []struct {
		s    structure.Structure
		want string
	}{{nan, "position"}, {alien, "knows Si, not Ga"}, {same, "atoms 0 and 1"}} {
		var out structure.Result
		if err := p.Evaluate(&c.s, &out); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
		good := lattice(2, 4, 20)
		if err := p.Evaluate(&good, &out); err != nil {
			t.Errorf("after a refused structure a good one fails: %v", err)
		}
	}
	if _, err := m.Potential(Options{Precision: "float16"}); err == nil {
		t.Error("float16 accepted")
	}
	if _, err := m.Potential(Options{Kernel: "gpu"}); err == nil {
		t.Error("an unknown kernel accepted")
	}
}
