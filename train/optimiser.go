package train

import "math"

// Moments of Adam (Kingma and Ba 2015) and the size of its denominator's guard.
const (
	beta1 = 0.9
	beta2 = 0.999
	guard = 1e-8
)

// Optimiser is AdamW with decoupled weight decay (Loshchilov and Hutter 2019) on a flat parameter vector, and the
// exponential moving average of that vector.
type Optimiser struct {
	Step    int       // updates made so far
	First   []float64 // [P] running mean of the gradient
	Second  []float64 // [P] running mean of its square
	Average []float64 // [P] running mean of the parameters
	free    []bool    // [P] which parameters move
}

// NewOptimiser starts at parameters [P], of which only those marked free move.
func NewOptimiser(parameters []float64, free []bool) *Optimiser {
	n := len(parameters)
	return &Optimiser{First: make([]float64, n), Second: make([]float64, n), Average: append([]float64(nil), parameters...), free: free}
}

// Update moves parameters against gradient, which it scales down to norm clip first. It returns the norm found.
//
// The average follows with the weight (1+t)/(10+t) in its first steps t, then with decay: early it forgets the random start.
func (o *Optimiser) Update(parameters, gradient []float64, rate, weightDecay, clip, decay float64) float64 {
	norm := o.norm(gradient)
	scale := 1.0
	if clip > 0 && norm > clip {
		scale = clip / norm
	}
	o.Step++
	t := float64(o.Step)
	c1, c2 := 1-math.Pow(beta1, t), 1-math.Pow(beta2, t)
	keep := min(decay, (1+t)/(10+t))
	for p := range parameters {
		if !o.free[p] {
			continue
		}
		g := scale * gradient[p]
		o.First[p] += (1 - beta1) * (g - o.First[p])
		o.Second[p] += (1 - beta2) * (g*g - o.Second[p])
		step := o.First[p] / c1 / (math.Sqrt(o.Second[p]/c2) + guard)
		parameters[p] -= rate * (step + weightDecay*parameters[p])
		o.Average[p] = keep*o.Average[p] + (1-keep)*parameters[p]
	}
	return norm
}

func (o *Optimiser) norm(gradient []float64) float64 {
	sum := 0.0
	for p, g := range gradient {
		if o.free[p] {
			sum += g * g
		}
	}
	return math.Sqrt(sum)
}
