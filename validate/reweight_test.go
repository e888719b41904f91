package validate

import (
	"math"
	"testing"

	"mlff/structure"
)

// spring is a coordinate in a well of some stiffness, eV/Å², and a histogram of it.
type spring struct{ stiffness float64 }

const springKT = 0.025 // eV

// temperature of springKT.
const springT = springKT / structure.KB

var springBins = &Distribution{Name: "x"}

func init() {
	for k := range 40 {
		springBins.X, springBins.weight = append(springBins.X, -0.3+0.015*(float64(k)+0.5)), append(springBins.weight, 1)
	}
}

// exact are the shares of the bins.
func (s spring) exact() []float64 {
	cumulative := func(x float64) float64 { return 0.5 * (1 + math.Erf(x*math.Sqrt(s.stiffness/(2*springKT)))) }
	var out []float64
	for _, x := range springBins.X {
		out = append(out, cumulative(x+0.0075)-cumulative(x-0.0075))
	}
	return out
}

// run are positions that remember each other: x' = a x + noise, such that the spread is the canonical one.
func (s spring) run(n int, a float64, draw uint64) []float64 {
	random := structure.Rand(draw, "spring", math.Float64bits(s.stiffness))
	sigma := math.Sqrt(springKT / s.stiffness)
	x := sigma * random.NormFloat64()
	var out []float64
	for range n {
		x = a*x + math.Sqrt(1-a*a)*sigma*random.NormFloat64()
		out = append(out, x)
	}
	return out
}

// binned is the histogram of one position.
func binned(x float64) []float64 {
	v := make([]float64, len(springBins.X))
	if k := int((x + 0.3) / 0.015); k >= 0 && k < len(v) {
		v[k] = 1
	}
	return v
}

// along are the frames of own, with the excess of the other.
func (s spring) along(whose string, other spring, x []float64) (*sampled, way) {
	f := &sampled{whose: whose}
	for _, x := range x {
		f.excess = append(f.excess, (other.stiffness-s.stiffness)/2*x*x)
	}
	f.weigh(springT)
	w := way{toStudent: whose == "teacher", share: 0.5, runs: [][]weighted{nil}}
	for k, x := range x {
		w.runs[0] = append(w.runs[0], weighted{f.weights[k], binned(x)})
	}
	return f, w
}

// The difference of two wells is known. In sixty repetitions with correlated frames the estimate from both ways must be
// near it, its upper 95 % bound below it three times on average (more than seven happen once in a hundred), and the difference
// of the plain histograms far off, which is why there is another.
func TestBothWaysBetweenSprings(t *testing.T) {
	student, teacher := spring{3.1}, spring{3}
	exact := 100 * springBins.apart(student.exact(), teacher.exact(), false)
	x := &profile{tolerance: tolerance{absolute: 2}}
	below, both, direct := 0, 0.0, 0.0
	const repetitions = 60
	for draw := range uint64(repetitions) {
		f, from := teacher.along("teacher", student, teacher.run(2000, 0.9, draw))
		g, back := student.along("student", teacher, student.run(600, 0.6, draw))
		o := x.across(springBins, []*sampled{f, g}, []way{from, back}, "")
		if o.Difference == nil || o.Difference.Error == nil {
			t.Fatalf("%+v", o)
		}
		if o.Difference.upper() < exact {
			below++
		}
		sums := whole([]way{from, back})
		plain := [2][]float64{averaged([][]float64{sums[1].plain}), averaged([][]float64{sums[0].plain})}
		scale(plain[0], 1/sums[1].count)
		scale(plain[1], 1/sums[0].count)
		both += math.Abs(o.Difference.Mean-exact) / repetitions
		direct += math.Abs(100*springBins.apart(plain[0], plain[1], false)-exact) / repetitions
	}
	t.Logf("exact %.3g %%, both ways off by %.2g on average, plain by %.2g; the bound is below %d times", exact, both, direct, below)
	if below > 7 {
		t.Errorf("the upper 95 %% bound is below the truth %d times of %d", below, repetitions)
	}
	if both > 0.25*exact || both > direct/20 {
		t.Errorf("both ways are off by %.2g, plain histograms by %.2g; exact %.3g", both, direct, exact)
	}
}

// Frames of short runs that never forget say nothing about their error.
func TestShortRunsEstablishNothing(t *testing.T) {
	student, teacher := spring{3.1}, spring{3}
	f, from := teacher.along("teacher", student, teacher.run(60, 0.99, 1))
	from.share = 1
	x := &profile{tolerance: tolerance{absolute: 2}}
	if o := x.across(springBins, []*sampled{f}, []way{from}, ""); o.Verdict != Unknown {
		t.Errorf("%+v", o)
	}
}

func TestDifferencesBelowTheNoiseAreNotResolved(t *testing.T) {
	e := 0.5
	o := differing("g(r)", "", "%", &Value{Mean: 6.7, Error: &e}, tolerance{absolute: 2, decides: true}, "2 runs")
	resolved := o
	resolved.above([]float64{1.8, 2})
	if resolved.Verdict != Red || !resolved.Decides {
		t.Errorf("%+v", resolved)
	}
	bad := differing("g(r)", "", "%", &Value{Mean: 16, Error: &e}, tolerance{absolute: 2, decides: true}, "2 runs")
	bad.above([]float64{5.2, 7}) // even the larger leaves 8 % of it
	if bad.Verdict != Red || !bad.Decides {
		t.Errorf("%+v", bad)
	}
	o.above([]float64{5.2, 7})
	c := o.Check()
	if o.Verdict != Unknown || o.Decides || c.Pass != nil || c.Figure == nil || o.Reason != "6.7 ± 0.5 %, not resolved by this length (noise floor 6.1 %)" {
		t.Errorf("%+v %+v", o, c)
	}
}
