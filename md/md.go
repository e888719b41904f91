// Package md integrates the equations of motion of any structure.Potential.
//
//   - NVE: velocity Verlet (W. C. Swope et al., J. Chem. Phys. 76, 637 (1982)).
//   - NVT: Langevin dynamics split as BAOAB (B. Leimkuhler and C. Matthews, Appl. Math. Res. Express 2013, 34), which
//     samples positions best among the splittings at large steps.
//
// Both are of second order in the time step and have a conserved quantity: the total energy, for Langevin less the heat
// that the thermostat gave (G. Bussi and M. Parrinello, Phys. Rev. E 75, 056707 (2007)). Positions are never wrapped
// into the cell. The same potential, start, options and seed give the same bits; the noise of a step depends on the seed
// and the number of the step only.
//
// Units: Å, fs, eV, u, K; friction in 1/ps.
package md

import (
	"fmt"
	"math"
	"slices"

	"mlff/structure"
)

// The ensembles.
const (
	NVE = "nve"
	NVT = "nvt"
)

// Options of a simulation.
type Options struct {
	Timestep    float64 // fs; 0 = DefaultTimestep
	Ensemble    string  // NVE or NVT; "" = NVE
	Temperature float64 // K; of the thermal start, and of the thermostat if there is one
	Friction    float64 // 1/ps, of the Langevin thermostat; 0 = 1
	Seed        uint64
	Velocities  [][3]float64 // [N] Å/fs to begin with; nil = thermal start
	MaxMove     float64      // Å that an atom may go in one step before the run is called exploded; 0 = 2
}

// DefaultTimestep is 1 fs, 0.5 fs where there is hydrogen.
func DefaultTimestep(s *structure.Structure) float64 {
	if slices.Contains(s.Numbers, 1) {
		return 0.5
	}
	return 1
}

func (o Options) withDefaults(s *structure.Structure) (Options, error) {
	if o.Timestep == 0 {
		o.Timestep = DefaultTimestep(s)
	}
	if o.Ensemble == "" {
		o.Ensemble = NVE
	}
	if o.Friction == 0 {
		o.Friction = 1
	}
	if o.MaxMove == 0 {
		o.MaxMove = 2
	}
	for _, x := range []struct {
		name  string
		value float64
	}{{"time step [fs]", o.Timestep}, {"friction [1/ps]", o.Friction}, {"largest move [Å]", o.MaxMove}} {
		if !(x.value > 0) || math.IsInf(x.value, 0) {
			return o, fmt.Errorf("%s must be positive, not %g", x.name, x.value)
		}
	}
	if !(o.Temperature >= 0) || math.IsInf(o.Temperature, 0) {
		return o, fmt.Errorf("a temperature of %g K", o.Temperature)
	}
	if o.Velocities != nil && len(o.Velocities) != s.Len() {
		return o, fmt.Errorf("%d velocities for %d atoms", len(o.Velocities), s.Len())
	}
	for i, v := range o.Velocities {
		if !finite(v[0] + v[1] + v[2]) {
			return o, fmt.Errorf("the velocity of atom %d is %g Å/fs", i, v)
		}
	}
	return o, nil
}

// Simulation is a structure in motion. One goroutine at a time may use it. What its methods return may be read until
// the next step, and not changed.
type Simulation struct {
	potential  structure.Potential
	integrator integrator
	options    Options
	structure  structure.Structure
	velocities [][3]float64
	masses     []float64 // u
	inverse    []float64 // AccelerationUnit/mass: force [eV/Å] to acceleration [Å/fs²]
	result     structure.Result
	step       int
	start      int     // the step at which the present ensemble began
	before     float64 // time at that step, fs
	heat       float64 // given by the thermostat so far, eV
	err        error   // what stopped the simulation
}

// integrator takes a simulation one step on.
type integrator interface {
	step(s *Simulation) error
	freedom(atoms int) int // degrees of freedom
}

