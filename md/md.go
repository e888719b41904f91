// Package md integrates the equations of motion of any structure.Potential.
//
//   - NVE: velocity Verlet (W. C. Swope et al., J. Chem. Phys. 76, 637 (1982)).
//
//   - NVT: Langevin dynamics split as BAOAB (B. Leimkuhler and C. Matthews, Appl. Math. Res. Express 2013, 34), which
//     samples positions best among the splittings at large steps.
//
//   - NVT: rescaled velocities (bussi.go), Nosé-Hoover chains (nosehoover.go).
//
//   - NPT: stochastic cell rescaling with one or three lengths (cellrescaling.go), Martyna-Tobias-Klein (mtk.go).
//
// All are of second order in the time step, the random ones in averages and in what they conserve, as tests show
// (order_test.go); that the ensembles are right is shown by overlap at two temperatures and pressures (ensemble_test.go).
// All have a conserved quantity: the total energy, with a random thermostat or barostat less
// the heat that it gave (G. Bussi and M. Parrinello, Phys. Rev. E 75, 056707 (2007)), with the others together with the
// energy of their variables. Positions are never wrapped into the cell. The same potential, start,
// options and seed give the same bits, also after a restart (State); the noise of a step depends on the seed and the
// number of the step only.
//
// Units: Å, fs, eV, u, K; friction in 1/ps, times of thermostat and barostat in ps, pressure in eV/Å³.
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
	NPT = "npt"
)

// Thermostats.
const (
	Langevin   = "langevin"
	Rescaling  = "bussi"
	NoseHoover = "nose-hoover"
)

// Barostats.
const (
	Isotropic   = "isotropic"   // stochastic cell rescaling, one factor for all lengths
	Anisotropic = "anisotropic" // the same, a factor for each of x, y and z
	MTK         = "mtk"
)

// Options of a simulation.
type Options struct {
	Timestep    float64 // fs; 0 = DefaultTimestep
	Ensemble    string  // NVE, NVT or NPT; "" = NVE
	Thermostat  string  // of NVT: Langevin ("" too), Rescaling or NoseHoover; a barostat brings its own
	Barostat    string  // of NPT: Isotropic ("" too), Anisotropic or MTK
	Temperature float64 // K; of the thermal start, and of the thermostat if there is one
	Friction    float64 // 1/ps, of the Langevin thermostat; 0 = 1
	Relaxation  float64 // ps, of rescaled velocities and Nosé-Hoover chains; 0 = 0.1

	Pressure        float64 // eV/Å³, of the barostat (structure.GPa is one GPa)
	CellRelaxation  float64 // ps, of the volume; 0 = 1
	Compressibility float64 // Å³/eV; a guess that only changes how fast a rescaled cell relaxes; 0 = 0.02/GPa, a soft solid

	Fixed      []int // atoms that never move; not with a barostat
	Seed       uint64
	Velocities [][3]float64 // [N] Å/fs to begin with; nil = thermal start
	MaxMove    float64      // Å that an atom may go in one step before the run is called exploded; 0 = 2
}

