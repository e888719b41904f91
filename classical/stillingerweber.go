package classical

import (
	"math"

	"mlff/structure"
)

// StillingerWeber is the silicon potential of Stillinger and Weber (1985), eqs. 2.3 to 2.6, energy unit as rescaled to
// the cohesive energy of silicon, 2 epsilon = 4.3366 eV:
//
//	E = sum_{i<j} V2(r_ij) + sum_i sum_{j<k} V3(r_ij, r_ik, theta_jik)
//	V2(r) = epsilon A (B (sigma/r)^4 - 1) exp(sigma/(r - a sigma))
//	V3    = epsilon lambda (cos theta + 1/3)^2 exp(gamma sigma/(r_ij - a sigma)) exp(gamma sigma/(r_ik - a sigma))
//
// All derivatives vanish at the cutoff a sigma = 3.77118 Å. An atom's energy is half of its pairs' V2 and the V3 of
// the angles at it.
type StillingerWeber struct {
	geometry
	swParameters
	screen, slope []float64 // e(r) = exp(gamma sigma/(r - a sigma)) and de/dr of every neighbour
}

type swParameters struct {
	epsilon, sigma      float64 // eV, Å
	a, lambda, gamma    float64
	coefficientA, coefB float64
}

// NewStillingerWeber returns the published silicon potential.
func NewStillingerWeber() *StillingerWeber {
	return newStillingerWeber(swParameters{
		epsilon: 2.1683, sigma: 2.0951,
		a: 1.80, lambda: 21.0, gamma: 1.20,
		coefficientA: 7.049556277, coefB: 0.6022245584,
	})
}

func newStillingerWeber(p swParameters) *StillingerWeber {
	return &StillingerWeber{geometry: newGeometry(p.a * p.sigma), swParameters: p}
}

// Evaluate writes energy, atomic energies, forces and virial of s into out. It returns an *ElementError if s holds
// anything but silicon, and the neighbour list's error where atoms coincide or s is no valid structure.
func (p *StillingerWeber) Evaluate(s *structure.Structure, out *structure.Result) error {
	if err := CheckElements(silicon, s.Numbers); err != nil {
		return err
	}
	return p.evaluate(p, s, out)
}

// Numbers is silicon alone.
func (p *StillingerWeber) Numbers() []int { return silicon }

var silicon = []int{14}

// Clone is the same potential for another goroutine.
func (p *StillingerWeber) Clone() Potential { return newStillingerWeber(p.swParameters) }

// Parameters are those of eqs. 2.3 to 2.6.
func (p *StillingerWeber) Parameters() []Parameter {
	return []Parameter{
		{Name: "epsilon", Values: []float64{p.epsilon}},
		{Name: "sigma", Values: []float64{p.sigma}},
		{Name: "a", Values: []float64{p.a}},
		{Name: "lambda", Values: []float64{p.lambda}},
		{Name: "gamma", Values: []float64{p.gamma}},
		{Name: "A", Values: []float64{p.coefficientA}},
		{Name: "B", Values: []float64{p.coefB}},
	}
}

func (p *StillingerWeber) energy(_ int, hood []neighbour) float64 {
	e := p.pairs(hood)
	p.screening(hood)
	for j := range hood {
		for k := range j {
			e += p.angle(hood, j, k)
		}
	}
	return e
}

// pairs is half of V2 over the neighbours.
func (p *StillingerWeber) pairs(hood []neighbour) float64 {
	var e float64
	for k := range hood {
		n := &hood[k]
		q := p.sigma / n.r
		repulsion := p.coefB * q * q * q * q
		gap := 1 / (n.r - p.cutoff)
		scale := 0.5 * p.epsilon * p.coefficientA * math.Exp(p.sigma*gap)
		e += scale * (repulsion - 1)
		dv := -scale * (4*repulsion/n.r + (repulsion-1)*p.sigma*gap*gap)
		n.g = structure.Scale(dv/n.r, n.d)
	}
	return e
}

func (p *StillingerWeber) screening(hood []neighbour) {
	p.screen, p.slope = p.screen[:0], p.slope[:0]
	for k := range hood {
		gap := 1 / (hood[k].r - p.cutoff)
		e := math.Exp(p.gamma * p.sigma * gap)
		p.screen = append(p.screen, e)
		p.slope = append(p.slope, -p.gamma*p.sigma*gap*gap*e)
	}
}

// angle is V3 of the neighbours j and k; its derivatives are added to theirs.
func (p *StillingerWeber) angle(hood []neighbour, j, k int) float64 {
	a, b := &hood[j], &hood[k]
	cos := structure.Dot(a.d, b.d) / (a.r * b.r)
	bend := cos + 1.0/3
	scale := p.epsilon * p.lambda * bend
	dcos := 2 * scale * p.screen[j] * p.screen[k]
	mixed := dcos / (a.r * b.r)
	alongA := scale*bend*p.slope[j]*p.screen[k]/a.r - dcos*cos/(a.r*a.r)
	alongB := scale*bend*p.screen[j]*p.slope[k]/b.r - dcos*cos/(b.r*b.r)
	for x := range a.g {
		a.g[x] += alongA*a.d[x] + mixed*b.d[x]
		b.g[x] += alongB*b.d[x] + mixed*a.d[x]
	}
	return scale * bend * p.screen[j] * p.screen[k]
}
