package md

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"mlff/structure"
)

// withBaths fills in the defaults of thermostat and barostat.
func (o Options) withBaths() Options {
	if o.Thermostat == "" {
		o.Thermostat = Langevin
	}
	if o.Barostat == "" {
		o.Barostat = Isotropic
	}
	if o.Relaxation == 0 {
		o.Relaxation = 0.1
	}
	if o.CellRelaxation == 0 {
		o.CellRelaxation = 1
	}
	if o.Compressibility == 0 {
		o.Compressibility = 0.02 / structure.GPa
	}
	return o
}

func (o Options) checkBaths(s *structure.Structure) error {
	if math.IsNaN(o.Pressure) || math.IsInf(o.Pressure, 0) {
		return fmt.Errorf("a pressure of %g eV/Å³", o.Pressure)
	}
	for k, i := range o.Fixed {
		if i < 0 || i >= s.Len() || slices.Contains(o.Fixed[:k], i) {
			return fmt.Errorf("fixed atom %d: not one of %d atoms, or named twice", i, s.Len())
		}
	}
	if o.Ensemble == NVE {
		return nil
	}
	if o.Temperature == 0 && (o.Ensemble == NPT || o.Thermostat != Langevin) {
		return errors.New("a thermostat at 0 K")
	}
	if o.Ensemble != NPT {
		return nil
	}
	if !s.Periodic() {
		return structure.Hint(errors.New("constant pressure without a cell that is periodic in three directions"), "use nve or nvt, or give the cell")
	}
	if len(o.Fixed) > 0 {
		return structure.Hint(errors.New("constant pressure with fixed atoms, which would not follow the cell"), "use nvt, or fix none")
	}
	return nil
}

// integratorOf makes the integrator of an ensemble.
func (m *Simulation) integratorOf(o Options) (integrator, error) {
	freedom := verlet{}.freedom(m.structure.Len(), len(o.Fixed), m.still)
	kind := o.Ensemble
	switch o.Ensemble {
	case NVT:
		kind += " " + o.Thermostat
	case NPT:
		kind += " " + o.Barostat
	}
	switch kind {
	case NVE:
		return verlet{}, nil
	case NVT + " " + Langevin:
		return newLangevin(o, m.masses), nil
	case NVT + " " + Rescaling:
		return newRescaling(o), nil
	case NVT + " " + NoseHoover:
		return newNoseHoover(o, freedom), nil
	case NPT + " " + Isotropic, NPT + " " + Anisotropic:
		return newCellRescaling(o, m.volume), nil
	case NPT + " " + MTK:
		return newMTK(o, freedom), nil
	case NVT + " " + o.Thermostat:
		return nil, structure.Hint(fmt.Errorf("no thermostat %q", o.Thermostat), "the thermostats are langevin, bussi and nose-hoover")
	case NPT + " " + o.Barostat:
		return nil, structure.Hint(fmt.Errorf("no barostat %q", o.Barostat), "the barostats are isotropic, anisotropic and mtk")
	}
	return nil, structure.Hint(fmt.Errorf("no ensemble %q", o.Ensemble), "the ensembles are nve, nvt and npt")
}
