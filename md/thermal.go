package md

import (
	"math"

	"mlff/structure"
)

// Thermal draws velocities [N] in Å/fs from the Maxwell-Boltzmann distribution at a temperature in K. Several atoms
// together have no net momentum, so that 3N - 3 degrees of freedom carry k_B T/2 each on average; the draw is not scaled
// to meet the temperature exactly. Only species and number of atoms of s matter.
func Thermal(s *structure.Structure, temperature float64, seed uint64) [][3]float64 {
	random := structure.Rand(seed, "thermal", 0)
	v := make([][3]float64, s.Len())
	var momentum [3]float64
	var total float64
	for i, z := range s.Numbers {
		mass := structure.Mass(z)
		speed := thermalSpeed(temperature, mass)
		for k := range v[i] {
			v[i][k] = speed * random.NormFloat64()
		}
		momentum = structure.Add(momentum, structure.Scale(mass, v[i]))
		total += mass
	}
	if len(v) < 2 {
		return v // without its momentum a single atom would not move at all
	}
	for i := range v {
		v[i] = structure.Sub(v[i], structure.Scale(1/total, momentum))
	}
	return v
}

// thermalSpeed is the standard deviation of a velocity component in Å/fs.
func thermalSpeed(temperature, mass float64) float64 {
	return math.Sqrt(structure.KB * temperature / mass * structure.AccelerationUnit)
}
