package classical

// spline is a table with equal steps from 0, interpolated by cubics that share values and slopes at the knots.
// The slopes are differences over five points (three beside the ends), the convention of LAMMPS: the same file gives
// the same numbers there.
type spline struct {
	step  float64
	cubic [][4]float64 // [intervals] powers of the position 0..1 within the interval
}

// newSpline interpolates at least five values; end is the slope at the last one, in units of the values per step.
func newSpline(values []float64, step, end float64) spline {
	n := len(values)
	slopes := make([]float64, n)
	slopes[0] = values[1] - values[0]
	slopes[1] = (values[2] - values[0]) / 2
	for k := 2; k < n-2; k++ {
		slopes[k] = (values[k-2] - values[k+2] + 8*(values[k+1]-values[k-1])) / 12
	}
	slopes[n-2] = (values[n-1] - values[n-3]) / 2
	slopes[n-1] = end
	cubic := make([][4]float64, n-1)
	for k := range cubic {
		rise, s, t := values[k+1]-values[k], slopes[k], slopes[k+1]
		cubic[k] = [4]float64{values[k], s, 3*rise - 2*s - t, s + t - 2*rise}
	}
	return spline{step: step, cubic: cubic}
}

// at is value and derivative; beyond the last knot it goes on as a straight line.
func (s *spline) at(x float64) (value, slope float64) {
	p := x / s.step
	last := len(s.cubic) - 1
	k := last
	if p < float64(last) {
		k = max(int(p), 0)
	}
	p -= float64(k)
	over := 0.0
	if p > 1 {
		over, p = (p-1)*s.step, 1
	}
	c := &s.cubic[k]
	value = c[0] + p*(c[1]+p*(c[2]+p*c[3]))
	slope = (c[1] + p*(2*c[2]+3*p*c[3])) / s.step
	return value + over*slope, slope
}
