package md

import (
	"errors"
	"slices"

	"mlff/structure"
)

// State is all that a simulation needs to go on with the same bits, as data that survives JSON: numbers are written with
// all their digits. It holds no results; the potential is asked for them again.
type State struct {
	Options    Options             `json:"options"`
	Structure  structure.Structure `json:"structure"`
	Velocities [][3]float64        `json:"velocities"` // Å/fs
	Step       int                 `json:"step"`
	Start      int                 `json:"start"`  // step at which the present ensemble began
	Before     float64             `json:"before"` // time at that step, fs
	Heat       float64             `json:"heat"`   // eV
	Offset     float64             `json:"offset"` // eV
	Volume     float64             `json:"volume"` // at that step, Å³
	Still      int                 `json:"still"`  // degrees of freedom of a rotation that had not begun then
	Baths      []float64           `json:"baths"`  // variables of thermostat and barostat
}

// stateful integrators have variables that a restart needs.
type stateful interface {
	state() []float64
	restore([]float64)
}

// State is a copy of the present state. A simulation that has failed has none worth keeping.
func (m *Simulation) State() *State {
	o := m.options
	o.Velocities = nil
	s := &State{Options: o, Structure: m.structure.Clone(), Velocities: slices.Clone(m.velocities), Step: m.step, Start: m.start,
		Before: m.before, Heat: m.heat, Offset: m.offset, Volume: m.volume, Still: m.still}
	if b, ok := m.integrator.(stateful); ok {
		s.Baths = b.state()
	}
	return s
}

// Resume goes on from a state with the same potential: the steps that follow have the bits that they would have had,
// provided that the potential's answer depends on the structure alone, as that of students does.
func Resume(p structure.Potential, s *State) (*Simulation, error) {
	m, err := New(p, s.Structure, withVelocities(s.Options, s.Velocities))
	if err != nil {
		return nil, err
	}
	m.options.Velocities = nil
	m.volume, m.still = s.Volume, s.Still
	if m.integrator, err = m.integratorOf(m.options); err != nil {
		return nil, err
	}
	if b, ok := m.integrator.(stateful); ok {
		if len(s.Baths) != len(b.state()) {
			return nil, errors.New("the state does not fit its options")
		}
		b.restore(s.Baths)
	}
	m.step, m.start, m.before, m.heat, m.offset = s.Step, s.Start, s.Before, s.Heat, s.Offset
	return m, nil
}

func withVelocities(o Options, v [][3]float64) Options {
	o.Velocities = v
	return o
}
