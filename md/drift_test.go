package md

import (
	"math"
	"math/rand/v2"
	"testing"

	"mlff/structure"
)

// noises are kinds of errors of the energy, and the true root mean square error of the slope over what Drift says. That should
// be 1 where the noise is as slow as the run, as in dynamics, and is less for faster noise. 400 draws know such a number
// to 4 %, and it was measured with other draws: bounds are 15 % to either side.
var noises = []struct {
	name  string
	ratio float64
	next  func(last, normal float64, k int) float64
}{
	{"white", 0.29, func(_, normal float64, _ int) float64 { return normal }},
	{"100 steps", 0.34, func(last, normal float64, _ int) float64 { return 0.99*last + normal }},
	{"500 steps", 0.58, func(last, normal float64, _ int) float64 { return 0.998*last + normal }},
	{"oscillation", 0.13, func(_, normal float64, k int) float64 { return 10*math.Sin(float64(k)/5) + normal }},
	{"random walk", 1.33, func(last, normal float64, _ int) float64 { return last + normal }},
}

func TestDriftKnowsItsError(t *testing.T) {
	const n, draws, slope = 4000, 400, 0.3
	time, energy := make([]float64, n), make([]float64, n)
	for _, noise := range noises {
		var square float64
		for d := range draws {
			series(energy, noise.next, structure.Rand(1, noise.name, uint64(d)))
			for k := range energy {
				time[k] = 5 + 0.001*float64(k)
				energy[k] += slope * time[k]
			}
			got, deviation := Drift(time, energy)
			z := (got - slope) / deviation
			square += z * z
		}
		if rms := math.Sqrt(square / draws); math.Abs(rms/noise.ratio-1) > 0.15 {
			t.Errorf("%s: errors are %.2f times what Drift says", noise.name, rms)
		}
	}
}

func series(v []float64, next func(last, normal float64, k int) float64, random *rand.Rand) {
	last := 0.0
	for k := range v {
		last = next(last, random.NormFloat64(), k)
		v[k] = last
	}
}

func TestDriftOfAFewPoints(t *testing.T) {
	if slope, deviation := Drift(make([]float64, 9), make([]float64, 9)); !math.IsNaN(slope) || !math.IsNaN(deviation) {
		t.Error("nine points have a drift")
	}
	var time, energy []float64
	for k := range 10 {
		time, energy = append(time, float64(k)), append(energy, 2*float64(k))
	}
	// Exact numbers throughout but for the mean of times, 4.5.
	if slope, deviation := Drift(time, energy); math.Abs(slope-2) > 1e-14 || deviation > 1e-14 {
		t.Errorf("a straight line has slope %g ± %g", slope, deviation)
	}
	if slope, deviation := Drift(make([]float64, 10), energy); !math.IsNaN(slope) || !math.IsNaN(deviation) {
		t.Errorf("at one time: %g ± %g", slope, deviation)
	}
}
