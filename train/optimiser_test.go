package train

import (
	"math"
	"testing"
)

func TestOptimiserFirstSteps(t *testing.T) {
	x := []float64{1, -2, 5}
	o := NewOptimiser(x, []bool{true, true, false})
	// The first step of Adam is the rate times the sign of the gradient, whatever its size; decay adds rate·wd·x.
	norm := o.Update(x, []float64{3, -4, 100}, 0.1, 0.5, 0, 0.995)
	if norm != 5 {
		t.Errorf("norm %v counts parameters that do not move", norm)
	}
	want := []float64{1 - 0.1*(1+0.5), -2 + 0.1*(1+1), 5}
	for k := range x {
		if math.Abs(x[k]-want[k]) > 1e-8 { // the guard of the denominator, 1e-8 of gradients of order 1
			t.Errorf("x[%d] = %v, want %v", k, x[k], want[k])
		}
	}
	// average: weight (1+1)/(10+1) on the start
	if a := 2.0/11*1 + 9.0/11*x[0]; math.Abs(o.Average[0]-a) > 1e-15 || o.Average[2] != 5 {
		t.Errorf("average %v, want %v", o.Average, a)
	}
}

func TestOptimiserClips(t *testing.T) {
	a, b := []float64{0, 0}, []float64{0, 0}
	all := []bool{true, true}
	oa, ob := NewOptimiser(a, all), NewOptimiser(b, all)
	for k := range 5 {
		g := []float64{300 * float64(k+1), 400 * float64(k+1)}
		oa.Update(a, g, 0.1, 0, 3, 0.9)
		ob.Update(b, []float64{1.8, 2.4}, 0.1, 0, 0, 0.9)
	}
	for k := range a {
		if math.Abs(a[k]-b[k]) > 1e-13 { // rounding of five steps
			t.Errorf("clipped %v, want %v", a, b)
		}
	}
}

func TestOptimiserFindsMinimum(t *testing.T) {
	x := []float64{4, -3}
	o := NewOptimiser(x, []bool{true, true})
	p := DefaultPlan()
	p.Steps, p.Rate = 2000, 0.05
	for s := range p.Steps {
		g := []float64{2 * (x[0] - 1), 200 * (x[1] - 2)}
		o.Update(x, g, p.rate(s, float64(s)/float64(p.Steps)), 0, 0, p.Average)
	}
	// the last rate is 0.3 % of 0.05, and the steps shrink with the gradient
	if math.Abs(o.Average[0]-1) > 1e-3 || math.Abs(o.Average[1]-2) > 1e-3 {
		t.Errorf("average %v, want 1, 2", o.Average)
	}
}
