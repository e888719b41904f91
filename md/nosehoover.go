package md

import (
	"math"

	"mlff/structure"
)

// chain is a Nosé-Hoover chain: thermostats of which each cools the one before (G. J. Martyna, M. L. Klein and M.
// Tuckerman, J. Chem. Phys. 97, 2635 (1992)), moved by the scheme of Suzuki and Yoshida with three parts (M. E.
// Tuckerman et al., J. Phys. A 39, 5629 (2006)).
type chain struct {
	cools    float64             // degrees of freedom of what the first link cools
	thermal  float64             // k_B T, eV
	inertia  [chainLinks]float64 // eV fs²
	position [chainLinks]float64
	velocity [chainLinks]float64 // 1/fs
}

const chainLinks = 3

// suzukiYoshida are the parts of a time step of a scheme of fourth order.
var suzukiYoshida = func() [3]float64 {
	w := 1 / (2 - math.Cbrt(2))
	return [3]float64{w, 1 - 2*w, w}
}()

// newChain cools so many degrees of freedom to a temperature [K]; it swings with about the given time [ps].
func newChain(freedom, temperature, time float64) *chain {
	c := &chain{cools: freedom, thermal: structure.KB * temperature}
	for k := range c.inertia {
		c.inertia[k] = c.thermal * 1e6 * time * time
	}
	c.inertia[0] *= freedom
	return c
}

// half goes half a time step dt on and returns the factor of the velocities whose kinetic energy [eV] it was given.
func (c *chain) half(kinetic, dt float64) float64 {
	factor := 1.0
	for _, w := range suzukiYoshida {
		h := w * dt / 2
		for k := chainLinks - 1; k >= 0; k-- {
			c.kick(k, kinetic, h/2)
		}
		scale := math.Exp(-c.velocity[0] * h)
		factor *= scale
		kinetic *= scale * scale
		for k := range chainLinks {
			c.position[k] += c.velocity[k] * h
		}
		for k := range chainLinks {
			c.kick(k, kinetic, h/2)
		}
	}
	return factor
}

// kick moves the velocity of link k by half of h, damped by the next link.
func (c *chain) kick(k int, kinetic, h float64) {
	force := 2*kinetic - c.cools*c.thermal
	if k > 0 {
		force = c.inertia[k-1]*c.velocity[k-1]*c.velocity[k-1] - c.thermal
	}
	damp := 1.0
	if k < chainLinks-1 {
		damp = math.Exp(-c.velocity[k+1] * h / 2)
	}
	c.velocity[k] = damp * (damp*c.velocity[k] + h*force/c.inertia[k])
}

// energy is what the chain holds, eV.
func (c *chain) energy() float64 {
	e := c.cools * c.thermal * c.position[0]
	for k := range chainLinks {
		e += c.inertia[k] * c.velocity[k] * c.velocity[k] / 2
		if k > 0 {
			e += c.thermal * c.position[k]
		}
	}
	return e
}

func (c *chain) state() []float64 {
	return append(append([]float64{}, c.position[:]...), c.velocity[:]...)
}

func (c *chain) restore(v []float64) {
	copy(c.position[:], v)
	copy(c.velocity[:], v[chainLinks:])
}

// noseHoover is velocity Verlet between two halves of a chain.
type noseHoover struct {
	verlet
	*chain
}

func newNoseHoover(o Options, freedom int) *noseHoover {
	return &noseHoover{chain: newChain(float64(freedom), o.Temperature, o.Relaxation)}
}

func (n *noseHoover) step(m *Simulation) error {
	m.scaleVelocities(n.half(m.Kinetic(), m.options.Timestep))
	if err := n.verlet.step(m); err != nil {
		return err
	}
	m.scaleVelocities(n.half(m.Kinetic(), m.options.Timestep))
	return nil
}

func (n *noseHoover) reservoir(*Simulation) float64 { return n.energy() }

func (m *Simulation) scaleVelocities(factor float64) {
	for i, v := range m.velocities {
		m.velocities[i] = structure.Scale(factor, v)
	}
}