// DefaultTimestep is 1 fs, 0.5 fs where there is hydrogen. What a thermostat samples is off by (ω dt/2)², the mean over
// vibrations: in silicon (Stillinger-Weber, 300 and 330 K, 2.4 ns each) by 2.3 % at 4 fs, 0.6 % at 2 and 0.15 % at 1. BAOAB
// has so much less kinetic energy and the right potential energy; rescaled velocities and Nosé-Hoover chains have so much
// more potential energy, measured from the minimum, and the right kinetic energy.
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
	o = o.withBaths()
	for _, x := range []struct {
		name  string
		value float64
	}{{"time step [fs]", o.Timestep}, {"friction [1/ps]", o.Friction}, {"largest move [Å]", o.MaxMove},
		{"relaxation [ps]", o.Relaxation}, {"relaxation of the cell [ps]", o.CellRelaxation}, {"compressibility [Å³/eV]", o.Compressibility}} {
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
	if err := o.checkBaths(s); err != nil {
		return o, err
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
	inverse    []float64 // AccelerationUnit/mass: force [eV/Å] to acceleration [Å/fs²]; 0 where an atom is fixed
	result     structure.Result
	step       int
	start      int     // the step at which the present ensemble began
	before     float64 // time at that step, fs
	heat       float64 // given by the baths so far, eV
	volume     float64 // when the present ensemble began, Å³
	still      int     // degrees of freedom of a rotation that had not begun then
	offset     float64 // makes the conserved quantity begin as the total energy and go on through a switch, eV
	err        error   // what stopped the simulation
}

// integrator takes a simulation one step on.
type integrator interface {
	step(s *Simulation) error
	freedom(atoms, fixed, still int) int // degrees of freedom
}

// extended integrators have variables of their own.
type extended interface {
	reservoir(s *Simulation) float64 // energy in them, eV
}

// OptionsError is what New says of options that make no sense, or not with the structure.
type OptionsError struct{ Err error }

func (e *OptionsError) Error() string { return e.Err.Error() }

// Unwrap gives the reason.
func (e *OptionsError) Unwrap() error { return e.Err }

// New starts a simulation of a copy of s and evaluates the potential once. It returns an *OptionsError for options that
// make no sense, and an error for elements without a mass, a potential that cannot evaluate s and energies or forces that
// are not finite.
func New(p structure.Potential, s structure.Structure, o Options) (*Simulation, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	m := &Simulation{potential: p, structure: s.Clone(), inverse: make([]float64, s.Len())}
	for _, z := range s.Numbers {
		m.masses = append(m.masses, structure.Mass(z))
	}
	if _, err := o.withDefaults(&s); err != nil {
		return nil, &OptionsError{err}
	}
	if o.Velocities != nil {
		m.velocities = slices.Clone(o.Velocities)
	} else {
		m.velocities = Thermal(&s, o.Temperature, o.Seed)
	}
	if err := m.Switch(o); err != nil {
		return nil, &OptionsError{err}
	}
	if err := m.evaluate(); err != nil {
		return nil, err
	}
	m.offset = m.reservoir()
	return m, nil
}

// holdFixed takes velocity and acceleration from the atoms that do not move.
func (m *Simulation) holdFixed() {
	for i, mass := range m.masses {
		m.inverse[i] = structure.AccelerationUnit / mass
	}
	for _, i := range m.options.Fixed {
		m.inverse[i] = 0
		m.velocities[i] = [3]float64{}
	}
}

// Switch goes on with other options from the present state, for example from a thermostat to constant energy. The
// velocities stay; Options.Velocities are not used.
func (m *Simulation) Switch(o Options) error {
	o, err := o.withDefaults(&m.structure)
	if err != nil {
		return err
	}
	m.volume = m.structure.Volume()
	m.still = 0
	if len(o.Fixed) == 0 {
		m.still = m.stillness()
	}
	next, err := m.integratorOf(o)
	if err != nil {
		return err
	}
	before := m.reservoir()
	m.before, m.start = m.Time(), m.step
	m.options, m.integrator = o, next
	m.holdFixed()
	m.offset += m.reservoir() - before
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

// Evaluator is the potential that drives the simulation.
func (m *Simulation) Evaluator() structure.Potential { return m.potential }

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

// Heat is what random thermostats and barostats have given since the start, in eV.
func (m *Simulation) Heat() float64 { return m.heat }

// Conserved is what stays constant but for the error of integration: kinetic and potential energy and that of the baths,
// less the heat, eV.
func (m *Simulation) Conserved() float64 {
	return m.Kinetic() + m.Potential() + m.reservoir() - m.offset - m.heat
}

// reservoir is the energy in the variables of thermostat and barostat, eV.
func (m *Simulation) reservoir() float64 {
	if e, ok := m.integrator.(extended); ok {
		return e.reservoir(m)
	}
	return 0
}

// Freedom is the number of degrees of freedom that share the kinetic energy: 3N with a Langevin thermostat, which moves
// the centre of mass too, or where atoms are fixed, which do not count; else 3N - 3, and 3N - 6 (3N - 5 on a line) where
// a structure that is periodic in no direction began without rotation; 3 for a single atom.
func (m *Simulation) Freedom() int {
	return m.integrator.freedom(m.structure.Len(), len(m.options.Fixed), m.still)
}

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
