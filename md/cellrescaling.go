package md

import (
	"math"

	"mlff/structure"
)

// cellRescaling is stochastic cell rescaling (M. Bernetti and G. Bussi, J. Chem. Phys. 153, 114107 (2020); V. Del Tatto
// et al., Appl. Sci. 12, 1139 (2022)) on top of rescaled velocities: the logarithms of lengths move like a Brownian
// particle in the enthalpy,
//
//	dε = D/kT (V (P - P0) + kT) dt + sqrt(2 D) dW,  D = kT β/(V0 τ),
//
// ε = ln V with one factor for all lengths, or one ε for each Cartesian axis with its own pressure and a third of D. V0
// is the volume at the beginning. Positions grow by the factor of a length and velocities shrink by it. That samples
// exp(-(H + P0 V)/kT) dV.
//
// The cell moves at every tenth step, and the potential is asked again after it. So the work is known exactly: what is
// conserved changes by kT times the logarithm of the probability of a move over that of its reverse, which vanishes with
// the time step.
type cellRescaling struct {
	rescaling
	axes    int     // 1: all together, 3: each for itself
	spread  float64 // D dt for one move
	thermal float64 // kT, eV
	noise   *stream
}

const stepsPerMove = 10

func newCellRescaling(o Options, volume float64) *cellRescaling {
	c := &cellRescaling{rescaling: *newRescaling(o), axes: 1, thermal: structure.KB * o.Temperature, noise: newStream(o.Seed, "cell")}
	c.spread = c.thermal * o.Compressibility / (volume * 1e3 * o.CellRelaxation) * o.Timestep * stepsPerMove
	if o.Barostat == Anisotropic {
		c.axes, c.spread = 3, c.spread/3
	}
	return c
}

func (c *cellRescaling) step(m *Simulation) error {
	if err := c.rescaling.step(m); err != nil {
		return err
	}
	if m.step%stepsPerMove != 0 {
		return nil
	}
	return c.move(m)
}

// move changes the cell and books the heat that came with it.
func (c *cellRescaling) move(m *Simulation) error {
	random := c.noise.at(m.step)
	before, slope := m.enthalpy(), c.slopes(m)
	var move [3]float64
	for a := range c.axes {
		move[a] = c.spread*slope[a] + math.Sqrt(2*c.spread)*random.NormFloat64()
	}
	volume := m.structure.Volume()
	m.strain(c.factors(move))
	if err := m.evaluate(); err != nil {
		return err
	}
	after := c.slopes(m)
	off := m.enthalpy() - before - c.thermal*math.Log(m.structure.Volume()/volume)
	for a := range c.axes {
		there, back := move[a]-c.spread*slope[a], -move[a]-c.spread*after[a]
		off += c.thermal * (back*back - there*there) / (4 * c.spread)
	}
	m.heat += m.enthalpy() - before - off
	return nil
}

// slopes are the forces along ε, in units of kT.
func (c *cellRescaling) slopes(m *Simulation) (f [3]float64) {
	volume, p := m.structure.Volume(), m.pressures()
	if c.axes == 1 {
		p[0] = (p[0] + p[1] + p[2]) / 3
	}
	for a := range c.axes {
		f[a] = volume*(p[a]-m.options.Pressure)/c.thermal + 1
	}
	return f
}

func (c *cellRescaling) factors(move [3]float64) [3]float64 {
	if c.axes == 1 {
		f := math.Exp(move[0] / 3)
		return [3]float64{f, f, f}
	}
	return [3]float64{math.Exp(move[0]), math.Exp(move[1]), math.Exp(move[2])}
}

func (c *cellRescaling) reservoir(m *Simulation) float64 {
	return m.options.Pressure * m.structure.Volume()
}

// enthalpy is kinetic and potential energy plus pressure times volume, eV.
func (m *Simulation) enthalpy() float64 {
	return m.Kinetic() + m.Potential() + m.options.Pressure*m.structure.Volume()
}

// pressures along x, y and z, eV/Å³.
func (m *Simulation) pressures() (p [3]float64) {
	for i, v := range m.velocities {
		for a := range p {
			p[a] += m.masses[i] * v[a] * v[a] / structure.AccelerationUnit
		}
	}
	volume := m.structure.Volume()
	for a := range p {
		p[a] = (p[a] + m.result.Virial[a][a]) / volume
	}
	return p
}

// strain stretches cell and positions along x, y and z; velocities shrink.
func (m *Simulation) strain(factor [3]float64) {
	for a, f := range factor {
		for k := range m.structure.Cell {
			m.structure.Cell[k][a] *= f
		}
		for i := range m.structure.Positions {
			m.structure.Positions[i][a] *= f
			m.velocities[i][a] /= f
		}
	}
}
