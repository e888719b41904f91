package md

import "math"

// mtk is the barostat of Martyna, Tobias and Klein (J. Chem. Phys. 101, 4177 (1994)) for one factor of all lengths, with
// chains of their own for atoms and cell, in the reversible splitting of Tuckerman et al. (J. Phys. A 39, 5629 (2006)):
//
//	dr/dt = v + v_ε r,  dv/dt = F/m - (1 + 3/Nf) v_ε v,  dV/dt = 3 V v_ε,
//	W dv_ε/dt = (1 + 3/Nf) 2K + tr(virial) - 3 P0 V.
type mtk struct {
	verlet
	atoms, cell *chain
	inertia     float64 // W, eV fs²
	velocity    float64 // v_ε, 1/fs
	alpha       float64 // 1 + 3/Nf
}

func newMTK(o Options, freedom int) *mtk {
	atoms, cell := newChain(float64(freedom), o.Temperature, o.Relaxation), newChain(1, o.Temperature, o.CellRelaxation)
	return &mtk{atoms: atoms, cell: cell, inertia: (float64(freedom) + 3) * atoms.thermal * 1e6 * o.CellRelaxation * o.CellRelaxation, alpha: 1 + 3/float64(freedom)}
}

func (b *mtk) step(m *Simulation) error {
	b.thermostats(m)
	b.push(m)
	b.kick(m)
	if err := b.drift(m); err != nil {
		return err
	}
	if err := m.evaluate(); err != nil {
		return err
	}
	b.kick(m)
	b.push(m)
	b.thermostats(m)
	return nil
}

// thermostats go half a step on.
func (b *mtk) thermostats(m *Simulation) {
	b.velocity *= b.cell.half(b.inertia*b.velocity*b.velocity/2, m.options.Timestep)
	m.scaleVelocities(b.atoms.half(m.Kinetic(), m.options.Timestep))
}

// push changes the velocity of the cell over half a step.
func (b *mtk) push(m *Simulation) {
	w := m.result.Virial
	force := b.alpha*2*m.Kinetic() + w[0][0] + w[1][1] + w[2][2] - 3*m.options.Pressure*m.structure.Volume()
	b.velocity += m.options.Timestep / 2 * force / b.inertia
}

// kick changes the velocities of the atoms over half a step.
func (b *mtk) kick(m *Simulation) {
	half := m.options.Timestep / 2
	x := b.alpha * b.velocity * half / 2
	shrink := math.Exp(-2 * x)
	push := half * math.Exp(-x) * sinhc(x)
	for i, f := range m.result.Forces {
		v := &m.velocities[i]
		for k := range v {
			v[k] = shrink*v[k] + push*m.inverse[i]*f[k]
		}
	}
}

// drift moves atoms and cell over a step, unless an atom would go too far.
func (b *mtk) drift(m *Simulation) error {
	if err := m.checkMoves(); err != nil {
		return err
	}
	dt := m.options.Timestep
	x := b.velocity * dt / 2
	grow := math.Exp(2 * x)
	push := dt * math.Exp(x) * sinhc(x)
	for i, v := range m.velocities {
		p := &m.structure.Positions[i]
		for k := range p {
			p[k] = grow*p[k] + push*v[k]
		}
	}
	for k := range m.structure.Cell {
		for a := range 3 {
			m.structure.Cell[k][a] *= grow
		}
	}
	return nil
}

// sinhc is sinh(x)/x; the series is right to the last bit below 0.01.
func sinhc(x float64) float64 {
	if math.Abs(x) > 0.01 {
		return math.Sinh(x) / x
	}
	s := x * x
	return 1 + s/6*(1+s/20*(1+s/42))
}

func (b *mtk) reservoir(m *Simulation) float64 {
	return b.inertia*b.velocity*b.velocity/2 + b.atoms.energy() + b.cell.energy() + m.options.Pressure*m.structure.Volume()
}

func (b *mtk) state() []float64 {
	return append(append(b.atoms.state(), b.cell.state()...), b.velocity)
}

func (b *mtk) restore(v []float64) {
	b.atoms.restore(v)
	b.cell.restore(v[2*chainLinks:])
	b.velocity = v[4*chainLinks]
}
