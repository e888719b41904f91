package train

import (
	"testing"

	"mlff/structure"
)

// Wilks' numbers: of 59 values the largest, of 93 the second, of 124 the third bounds 95 % with 95 % confidence.
func TestToleranceLimit(t *testing.T) {
	for n, rank := range map[int]int{1: 1, 20: 20, 59: 59, 92: 92, 93: 92, 123: 122, 124: 122, 1000: 962} {
		values := make([]float64, n)
		for k := range values {
			values[k] = float64(n - k)
		}
		if got := toleranceLimit(values, 0.95, 0.95); got != float64(rank) {
			t.Errorf("of %d values the %g-th, not the %d-th", n, got, rank)
		}
	}
	if toleranceLimit(nil, 0.95, 0.95) != 0 {
		t.Error("no values have a limit")
	}
	// Uniform numbers, of which the fraction below x is x: 2000 draws know a probability of 5 % to 0.5 %, three of which
	// are allowed; for 100 values it is exactly 3.7 %.
	missed := 0
	for draw := range uint64(2000) {
		random := structure.Rand(1, "tolerance", draw)
		values := make([]float64, 100)
		for k := range values {
			values[k] = random.Float64()
		}
		if toleranceLimit(values, 0.95, 0.95) < 0.95 {
			missed++
		}
	}
	if missed > 130 {
		t.Errorf("%d of 2000 limits hold less than 95 %%", missed)
	}
}
