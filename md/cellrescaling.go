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
// The cell moves at every tenth step, by Euler's scheme, and the potential is asked again. A move is accepted with the
// probability min(1, exp(-off/kT)), off/kT being the logarithm of the probability of the move over that of its reverse (G. O.
// Roberts and R. L. Tweedie, Bernoulli 2, 341 (1996)), else taken back: so moves of any size leave the ensemble as it is,
// where Euler's scheme alone would be wrong by the first power of the time step, and what is conserved changes by the
// error of the dynamics between them only. With the defaults about one move in a thousand is taken back.
type cellRescaling struct {
	rescaling
	axes    int     // 1: all together, 3: each for itself
	spread  float64 // D dt for one move
	thermal float64 // kT, eV
	noise   *stream
	before  struct { // a move
		cell                  [3][3]float64
		positions, velocities [][3]float64
	}
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

// move changes the cell, or leaves it, and books the heat that came with it.
func (c *cellRescaling) move(m *Simulation) error {
	random := c.noise.at(m.step)
	before, slope, volume := m.enthalpy(), c.slopes(m), m.structure.Volume()
	c.keep(m)
	var move [3]float64
	for a := range c.axes {
		move[a] = c.spread*slope[a] + math.Sqrt(2*c.spread)*random.NormFloat64()
	}
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
	if !(random.Float64() < math.Exp(-off/c.thermal)) {
		c.takeBack(m)
		return m.evaluate()
	}
	m.heat += m.enthalpy() - before
	return nil
}

func (c *cellRescaling) keep(m *Simulation) {
	c.before.cell = m.structure.Cell
	c.before.positions = append(c.before.positions[:0], m.structure.Positions...)
	c.before.velocities = append(c.before.velocities[:0], m.velocities...)
}

func (c *cellRescaling) takeBack(m *Simulation) {
	m.structure.Cell = c.before.cell
	copy(m.structure.Positions, c.before.positions)
	copy(m.velocities, c.before.velocities)
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
