package benchmark

import (
	"context"
	"math"
	"testing"

	"mlff/model"
)

func TestScaling(t *testing.T) {
	var runs []*Run
	for _, n := range []int{10, 100, 1000} {
		runs = append(runs, &Run{Potential: "linear", Atoms: n, Latency: Latency{P50: 3 * float64(n)}}, &Run{Potential: "square", Atoms: n, Latency: Latency{P50: float64(n * n)}})
	}
	runs = append(runs, &Run{Potential: "once", Atoms: 10, Latency: Latency{P50: 1}})
	s := Scalings(runs)
	if len(s) != 2 || math.Abs(s[0].Exponent-1) > 1e-12 || math.Abs(s[1].Exponent-2) > 1e-12 || s[0].Sizes != 3 {
		t.Errorf("%+v", s)
	}
}

// Structures of a batch get what they get by themselves; here only the counting is looked at, not the time.
func TestBatch(t *testing.T) {
	m, err := Reference()
	if err != nil {
		t.Fatal(err)
	}
	s := Lattice(8)
	b, err := MeasureBatch(context.Background(), m, model.Options{Threads: 2}, Jittered(&s, 5))
	if err != nil {
		t.Fatal(err)
	}
	if b.Structures != 5 || b.Atoms != 8 || b.Threads != 2 || !(b.Single > 0) || !(b.Together > 0) || !(b.Ratio > 0) {
		t.Errorf("%+v", b)
	}
}
