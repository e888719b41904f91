//go:build heavy

package md

import (
	"math"
	"testing"

	"mlff/structure"
)

// lennardJones is the fluid of argon atoms in a cubic cell of more than twice the reach of its list, in units of its own:
// epsilon, sigma.
type lennardJones struct {
	epsilon, sigma, cutoff float64 // eV, Å, sigma
	pairs                  []pair
	made                   [][3]float64 // positions of which the list was made
}

// pair is two atoms and the image of the second that is nearest to the first: x_i - x_j - shift.
type pair struct {
	i, j  int32
	shift [3]float64
}

// margin of the list [sigma]: it holds until an atom has gone half of it.
const margin = 0.4

func (p *lennardJones) Evaluate(s *structure.Structure, out *structure.Result) error {
	p.update(s)
	out.Resize(s.Len())
	clear(out.Forces)
	clear(out.Energies)
	out.Energy = 0
	x, f, square, least, trace := s.Positions, out.Forces, p.sigma*p.sigma, 1/(p.cutoff*p.cutoff), 0.0
	for n := range p.pairs {
		c := &p.pairs[n]
		a, b := &x[c.i], &x[c.j]
		dx, dy, dz := a[0]-b[0]-c.shift[0], a[1]-b[1]-c.shift[1], a[2]-b[2]-c.shift[2]
		q := square / (dx*dx + dy*dy + dz*dz)
		if q < least {
			continue
		}
		q3 := q * q * q
		w := 24 * p.epsilon * q3 * (2*q3 - 1) // -r dV/dr
		g := w * q / square
		a, b = &f[c.i], &f[c.j]
		a[0], a[1], a[2] = a[0]+g*dx, a[1]+g*dy, a[2]+g*dz
		b[0], b[1], b[2] = b[0]-g*dx, b[1]-g*dy, b[2]-g*dz
		out.Energy += 4 * p.epsilon * q3 * (q3 - 1)
		trace += w
	}
	out.Virial = [3][3]float64{{trace / 3}, {0, trace / 3}, {0, 0, trace / 3}} // its trace is right, which is the pressure
	return nil
}

// update makes the list anew where it may have come to lack a pair.
func (p *lennardJones) update(s *structure.Structure) {
	farthest := math.Inf(1) // squared
	if len(p.made) == s.Len() {
		farthest = 0
		for k, x := range s.Positions {
			d := structure.Sub(x, p.made[k])
			farthest = max(farthest, structure.Dot(d, d))
		}
	}
	if half := margin * p.sigma / 2; farthest < half*half {
		return
	}
	p.made, p.pairs = append(p.made[:0], s.Positions...), p.pairs[:0]
	edge, reach := s.Cell[0][0], (p.cutoff+margin)*p.sigma
	for i := range s.Positions {
		for j := range i {
			d := structure.Sub(s.Positions[i], s.Positions[j])
			var shift [3]float64
			for k := range d {
				shift[k] = edge * math.RoundToEven(d[k]/edge)
			}
			if d = structure.Sub(d, shift); structure.Dot(d, d) < reach*reach {
				p.pairs = append(p.pairs, pair{int32(i), int32(j), shift})
			}
		}
	}
}

// The published pressures are those of the NIST Standard Reference Simulation Website (Lennard-Jones fluid, Monte Carlo,
// NVT): truncated at 3 sigma, with the usual correction for g = 1 beyond, (16/3) pi rho² ((2/3) rc⁻⁹ - rc⁻³).
func TestHeavyPressureOfTheLennardJonesFluid(t *testing.T) {
	for _, c := range []struct {
		name                                      string
		temperature, density, pressure, deviation float64
	}{
		{"T 0.85 density 0.820", 0.85, 0.820, 0.55355, 0.00313},
		{"T 0.90 density 0.776", 0.90, 0.776, 0.24056, 0.00274},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := &lennardJones{epsilon: 119.8 * structure.KB, sigma: 3.405, cutoff: 3}
			s := faceCentred(5, p.sigma*math.Cbrt(4/c.density))
			o := Options{Timestep: 10, Ensemble: NVT, Friction: 5, Seed: 1, Temperature: 2.5 * p.epsilon / structure.KB} // 0.0046 in reduced units
			m := start(t, p, s, o)
			run(t, m, 1000) // melts
			o.Temperature, o.Thermostat, o.Relaxation = c.temperature*p.epsilon/structure.KB, Rescaling, 0.5
			if err := m.Switch(o); err != nil {
				t.Fatal(err)
			}
			run(t, m, 2000)
			var means []float64
			for range 20 {
				var sum float64
				const steps = 5000 // 50 ps: the pressure of a liquid forgets itself within 1 ps
				run(t, m, steps, Observer{Observe: func(m *Simulation) error { sum += m.Pressure() / steps; return nil }})
				means = append(means, sum)
			}
			mean, deviation := average(means)
			unit := p.epsilon / (p.sigma * p.sigma * p.sigma)
			// 2 E_kin/3V is the pressure of N - 1 free atoms, whose mean is kT each: the centre of mass is at rest.
			mean, deviation = mean/unit+c.density*c.temperature/float64(s.Len()), deviation/unit
			mean += 16.0 / 3 * math.Pi * c.density * c.density * (2.0/3*math.Pow(p.cutoff, -9) - math.Pow(p.cutoff, -3))
			t.Logf("pressure %.4f ± %.4f, published %.5f ± %.5f", mean, deviation, c.pressure, c.deviation)
			// Three standard errors of both; of a step of 10 fs it is less, as (ω dt)² is 1 % of the potential part at most.
			if math.Abs(mean-c.pressure) > 3*math.Hypot(deviation, c.deviation) || deviation > 0.01 {
				t.Errorf("pressure %.4f ± %.4f, not %.5f ± %.5f", mean, deviation, c.pressure, c.deviation)
			}
		})
	}
}

func faceCentred(n int, a float64) structure.Structure {
	cell := structure.Structure{Cell: [3][3]float64{{a, 0, 0}, {0, a, 0}, {0, 0, a}}, PBC: [3]bool{true, true, true}}
	for _, x := range [][3]float64{{0, 0, 0}, {0, 1, 1}, {1, 0, 1}, {1, 1, 0}} {
		cell.Positions, cell.Numbers = append(cell.Positions, structure.Scale(a/2, x)), append(cell.Numbers, 18)
	}
	return structure.Supercell(&cell, [3]int{n, n, n})
}
