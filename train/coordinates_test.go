package train

import (
	"math"
	"testing"

	"mlff/structure"
)

func TestCoordinatesAreInvertedAndWhite(t *testing.T) {
	items := frames(5)
	s, err := Measure(t.Context(), items, 4.2, 1)
	if err != nil {
		t.Fatal(err)
	}
	m := tinyStart(t, items)
	w := newCoordinates(m, s.Distances)
	there, back := make([]float64, len(m.Params())), make([]float64, len(m.Params()))
	w.fromModel(m.Params(), there)
	w.toModel(there, back)
	for k, v := range m.Params() {
		// whitening scales by at most 1/sqrt(whiteningFloor) = 10 either way: rounding stays near 1e-15 of the largest
		if math.Abs(back[k]-v) > 1e-12 {
			t.Fatalf("parameter %d: %v comes back as %v", k, v, back[k])
		}
	}
	// the gradient follows the chain rule: dL/dc' · x = dL/dc · (Q x)
	rng := structure.Rand(1, "test", 0)
	x, qx, g := make([]float64, len(there)), make([]float64, len(there)), make([]float64, len(there))
	for k := range x {
		x[k], g[k] = rng.NormFloat64(), rng.NormFloat64()
	}
	w.toModel(x, qx)
	want := dot(g, qx)
	w.gradient(g)
	if got := dot(g, x); math.Abs(got-want) > 1e-10*math.Abs(want)+1e-10 {
		t.Errorf("chain rule: %v, want %v", got, want)
	}
}
