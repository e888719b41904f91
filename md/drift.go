package md

import "math"

const (
	fewestPoints  = 10
	highestDegree = 12
)

// Drift is the slope of the least-squares line through energies at equally spaced times, in units of energy over time,
// and its standard error. The caller chooses the part of the run to fit: by convention the last 80 %. With fewer than
// ten points, or all at one time, both are NaN.
//
// Energies along a run are correlated over all times up to its length: vibrations within femtoseconds, the exchange of
// energy between modes within picoseconds, rounding as a random walk. What can be mistaken for a slope is what is as slow
// as the run. So the error comes from the slowest part of the residuals, their components along the Legendre polynomials
// of degree 2 to 12 in time, to which uncorrelated noise gives equal powers and a random walk falling ones,
//
//	power(k) = white (1 + ratio/(2 (2k - 1)(2k + 3))),
//
// extrapolated to degree 1, the slope, and averaged over all ratios with their likelihoods as weights. For random walks,
// and for silicon over 4 ps, that is right on average; for noise known to be uncorrelated it would be three times too
// large, which a single run cannot tell.
func Drift(time, energy []float64) (slope, deviation float64) {
	n := min(len(time), len(energy))
	if n < fewestPoints {
		return math.NaN(), math.NaN()
	}
	l := fitLine(time[:n], energy[:n])
	residuals := make([]float64, n)
	for k := range residuals {
		residuals[k] = energy[k] - l.y0 - l.slope*(time[k]-l.x0)
	}
	return l.slope, math.Sqrt(extrapolate(powers(residuals)) / l.spread)
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

// powers are the squared components of v along the normalised Legendre polynomials of degree 2, 3, ...
func powers(v []float64) []float64 {
	n := float64(len(v))
	c := make([]float64, min(highestDegree, len(v)/3)-1)
	for i, y := range v {
		x := (2*float64(i)+1)/n - 1
		last, p := 1.0, x
		for k := range c {
			degree := float64(k + 2)
			last, p = p, ((2*degree-1)*x*p-(degree-1)*last)/degree
			c[k] += y * p
		}
	}
	for k := range c {
		c[k] *= c[k] * float64(2*(k+2)+1) / n
	}
	return c
}

// walk is the power of a random walk, in units of its final variance times the number of points, along degree k.
func walk(k int) float64 { return 1 / float64(2*(2*k-1)*(2*k+3)) }

// extrapolate guesses the power at degree 1 from those at degree 2, 3, ...
func extrapolate(powers []float64) float64 {
	var sum, weights float64
	_, reference := likelihood(powers, 0)
	for k := -1; k < 40; k++ {
		ratio := 0.0
		if k >= 0 {
			ratio = math.Pow(10, 1+float64(k)/8) // to 10⁶: no trace of white noise in twelve degrees
		}
		white, log := likelihood(powers, ratio)
		weight := math.Exp(log - reference)
		sum += weight * white * (1 + ratio*walk(1))
		weights += weight
	}
	return sum / weights
}

// likelihood is the likeliest white noise at a given ratio, and the logarithm of the likelihood of both.
func likelihood(powers []float64, ratio float64) (white, log float64) {
	n := float64(len(powers))
	for k, p := range powers {
		model := 1 + ratio*walk(k+2)
		white += p / model / n
		log -= math.Log(model) / 2
	}
	return white, log - n/2*math.Log(max(white, math.SmallestNonzeroFloat64))
}
