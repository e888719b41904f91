package md

import "math"

const (
	driftBlocks  = 40
	fewestPoints = 10
)

// Drift is the slope of the least-squares line through energies at the given times, in units of energy over time, and its
// standard error. The caller chooses the part of the run to fit: by convention the last 80 %. With fewer than ten
// points, or all at one time, both are NaN.
//
// Consecutive energies are correlated, so the error is not taken from the points themselves but from the residuals of
// the means of 40 consecutive blocks, which average vibrations out; what correlation is left between neighbouring blocks,
// rho, widens it by sqrt((1 + rho)/(1 - rho)). Rho is corrected for the bias that fitting a line gives it (M. G. Kendall,
// Biometrika 41, 403 (1954)) and bounded by what a random walk shows. For noise with correlation times up to a quarter of
// the run the error is right within 10 %, for bounded oscillations too large, for a pure random walk half of the truth.
func Drift(time, energy []float64) (slope, deviation float64) {
	n := min(len(time), len(energy))
	if n < fewestPoints {
		return math.NaN(), math.NaN()
	}
	slope = fitLine(time[:n], energy[:n]).slope
	blocks := min(driftBlocks, n)
	return slope, blockError(blockMeans(time[:n], blocks), blockMeans(energy[:n], blocks))
}

// line is y = y0 + slope (x - x0) with the means x0 and y0.
type line struct{ slope, x0, y0, spread float64 } // spread: sum (x - x0)²

func fitLine(x, y []float64) line {
	var l line
	for k := range x {
		l.x0 += x[k] / float64(len(x))
		l.y0 += y[k] / float64(len(x))
	}
	var mixed float64
	for k := range x {
		l.spread += (x[k] - l.x0) * (x[k] - l.x0)
		mixed += (x[k] - l.x0) * (y[k] - l.y0)
	}
	l.slope = mixed / l.spread
	return l
}

// blockMeans cuts v into blocks of equal length; what is left over at the beginning is dropped.
func blockMeans(v []float64, blocks int) []float64 {
	size := len(v) / blocks
	v = v[len(v)-size*blocks:]
	means := make([]float64, blocks)
	for k, x := range v {
		means[k/size] += x / float64(size)
	}
	return means
}

func blockError(x, y []float64) float64 {
	l := fitLine(x, y)
	var square, product, last float64
	for k := range x {
		r := y[k] - l.y0 - l.slope*(x[k]-l.x0)
		square += r * r
		product += r * last
		last = r
	}
	if square == 0 {
		return 0
	}
	n := float64(len(x))
	rho := product / square
	rho += (2 + 8*max(rho, 0)) / n // -(2 + 4 rho)/n for weak correlation, -10/n for a random walk
	walk := (1.5*n - 1) / (1.5*n + 1)
	rho = min(max(rho, 0), walk)
	return math.Sqrt(square / (n - 2) / l.spread * (1 + rho) / (1 - rho))
}
