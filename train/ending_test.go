package train

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"mlff/structure"
)

// TestEarlyStop: frames whose labels are noise teach nothing that holds elsewhere, so training returns to an early
// average, and does so again after an interruption in its decay.
func TestEarlyStop(t *testing.T) {
	items := frames(8)
	rng := structure.Rand(2, "noise", 0)
	for i := range items {
		for k := range items[i].Forces {
			items[i].Forces[k] = [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
		}
	}
	d, p := Data{items[:4], items[4:]}, tinyPlan(1500)
	p.Checks = 20
	run := func(o Options) (*History, []float64, error) {
		m := tinyStart(t, d.Train)
		h, err := Run(context.Background(), m, d, p, o)
		return h, m.Params(), err
	}
	h, want, err := run(Options{})
	if err != nil {
		t.Fatal(err)
	}
	end := h.Checks[len(h.Checks)-1].Step
	if h.Stopped == 0 || end >= p.Steps || !h.Reproducible {
		t.Fatalf("stopped at %d, best %d, end %d of %d, reproducible %v", h.Stopped, h.Best, end, p.Steps, h.Reproducible)
	}
	path := filepath.Join(t.TempDir(), "checkpoint")
	ctx, cancel := context.WithCancel(context.Background())
	_, err = Run(ctx, tinyStart(t, d.Train), d, p, Options{Checkpoint: path, Progress: func(g Progress) {
		if g.Step == (h.Stopped+end)/2 {
			cancel()
		}
	}})
	if err == nil {
		t.Fatal("not interrupted")
	}
	if _, got, err := run(Options{Checkpoint: path}); err != nil || !slices.Equal(got, want) {
		t.Errorf("interrupted in its decay it ends with other parameters (%v)", err)
	}
}
