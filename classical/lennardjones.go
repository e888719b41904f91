package classical

import (
	"fmt"

	"mlff/structure"
)

// LennardJones is the 12-6 potential of one element with a smooth cutoff:
//
//	E = sum_{i<j} V(r_ij) S(r_ij),  V(r) = 4 epsilon ((sigma/r)^12 - (sigma/r)^6)
//
// S is 1 up to the onset and falls to 0 at the cutoff as 1 - 10x³ + 15x⁴ - 6x⁵, x = (r - onset)/(cutoff - onset), so
// that V itself is untouched below the onset and energy, force and force constant are continuous everywhere.
type LennardJones struct {
	geometry
	o       LennardJonesOptions
	numbers []int
}

// LennardJonesOptions are the parameters of a Lennard-Jones potential.
type LennardJonesOptions struct {
	Number        int     // atomic number
	Epsilon       float64 // depth of the well, eV
	Sigma         float64 // where V crosses zero, Å
	Onset, Cutoff float64 // where the switch begins and ends, Å
}

// Argon has epsilon/k_B = 119.8 K and sigma = 3.405 Å (A. Michels et al., Physica 15, 627 (1949)); V is whole up to
// 2 sigma and switched off at 2.5 sigma.
func Argon() LennardJonesOptions {
	const sigma = 3.405
	return LennardJonesOptions{Number: 18, Epsilon: 119.8 * structure.KB, Sigma: sigma, Onset: 2 * sigma, Cutoff: 2.5 * sigma}
}

// NewLennardJones checks o: epsilon and sigma positive, 0 <= onset < cutoff.
func NewLennardJones(o LennardJonesOptions) (*LennardJones, error) {
	if !(o.Epsilon > 0 && o.Sigma > 0) {
		return nil, fmt.Errorf("Lennard-Jones: epsilon %g eV and sigma %g Å must be positive", o.Epsilon, o.Sigma)
	}
	if !(0 <= o.Onset && o.Onset < o.Cutoff) {
		return nil, fmt.Errorf("Lennard-Jones: the switch must begin before it ends, not at %g Å and %g Å", o.Onset, o.Cutoff)
	}
	if structure.Symbol(o.Number) == "" {
		return nil, fmt.Errorf("Lennard-Jones: no element has the number %d", o.Number)
	}
	return &LennardJones{geometry: newGeometry(o.Cutoff), o: o, numbers: []int{o.Number}}, nil
}

// Evaluate writes energy, atomic energies, forces and virial of s into out. It returns an *ElementError if s holds
// another element, and the neighbour list's error where atoms coincide or s is no valid structure.
func (p *LennardJones) Evaluate(s *structure.Structure, out *structure.Result) error {
	if err := CheckElements(p.numbers, s.Numbers); err != nil {
		return err
	}
	return p.evaluate(p, s, out)
}

// Numbers is the one element.
func (p *LennardJones) Numbers() []int { return p.numbers }

// Clone is the same potential for another goroutine.
func (p *LennardJones) Clone() Potential {
	return &LennardJones{geometry: newGeometry(p.cutoff), o: p.o, numbers: p.numbers}
}

// Parameters are the element, epsilon, sigma and both ends of the switch.
func (p *LennardJones) Parameters() []Parameter {
	return []Parameter{
		{Name: "number", Values: []float64{float64(p.o.Number)}},
		{Name: "epsilon", Values: []float64{p.o.Epsilon}},
		{Name: "sigma", Values: []float64{p.o.Sigma}},
		{Name: "onset", Values: []float64{p.o.Onset}},
		{Name: "cutoff", Values: []float64{p.o.Cutoff}},
	}
}

func (p *LennardJones) energy(_ int, hood []neighbour) float64 {
	var e float64
	for k := range hood {
		n := &hood[k]
		q := p.o.Sigma * p.o.Sigma / (n.r * n.r)
		q6 := q * q * q
		v := 2 * p.o.Epsilon * q6 * (q6 - 1) // half of V: the other half is the neighbour's
		dv := -12 * p.o.Epsilon * q6 * (2*q6 - 1) / n.r
		if n.r > p.o.Onset {
			s, ds := p.fade(n.r)
			v, dv = v*s, dv*s+v*ds
		}
		e += v
		n.g = structure.Scale(dv/n.r, n.d)
	}
	return e
}

// fade is S(r) and dS/dr between onset and cutoff.
func (p *LennardJones) fade(r float64) (s, ds float64) {
	width := p.cutoff - p.o.Onset
	x := (r - p.o.Onset) / width
	return 1 + x*x*x*(-10+x*(15-6*x)), -30 * x * x * (1 - x) * (1 - x) / width
}
