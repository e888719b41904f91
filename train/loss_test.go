package train

import (
	"math"
	"testing"

	"mlff/dataset"
	"mlff/structure"
)

// predicted is a periodic frame with all labels and a prediction that misses them by about the given amount.
func predicted(miss float64) (dataset.Item, structure.Result) {
	it := crystal(2, 3, 14)
	rng := structure.Rand(3, "loss", 0)
	energy := -30.0
	it.Energy, it.Stress = &energy, &[6]float64{0.01, -0.02, 0.03, 0.004, 0.005, -0.006}
	it.Forces = make([][3]float64, it.Len())
	var r structure.Result
	r.Resize(it.Len())
	r.Energy = energy + 8*miss*rng.NormFloat64()
	r.Virial = structure.Tensor(*it.Stress)
	for a := range 3 {
		for b := range a + 1 {
			r.Virial[a][b] = -it.Volume()*r.Virial[a][b] + 8*miss*rng.NormFloat64()
			r.Virial[b][a] = r.Virial[a][b]
		}
		for i := range it.Forces {
			it.Forces[i][a] = rng.NormFloat64()
			r.Forces[i][a] = it.Forces[i][a] + miss*rng.NormFloat64()
		}
	}
	return it, r
}

func TestLossSlopes(t *testing.T) {
	w := Weights{Energy: 0.5, Forces: 1, Stress: 0.3}
	for _, kind := range []string{Squared, Huber} {
		for _, miss := range []float64{0.003, 1} { // on both sides of the Huber thresholds
			l := Loss{Kind: kind, Eps: 0.7, Atoms: 10}
			it, r := predicted(miss)
			var s slopes
			l.frame(&it, &r, w, &s)
			value := func() float64 { return l.frame(&it, &r, w, nil).Total(w) }
			// Central differences with h = 1e-6 of a loss of order 10 miss²: rounding 1e-16·10/h, truncation h².
			compare := func(name string, x *float64, want float64) {
				const h = 1e-6
				*x += h
				up := value()
				*x -= 2 * h
				down := value()
				*x += h
				if got := (up - down) / (2 * h); math.Abs(got-want) > 1e-8*max(1, math.Abs(want)) {
					t.Errorf("%s, miss %g: %s: slope %v, differences give %v", kind, miss, name, want, got)
				}
			}
			compare("energy", &r.Energy, s.energy)
			compare("force", &r.Forces[3][1], s.forces[3][1])
			compare("virial", &r.Virial[0][0], s.virial[0][0])
			compare("virial", &r.Virial[0][1], s.virial[0][1])
		}
	}
}

func TestLossLeavesOutMissingLabels(t *testing.T) {
	w := Weights{Energy: 1, Forces: 1, Stress: 1}
	l := Loss{Kind: Squared, Eps: 1, Atoms: 8}
	it, r := predicted(0.1)
	all := l.frame(&it, &r, w, nil)
	if all.Energy <= 0 || all.Forces <= 0 || all.Stress <= 0 {
		t.Fatal(all)
	}
	stress := it.Stress
	it.Stress = nil
	if got := l.frame(&it, &r, w, nil); got != (Terms{all.Energy, all.Forces, 0}) {
		t.Error("without stress:", got)
	}
	it.Energy, it.Stress = nil, stress
	if got := l.frame(&it, &r, w, nil); got != (Terms{0, all.Forces, all.Stress}) {
		t.Error("without energy:", got)
	}
	it.PBC[2] = false
	if got := l.frame(&it, &r, w, nil); got != (Terms{0, all.Forces, 0}) {
		t.Error("a slab has no stress:", got)
	}
	it.Forces = nil
	var s slopes
	if got := l.frame(&it, &r, w, &s); got != (Terms{}) || s.step(5) != 0 {
		t.Error("without any label:", got)
	}
}

func TestHuberJoinsSmoothly(t *testing.T) {
	l := Loss{Kind: Huber}
	const d = 0.3
	below, slope1 := l.penalty(d*d*(1-1e-12), d)
	above, slope2 := l.penalty(d*d*(1+1e-12), d)
	if math.Abs(below-above) > 1e-12 || math.Abs(slope1-slope2) > 1e-11 { // both differ by the step across the join
		t.Error(below, above, slope1, slope2)
	}
	if far, _ := l.penalty(9, d); math.Abs(far-(2*d*3-d*d)) > 1e-15 {
		t.Error(far)
	}
}
