package md

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"mlff/structure"
)

// Thermal draws velocities [N] in Å/fs from the Maxwell-Boltzmann distribution at a temperature in K. Several atoms
// together have no net momentum and, where s is periodic in no direction, no rotation as a whole, so that 3N - 3 or 3N - 6
// degrees of freedom (3N - 5 on a line) carry k_B T/2 each on average; the draw is not scaled to meet the temperature exactly.
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
	if isolated(s) {
		r := rotationOf(s, v)
		for i := range v {
			v[i] = structure.Sub(v[i], structure.Cross(r.velocity, structure.Sub(s.Positions[i], r.centre)))
		}
	}
	return v
}

// isolated structures may rotate as a whole, and nothing stops them.
func isolated(s *structure.Structure) bool { return s.PBC == [3]bool{} && s.Len() > 1 }

// rotation of a structure as a whole.
type rotation struct {
	centre   [3]float64 // of mass, Å
	momentum [3]float64 // about it, u Å²/fs
	velocity [3]float64 // 1/fs, of a rigid body with that momentum
	freedom  int        // axes with a moment of inertia: 3, on a line 2, in a point 0
}

// rotationOf finds how s rotates with velocities v, from its principal moments of inertia.
func rotationOf(s *structure.Structure, v [][3]float64) rotation {
	var r rotation
	var total float64
	for i, x := range s.Positions {
		mass := structure.Mass(s.Numbers[i])
		r.centre, total = structure.Add(r.centre, structure.Scale(mass, x)), total+mass
	}
	r.centre = structure.Scale(1/total, r.centre)
	inertia := mat.NewSymDense(3, nil)
	for i, x := range s.Positions {
		mass, d := structure.Mass(s.Numbers[i]), structure.Sub(x, r.centre)
		r.momentum = structure.Add(r.momentum, structure.Scale(mass, structure.Cross(d, v[i])))
		for a := range 3 {
			inertia.SetSym(a, a, inertia.At(a, a)+mass*structure.Dot(d, d))
			for b := a; b < 3; b++ {
				inertia.SetSym(a, b, inertia.At(a, b)-mass*d[a]*d[b])
			}
		}
	}
	var principal mat.EigenSym
	principal.Factorize(inertia, true)
	var axes mat.Dense
	principal.VectorsTo(&axes)
	for k, moment := range principal.Values(nil) {
		if moment <= 1e-9*inertia.Trace() || moment == 0 { // rounding of a line or a point
			continue
		}
		axis := [3]float64{axes.At(0, k), axes.At(1, k), axes.At(2, k)}
		r.velocity = structure.Add(r.velocity, structure.Scale(structure.Dot(axis, r.momentum)/moment, axis))
		r.freedom++
	}
	return r
}

// stillness counts the degrees of freedom of a rotation that never begins: those of an isolated structure that does not rotate.
func (m *Simulation) stillness() int {
	if !isolated(&m.structure) {
		return 0
	}
	r := rotationOf(&m.structure, m.velocities)
	var size float64 // what the momentum of an atom would be by itself
	for i, x := range m.structure.Positions {
		size += m.masses[i] * structure.Norm(structure.Sub(x, r.centre)) * structure.Norm(m.velocities[i])
	}
	if structure.Norm(r.momentum) > 1e-9*size { // rounding leaves 1e-15
		return 0
	}
	return r.freedom
}

// thermalSpeed is the standard deviation of a velocity component in Å/fs.
func thermalSpeed(temperature, mass float64) float64 {
	return math.Sqrt(structure.KB * temperature / mass * structure.AccelerationUnit)
}
