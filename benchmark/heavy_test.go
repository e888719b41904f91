//go:build heavy

package benchmark

import (
	"context"
	"math"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"mlff/md"
	"mlff/model"
	"mlff/structure"
)

// A million steps leave memory where it was after ten thousand.
func TestHeavyMemoryStaysFlat(t *testing.T) {
	m, err := Reference()
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Potential(model.Options{Threads: min(2, runtime.NumCPU())})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	sim, err := md.New(p, Lattice(27), md.Options{Temperature: 300, Ensemble: md.NVT, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	var early float64
	for steps := 1000; steps <= 1_000_000; steps *= 10 {
		if err := sim.Run(context.Background(), steps-sim.Steps()); err != nil {
			t.Fatal(err)
		}
		rss := RSS()
		t.Logf("%8d steps: %.2f MiB", steps, rss)
		if steps == 10_000 {
			early = rss
		}
		// The collector wakes every two minutes and touches its own tables: pages, not megabytes.
		if steps > 10_000 && rss > early+1 {
			t.Errorf("memory grew by %.2f MiB between 10 000 and %d steps", rss-early, steps)
		}
	}
}

// Rounding to float32 must not add to the drift of the energy.
func TestHeavyPrecisionDoesNotDrift(t *testing.T) {
	const file = "../demo/student.safetensors"
	m, err := model.Load(file)
	if os.IsNotExist(err) {
		t.Skip("no " + file + ": make demo distils it")
	}
	if err != nil {
		t.Fatal(err)
	}
	example, err := structure.NewReader(strings.NewReader(m.Meta().Example), "example", structure.Keys{}).Next()
	if err != nil {
		t.Fatal(err)
	}
	s := Repeat(&example.Structure, 216)
	for seed := range uint64(5) {
		var runs [2]*Run
		var both sync.WaitGroup
		for k, precision := range []string{"float32", "float64"} {
			both.Go(func() { runs[k] = drifting(t, m, s, precision, seed) })
		}
		both.Wait()
		if t.Failed() {
			return
		}
		single, double := runs[0], runs[1]
		t.Logf("seed %d: %.3g ± %.1g in float32, %.3g ± %.1g meV/atom/ps in float64", seed, *single.Drift, *single.DriftError, *double.Drift, *double.DriftError)
		if off := math.Abs(*single.Drift - *double.Drift); off > 2*math.Hypot(*single.DriftError, *double.DriftError) {
			t.Errorf("seed %d: the drifts differ by %.3g meV/atom/ps, more than twice their error", seed, off)
		}
	}
}

func drifting(t *testing.T, m *model.Model, s structure.Structure, precision string, seed uint64) *Run {
	p, err := m.Potential(model.Options{Threads: 1, Precision: precision})
	if err != nil {
		t.Error(err)
		return nil
	}
	defer p.Close()
	run, err := Measure(context.Background(), Subject{Name: precision, Potential: p, Threads: 1}, s, Options{Timestep: 1, Steps: 50_000, Seed: seed})
	if err != nil {
		t.Error(err)
	}
	return run
}
