package validate

import "math"

// Value is a mean with its standard error.
type Value struct {
	Mean  float64  `json:"mean"`
	Error *float64 `json:"error"` // null where it is exact, or from too few blocks
}

// exact is a value without statistics.
func exact(x float64) *Value { return &Value{Mean: x} }

// blocked is the mean of block averages and its standard error. Blocks must be longer than what they hold remembers.
func blocked(blocks []float64) *Value {
	v := &Value{Mean: mean(blocks)}
	if len(blocks) < 3 {
		return v
	}
	sum := 0.0
	for _, b := range blocks {
		sum += (b - v.Mean) * (b - v.Mean)
	}
	e := math.Sqrt(sum / float64(len(blocks)*(len(blocks)-1)))
	v.Error = &e
	return v
}

// mostLikely95 is the one-sided 95 % quantile of the normal distribution.
const mostLikely95 = 1.645

// jackknife is a statistic of blocks of student and teacher and its standard error: each block is left out in turn (B.
// Efron, The Jackknife, SIAM 1982). Student and teacher are independent, so their variances add up.
func jackknife[T any](student, teacher []T, statistic func(student, teacher []T) float64) *Value {
	v := &Value{Mean: statistic(student, teacher)}
	if len(student) < 3 || len(teacher) < 3 {
		return v
	}
	variance := leaveOut(student, func(rest []T) float64 { return statistic(rest, teacher) }) +
		leaveOut(teacher, func(rest []T) float64 { return statistic(student, rest) })
	e := math.Sqrt(variance)
	v.Error = &e
	return v
}

// leaveOut is the jackknife's variance of a statistic: (n-1)/n sum (f_k - mean f)².
func leaveOut[T any](blocks []T, statistic func(rest []T) float64) float64 {
	n := len(blocks)
	f := make([]float64, n)
	for k := range blocks {
		rest := append(append([]T(nil), blocks[:k]...), blocks[k+1:]...)
		f[k] = statistic(rest)
	}
	m, sum := mean(f), 0.0
	for _, x := range f {
		sum += (x - m) * (x - m)
	}
	return sum * float64(n-1) / float64(n)
}

// upper is the upper 95 % bound of a value, itself where it is exact.
func (v *Value) upper() float64 {
	if v.Error == nil {
		return v.Mean
	}
	return v.Mean + mostLikely95**v.Error
}

func (v *Value) lower() float64 { return 2*v.Mean - v.upper() }

// averaged is the mean of vectors.
func averaged(vectors [][]float64) []float64 {
	out := make([]float64, len(vectors[0]))
	for _, v := range vectors {
		add(out, 1/float64(len(vectors)), v)
	}
	return out
}

// deviations are the standard errors of the components of averaged, from blocks; nil for fewer than three.
func deviations(blocks [][]float64) []float64 {
	n := float64(len(blocks))
	if n < 3 {
		return nil
	}
	m := averaged(blocks)
	out := make([]float64, len(m))
	for k := range out {
		for _, b := range blocks {
			out[k] += (b[k] - m[k]) * (b[k] - m[k])
		}
		out[k] = math.Sqrt(out[k] / (n * (n - 1)))
	}
	return out
}
