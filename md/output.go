package md

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"mlff/structure"
)

// FrameWriter takes frames; *structure.Writer is one.
type FrameWriter interface {
	Write(*structure.Frame) error
}

// Trajectory returns an observation that writes the state as a frame: positions unwrapped, energy, forces, energies of
// the atoms, stress where the structure is periodic in three directions, step, time [fs] and temperature [K] in the
// comment line, and momenta in the units of ASE, sqrt(u eV), which ASE reads as such.
func Trajectory(w FrameWriter) func(*Simulation) error {
	return func(m *Simulation) error {
		f := m.Frame()
		return w.Write(&f)
	}
}

// Frame is a copy of the present state as described at Trajectory. Energies of the atoms that the potential does not know
// (NaN), and a stress made of such numbers, are left out.
func (m *Simulation) Frame() structure.Frame {
	energy := m.Potential()
	f := structure.Frame{Structure: m.structure.Clone(), Labels: structure.Labels{Energy: &energy, Forces: slices.Clone(m.result.Forces)}}
	if !slices.ContainsFunc(m.result.Energies, math.IsNaN) {
		f.Energies = slices.Clone(m.result.Energies)
	}
	if m.structure.Periodic() {
		stress := structure.StressOf(m.result.Virial, m.structure.Volume())
		if !slices.ContainsFunc(stress[:], math.IsNaN) {
			f.Stress = &stress
		}
	}
	f.Info = []structure.Entry{
		{Key: "step", Value: strconv.Itoa(m.step)},
		{Key: "time", Value: decimal(m.Time())},
		{Key: "temperature", Value: decimal(m.Temperature())},
	}
	f.Arrays = []structure.Column{{Name: "momenta", Kind: 'R', Width: 3, Values: m.momenta()}}
	return f
}

func (m *Simulation) momenta() []string {
	values := make([]string, 0, 3*len(m.velocities))
	for i, v := range m.velocities {
		for _, x := range v {
			values = append(values, decimal(m.masses[i]*x/math.Sqrt(structure.AccelerationUnit)))
		}
	}
	return values
}

// FrameVelocities are [N] in Å/fs, from a column of momenta such as Trajectory and ASE write; nil where f has none. It
// returns an error where they are not three numbers for each atom.
func FrameVelocities(f *structure.Frame) ([][3]float64, error) {
	k := slices.IndexFunc(f.Arrays, func(c structure.Column) bool { return c.Name == "momenta" })
	if k < 0 {
		return nil, nil
	}
	column := f.Arrays[k]
	if column.Width != 3 || len(column.Values) != 3*f.Len() {
		return nil, fmt.Errorf("momenta of %d numbers for each atom, not 3", column.Width)
	}
	velocities := make([][3]float64, f.Len())
	for n, text := range column.Values {
		p, err := strconv.ParseFloat(text, 64)
		if err != nil || !finite(p) {
			return nil, fmt.Errorf("atom %d: a momentum of %q", n/3, text)
		}
		velocities[n/3][n%3] = p * math.Sqrt(structure.AccelerationUnit) / structure.Mass(f.Numbers[n/3])
	}
	return velocities, nil
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// ThermoHeader names the columns of Thermo.
const ThermoHeader = "step,time_fs,temperature_K,potential_eV,kinetic_eV,total_eV,conserved_eV,pressure_GPa\n"

// Thermo returns an observation that writes one line of comma-separated values; ThermoHeader belongs above the first. The
// pressure is left empty unless the structure is periodic in three directions.
func Thermo(w io.Writer) func(*Simulation) error {
	var line []byte
	return func(m *Simulation) error {
		line = strconv.AppendInt(line, int64(m.step), 10)
		kinetic, potential := m.Kinetic(), m.Potential()
		for _, x := range []float64{m.Time(), m.Temperature(), potential, kinetic, potential + kinetic, m.Conserved(), m.Pressure() / structure.GPa} {
			line = append(line, ',')
			if !math.IsNaN(x) {
				line = strconv.AppendFloat(line, x, 'g', -1, 64)
			}
		}
		line = append(line, '\n')
		_, err := w.Write(line)
		line = line[:0]
		return err
	}
}
