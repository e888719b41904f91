package train

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
)

var tiny = model.Shape{Radial: 4, Channels: 4, Mixed: 3, Hidden: 4, LMax: 2, LT: 1, Layers: 1, Intervals: 24}

// spring labels frames with a pair potential, k/2 (r - r0)² (1 - r/c)³ inside c, so that there is something to learn.
func spring(it *dataset.Item) {
	const k, r0, c = 0.8, 2.4, 4.2
	var out structure.Result
	out.Resize(it.Len())
	clear(out.Forces)
	for i, x := range it.Positions {
		for j, y := range it.Positions {
			for a := -1; a <= 1; a++ {
				for b := -1; b <= 1; b++ {
					for g := -1; g <= 1; g++ {
						shift := structure.Mul([3]float64{float64(a), float64(b), float64(g)}, it.Cell)
						if it.PBC == [3]bool{} && (a != 0 || b != 0 || g != 0) || i == j && a == 0 && b == 0 && g == 0 {
							continue
						}
						d := structure.Sub(structure.Add(y, shift), x)
						r := structure.Norm(d)
						if r >= c {
							continue
						}
						cut := 1 - r/c
						out.Energy += k / 4 * (r - r0) * (r - r0) * cut * cut * cut
						slope := k*(r-r0)*cut*cut*cut - k*(r-r0)*(r-r0)*1.5/c*cut*cut
						out.Forces[i] = structure.Add(out.Forces[i], structure.Scale(slope/r, d))
						for p := range d {
							for q := range d {
								out.Virial[p][q] -= slope / 2 * d[p] * d[q] / r
							}
						}
					}
				}
			}
		}
	}
	energy := out.Energy - float64(it.Len())
	it.Energy, it.Forces = &energy, out.Forces
	if it.Periodic() {
		stress := structure.StressOf(out.Virial, it.Volume())
		it.Stress = &stress
	}
}

// frames are rattled crystals of two species, a molecule and an isolated atom, labelled by spring.
func frames(n int) []dataset.Item {
	var items []dataset.Item
	for k := range n {
		rng := structure.Rand(5, "frames", uint64(k))
		it := crystal(2, 2.4+0.2*rng.Float64(), 14, 14, 32)
		it.Cell[1][0] = 0.4
		if k%5 == 4 {
			it = labelled(0, 14, 32, 14)
			it.Positions = [][3]float64{{}, {2.3, 0, 0}, {0.2, 2.5, 0.1}}
		}
		for i := range it.Positions {
			for a := range it.Positions[i] {
				it.Positions[i][a] += 0.1 * rng.NormFloat64()
			}
		}
		spring(&it)
		it.Weight, it.ID = 1+float64(k%2), structure.ID(&it.Structure)
		items = append(items, it)
	}
	return items
}