// New starts a simulation of a copy of s and evaluates the potential once. It returns an error for options that make
// no sense, elements without a mass, a potential that cannot evaluate s and energies or forces that are not finite.
func New(p structure.Potential, s structure.Structure, o Options) (*Simulation, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	m := &Simulation{potential: p, structure: s.Clone()}
	for _, z := range s.Numbers {
		m.masses = append(m.masses, structure.Mass(z))
		m.inverse = append(m.inverse, structure.AccelerationUnit/structure.Mass(z))
	}
	if err := m.Switch(o); err != nil {
		return nil, err
	}
	if o.Velocities != nil {
		m.velocities = slices.Clone(o.Velocities)
	} else {
		m.velocities = Thermal(&s, o.Temperature, o.Seed)
	}
	if err := m.evaluate(); err != nil {
		return nil, err
	}
	return m, nil
}

// Switch goes on with other options from the present state, for example from a thermostat to constant energy. The
// velocities stay; Options.Velocities are not used.
func (m *Simulation) Switch(o Options) error {
	o, err := o.withDefaults(&m.structure)
	if err != nil {
		return err
	}
	switch o.Ensemble {
	case NVE:
		m.integrator = verlet{}
	case NVT:
		m.integrator = newLangevin(o, m.masses)
	default:
		return structure.Hint(fmt.Errorf("no ensemble %q", o.Ensemble), "the ensembles are nve and nvt")
	}
	m.before, m.start = m.Time(), m.step
	m.options = o
	return nil
}

// Step goes one time step on. After an error the simulation stays where it is and every further step returns the same
// error: a *StepError, which says when, and carries a hint.
func (m *Simulation) Step() error {
	if m.err != nil {
		return m.err
	}
	m.step++
	if err := m.integrator.step(m); err != nil {
		m.err = m.failure(err)
	}
	return m.err
}

// Structure is where the atoms are, unwrapped.
func (m *Simulation) Structure() *structure.Structure { return &m.structure }

// Velocities are [N] in Å/fs.
func (m *Simulation) Velocities() [][3]float64 { return m.velocities }

// Result is what the potential says of Structure.
func (m *Simulation) Result() *structure.Result { return &m.result }

// Options are those in force, defaults filled in.
func (m *Simulation) Options() Options { return m.options }

// Steps is how many steps have been made.
func (m *Simulation) Steps() int { return m.step }

// Time since the start in fs.
func (m *Simulation) Time() float64 {
	return m.before + float64(m.step-m.start)*m.options.Timestep
}

// Potential energy in eV.
func (m *Simulation) Potential() float64 { return m.result.Energy }

// Kinetic energy in eV.
func (m *Simulation) Kinetic() float64 {
	var e float64
	for i, v := range m.velocities {
		e += m.masses[i] * structure.Dot(v, v)
	}
	return e / (2 * structure.AccelerationUnit)
}

// Heat is what the thermostat has given since the start, in eV.
func (m *Simulation) Heat() float64 { return m.heat }

// Conserved is what stays constant but for the error of integration: kinetic and potential energy less the heat, eV.
func (m *Simulation) Conserved() float64 { return m.Kinetic() + m.Potential() - m.heat }

// Freedom is the number of degrees of freedom that share the kinetic energy: 3N with a Langevin thermostat, which moves
// the centre of mass too; 3N - 3 at constant energy; never below 3.
func (m *Simulation) Freedom() int { return m.integrator.freedom(m.structure.Len()) }

// Temperature is the kinetic one in K.
func (m *Simulation) Temperature() float64 {
	return 2 * m.Kinetic() / (float64(m.Freedom()) * structure.KB)
}

// Pressure is kinetic plus virial, in eV/Å³; NaN unless the structure is periodic in three directions.
func (m *Simulation) Pressure() float64 {
	if !m.structure.Periodic() {
		return math.NaN()
	}
	w := m.result.Virial
	return (2*m.Kinetic() + w[0][0] + w[1][1] + w[2][2]) / (3 * m.structure.Volume())
}
