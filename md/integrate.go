package md

import (
	"fmt"
	"math"
	"math/rand/v2"

	"mlff/structure"
)

// verlet is velocity Verlet: half a kick, a drift, half a kick with the new forces.
type verlet struct{}

func (verlet) step(m *Simulation) error {
	m.kick()
	if err := m.drift(m.options.Timestep); err != nil {
		return err
	}
	if err := m.evaluate(); err != nil {
		return err
	}
	m.kick()
	return nil
}

func (verlet) freedom(atoms, fixed, still int) int {
	switch {
	case fixed > 0:
		return max(3*(atoms-fixed), 1) // nothing keeps the momentum
	case atoms < 2:
		return 3
	}
	return 3*atoms - 3 - still
}

// langevin is BAOAB: half a kick, half a drift, the thermostat, half a drift, half a kick with the new forces.
type langevin struct {
	keep  float64   // of a velocity in one step, exp(-friction dt)
	noise []float64 // [N] standard deviation of what is added, Å/fs
	keys  [2]uint64
	pcg   rand.PCG
	rand  *rand.Rand
}

func newLangevin(o Options, masses []float64) *langevin {
	l := &langevin{keep: math.Exp(-o.Friction * o.Timestep * 1e-3)} // 1/ps · fs
	for _, mass := range masses {
		l.noise = append(l.noise, math.Sqrt(1-l.keep*l.keep)*thermalSpeed(o.Temperature, mass))
	}
	for _, i := range o.Fixed {
		l.noise[i] = 0
	}
	source := structure.Rand(o.Seed, "langevin", 0)
	l.keys = [2]uint64{source.Uint64(), source.Uint64()}
	l.rand = rand.New(&l.pcg)
	return l
}

func (l *langevin) step(m *Simulation) error {
	m.kick()
	if err := m.drift(m.options.Timestep / 2); err != nil {
		return err
	}
	l.thermostat(m)
	if err := m.drift(m.options.Timestep / 2); err != nil {
		return err
	}
	if err := m.evaluate(); err != nil {
		return err
	}
	m.kick()
	return nil
}

// thermostat solves the Ornstein-Uhlenbeck part exactly and books the heat. Each step draws from a stream of its own,
// so that a simulation taken up at any step finds the noise that it would have had.
func (l *langevin) thermostat(m *Simulation) {
	l.pcg.Seed(l.keys[0], l.keys[1]^uint64(m.step)*0x9e3779b97f4a7c15)
	before := m.Kinetic()
	for i := range m.velocities {
		v := &m.velocities[i]
		for k := range v {
			v[k] = l.keep*v[k] + l.noise[i]*l.rand.NormFloat64()
		}
	}
	m.heat += m.Kinetic() - before
}

func (*langevin) freedom(atoms, fixed, _ int) int { return max(3*(atoms-fixed), 1) }

// kick changes the velocities by the present forces over half a time step.
func (m *Simulation) kick() {
	half := m.options.Timestep / 2
	for i := range m.result.Forces {
		c, f, v := half*m.inverse[i], &m.result.Forces[i], &m.velocities[i]
		v[0], v[1], v[2] = v[0]+c*f[0], v[1]+c*f[1], v[2]+c*f[2]
	}
}

// drift moves the atoms for dt, unless one of them would go too far in a whole step: then none moves.
func (m *Simulation) drift(dt float64) error {
	if err := m.checkMoves(); err != nil {
		return err
	}
	for i := range m.velocities {
		v, x := &m.velocities[i], &m.structure.Positions[i]
		x[0], x[1], x[2] = x[0]+dt*v[0], x[1]+dt*v[1], x[2]+dt*v[2]
	}
	return nil
}

// checkMoves refuses velocities that would take an atom too far in one step.
func (m *Simulation) checkMoves() error {
	fastest := m.options.MaxMove / m.options.Timestep
	for i := range m.velocities {
		v := &m.velocities[i]
		if !(v[0]*v[0]+v[1]*v[1]+v[2]*v[2] <= fastest*fastest) { // false for NaN
			return fmt.Errorf("atom %d (%s) would move %.3g Å in one step of %g fs", i,
				structure.Symbol(m.structure.Numbers[i]), structure.Norm(*v)*m.options.Timestep, m.options.Timestep)
		}
	}
	return nil
}

// evaluate asks the potential and refuses answers that are not finite.
func (m *Simulation) evaluate() error {
	if err := m.potential.Evaluate(&m.structure, &m.result); err != nil {
		return err
	}
	if len(m.result.Forces) != m.structure.Len() {
		return fmt.Errorf("the potential gave %d forces for %d atoms", len(m.result.Forces), m.structure.Len())
	}
	if !finite(m.result.Energy) {
		return fmt.Errorf("the energy is %g eV", m.result.Energy)
	}
	for i := range m.result.Forces {
		if f := &m.result.Forces[i]; !finite(f[0] + f[1] + f[2]) {
			return fmt.Errorf("the force on atom %d (%s) is %g eV/Å", i, structure.Symbol(m.structure.Numbers[i]), *f)
		}
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// StepError says when a simulation stopped and why.
type StepError struct {
	Step int     // that failed, from 1
	Time float64 // fs, at its end
	Err  error
}

func (e *StepError) Error() string {
	return fmt.Sprintf("step %d (%.6g ps): %v", e.Step, e.Time/1000, e.Err)
}

// Unwrap gives the cause.
func (e *StepError) Unwrap() error { return e.Err }

func (m *Simulation) failure(err error) error {
	return structure.Hint(&StepError{Step: m.step, Time: m.Time(), Err: err}, fmt.Sprintf(
		"try a time step below %g fs, a relaxed start or a lower temperature; a potential outside its domain does this too", m.options.Timestep))
}