func tinyStart(t *testing.T, items []dataset.Item) *model.Model {
	t.Helper()
	s, err := Measure(context.Background(), items, 4.2, 1)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Start(tiny, s, SpeciesEnergies(items), 1)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// tinyPlan takes a few seconds less than it should to learn anything well.
func tinyPlan(steps int) Plan {
	p := DefaultPlan()
	p.Steps, p.Batch, p.Checks, p.WeightDecay = steps, 3, 4, 1e-3
	return p
}

func TestGradientOfLoss(t *testing.T) {
	items := frames(5)
	items[1].Energy = nil
	items[2].Stress = nil
	items[3].Forces = nil
	var batch []*dataset.Item
	for i := range items {
		batch = append(batch, &items[i])
	}
	for _, kind := range []string{Squared, Huber} {
		m := tinyStart(t, items)
		m.Initialise(1) // gentler functions than a whitened start has: the displacement's truncation stays below 1e-6
		copy(m.Tensor("energy.E0"), SpeciesEnergies(items).E0)
		e, err := newEngine(m, Loss{Kind: kind, Eps: m.Config().Eps, Atoms: 6}, 2)
		if err != nil {
			t.Fatal(err)
		}
		defer e.gradient.Close()
		w := Weights{Energy: 0.5, Forces: 1, Stress: 0.3}
		gradient, scratch := make([]float64, len(m.Params())), make([]float64, len(m.Params()))
		if _, err := e.batch(batch, w, gradient); err != nil {
			t.Fatal(err)
		}
		at := 0
		for _, tensor := range m.Tensors() {
			compareGradient(t, kind+" "+tensor.Name, tensor.Data, gradient[at:], func() float64 {
				terms, err := e.batch(batch, w, scratch)
				if err != nil {
					t.Fatal(err)
				}
				return terms.Total(w)
			})
			at += len(tensor.Data)
		}
	}
}

// compareGradient differences value by some entries of x. With h = 1e-4 and a fourth-order formula truncation is
// h⁴ times the fifth derivative, 1e-14 relative; 1e-6 of the tensor's largest leaves that and the displacement's own 1e-8
// (largestStep) behind. The floor is rounding: 1e-16·value/h here, 1e-16·|grad E|/2e with 1/2e up to 1e4 there.
func compareGradient(t *testing.T, name string, x, want []float64, value func() float64) {
	t.Helper()
	const h, tolerance, floor = 1e-4, 1e-6, 1e-10
	largest := 0.0
	for _, g := range want[:len(x)] {
		largest = max(largest, math.Abs(g))
	}
	for k := 0; k < len(x); k += 1 + len(x)/7 {
		at := func(s float64) float64 {
			old := x[k]
			defer func() { x[k] = old }()
			x[k] += s * h
			return value()
		}
		got := (8*(at(1)-at(-1)) - (at(2) - at(-2))) / (12 * h)
		if math.Abs(got-want[k]) > tolerance*largest+floor {
			t.Errorf("%s[%d]: gradient %v, differences give %v, largest %v", name, k, want[k], got, largest)
		}
	}
}

func TestTrainingLearns(t *testing.T) {
	items := frames(30)
	d := Data{items[:25], items[25:]}
	m := tinyStart(t, d.Train)
	h, err := Run(context.Background(), m, d, tinyPlan(300), Options{})
	if err != nil {
		t.Fatal(err)
	}
	first, last := h.Points[0].Loss, h.Checks[len(h.Checks)-1].Loss
	if last > first/20 || !h.Reproducible { // 300 steps of this plan reach 1/100
		t.Errorf("loss %v -> %v, reproducible %v", first, last, h.Reproducible)
	}
	best := slices.MinFunc(h.Checks, func(a, b Check) int { return int(math.Copysign(1, a.Score-b.Score)) })
	if h.Best != best.Step {
		t.Errorf("kept step %d, best was %d", h.Best, best.Step)
	}
	// the parameters left behind are those of the best check
	e, _ := newEngine(m, Loss{Kind: Squared, Eps: m.Config().Eps, Atoms: meanAtoms(d.Train)}, 1)
	defer e.gradient.Close()
	p := tinyPlan(300)
	if c, err := e.check(spread(d.Held, 0), p.weights(1)); err != nil || c.Score != best.Score {
		t.Errorf("score of the result %v, best check %v (%v)", c.Score, best.Score, err)
	}
}

// TestReproducible: threads, and interruptions at any update, change nothing.
func TestReproducible(t *testing.T) {
	items := frames(12)
	d := Data{items[:10], items[10:]}
	p := tinyPlan(40)
	run := func(o Options) []float64 {
		m := tinyStart(t, d.Train)
		if _, err := Run(context.Background(), m, d, p, o); err != nil {
			t.Fatal(err)
		}
		return m.Params()
	}
	want := run(Options{Threads: 1})
	if !slices.Equal(run(Options{Threads: 2}), want) {
		t.Error("two threads give other parameters than one")
	}
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	for _, stop := range []int{1, 7, 10, 39, 40} {
		ctx, cancel := context.WithCancel(context.Background())
		m := tinyStart(t, d.Train)
		_, err := Run(ctx, m, d, p, Options{Threads: 2, Checkpoint: path, Progress: func(g Progress) {
			if g.Step == stop {
				cancel()
			}
		}})
		cancel()
		if stop < p.Steps && !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped at %d: %v", stop, err)
		}
	}
	if !slices.Equal(run(Options{Checkpoint: path}), want) {
		t.Error("interruptions give other parameters")
	}
	p.Batch++
	_, err := Run(context.Background(), tinyStart(t, d.Train), d, p, Options{Checkpoint: path})
	if err == nil || !strings.Contains(err.Error(), "batch 3 -> 4") {
		t.Errorf("another plan: %v", err)
	}
}

func TestDeadlineBringsTheDecayForward(t *testing.T) {
	items := frames(6)
	d := Data{Train: items}
	p := tinyPlan(20000) // would take long
	m := tinyStart(t, items)
	h, err := Run(context.Background(), m, d, p, Options{Deadline: time.Now()})
	if err != nil || h.Reproducible || !strings.Contains(h.Note, "not reproducible") {
		t.Fatalf("%v, %+v", err, h)
	}
	if last := h.Points[len(h.Points)-1]; last.Step > 2*landing || last.Rate > p.Rate/100 {
		t.Errorf("it ends at step %d with the rate %v", last.Step, last.Rate)
	}
}

func TestDivergenceIsAnError(t *testing.T) {
	items := frames(6)
	p := tinyPlan(50)
	p.Rate, p.Clip = 1e200, 0
	_, err := Run(context.Background(), tinyStart(t, items), Data{Train: items}, p, Options{})
	if err == nil || !strings.Contains(structure.HintOf(err), "--rate") {
		t.Errorf("error %v", err)
	}
}

func TestTime(t *testing.T) {
	items := frames(10)
	m := tinyStart(t, items)
	before := slices.Clone(m.Params())
	timing, err := Time(context.Background(), m, Data{items[:8], items[8:]}, tinyPlan(0), 1, 20*time.Millisecond)
	if err != nil || timing.Step <= 0 || timing.Check <= 0 {
		t.Errorf("%+v, %v", timing, err)
	}
	if !slices.Equal(m.Params(), before) {
		t.Error("the model has changed")
	}
}
