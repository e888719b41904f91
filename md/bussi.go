package md

import (
	"math"
	"math/rand/v2"

	"mlff/structure"
)

// stream gives each step noise of its own, so that a simulation taken up at any step finds what it would have had.
type stream struct {
	keys [2]uint64
	pcg  rand.PCG
	rand *rand.Rand
}

func newStream(seed uint64, purpose string) *stream {
	source := structure.Rand(seed, purpose, 0)
	s := &stream{keys: [2]uint64{source.Uint64(), source.Uint64()}}
	s.rand = rand.New(&s.pcg)
	return s
}

func (s *stream) at(step int) *rand.Rand {
	s.pcg.Seed(s.keys[0], s.keys[1]^uint64(step)*0x9e3779b97f4a7c15)
	return s.rand
}

// rescaling is velocity Verlet, then one factor for all velocities that takes the kinetic energy K on by the exact
// solution of
//
//	dK = (K0 - K) dt/τ + 2 sqrt(K K0/(Nf τ)) dW,  K0 = Nf k_B T/2
//
// (G. Bussi, D. Donadio and M. Parrinello, J. Chem. Phys. 126, 014101 (2007)).
type rescaling struct {
	verlet
	keep   float64 // exp(-dt/τ)
	target float64 // K0 per degree of freedom, eV
	noise  *stream
}

func newRescaling(o Options) *rescaling {
	return &rescaling{keep: math.Exp(-o.Timestep / (1e3 * o.Relaxation)), target: structure.KB * o.Temperature / 2, noise: newStream(o.Seed, "rescaling")}
}

func (r *rescaling) step(m *Simulation) error {
	if err := r.verlet.step(m); err != nil {
		return err
	}
	r.rescale(m)
	return nil
}

func (r *rescaling) rescale(m *Simulation) {
	before, freedom := m.Kinetic(), m.Freedom()
	if before == 0 {
		return // no factor moves atoms at rest
	}
	random := r.noise.at(m.step)
	first := random.NormFloat64()
	others := 2 * gammaDraw(random, float64(freedom-1)/2) // a sum of squares of Nf - 1 normal numbers
	c := (1 - r.keep) * r.target / before
	square := r.keep + c*(first*first+others) + 2*first*math.Sqrt(r.keep*c)
	factor := math.Sqrt(square)
	if first+math.Sqrt(r.keep/c) < 0 {
		factor = -factor
	}
	for i, v := range m.velocities {
		m.velocities[i] = structure.Scale(factor, v)
	}
	m.heat += m.Kinetic() - before
}

// gammaDraw draws from the gamma distribution with the given shape and scale 1 (G. Marsaglia and W. W. Tsang, ACM
// Trans. Math. Softw. 26, 363 (2000)).
func gammaDraw(random *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gammaDraw(random, shape+1) * math.Pow(random.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := random.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(random.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
