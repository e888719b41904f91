// Package kerneltest is the conformance suite of the back ends of package kernel: each against the float64 reference,
// for every number of neighbours, at every distance that is special, for all shapes, with guard words around every
// buffer.
package kerneltest

import (
	"math"
	"math/rand/v2"

	"mlff/kernel"
)

// Cutoff of all systems here, Å.
const Cutoff = 5.

// Default is the shape of a usual student of a number of species.
func Default(species int) kernel.Shape {
	return kernel.Shape{Species: species, Radial: 16, Channels: 16, Mixed: 16, Hidden: 32, LMax: 3, LT: 2, Layers: 1, Intervals: 96}
}

// Student is random parameters of a shape, cast to both precisions.
type Student struct {
	kernel.Shape
	Parameters *kernel.Parameters
	Single     *kernel.Layer[float32]
	Double     *kernel.Layer[float64]
}

// NewStudent draws parameters whose radial functions are as smooth as learned ones, and whose energies are those of atoms
// in condensed matter, up to some eV beside E0.
// Species 0 and the last one have a core below 1.9 Å. The grade has random factors.
func NewStudent(s kernel.Shape, seed uint64) *Student {
	rng := rand.New(rand.NewPCG(seed, 0))
	p := kernel.NewParameters(s)
	fillRows(p.Rows, s, rng)
	fill := func(v []float64, spread float64) {
		for k := range v {
			v[k] = spread * rng.NormFloat64()
		}
	}
	fill(p.Mix, 1/math.Sqrt(float64(s.Channels)))
	fill(p.Couple, 0.5)
	fill(p.A, 0.3/math.Sqrt(float64(s.Features())))
	fill(p.W, 1/math.Sqrt(float64(s.Features())))
	fill(p.D, 0.5)
	fill(p.B, 1/math.Sqrt(float64(s.Hidden)))
	n := 1 + s.Hidden
	grade := make([]float64, s.Species*n*n)
	for z := range s.Species {
		for r := range n {
			fill(grade[(z*n+r)*n:][:r+1], 1/math.Sqrt(float64(n)))
		}
	}
	st := newStudent(s, p, newCore(s))
	st.Single.SetGrade(grade)
	st.Double.SetGrade(grade)
	return st
}

// WithoutCore is the same student with no core, and no grade.
func (s *Student) WithoutCore() *Student { return newStudent(s.Shape, s.Parameters, nil) }

func newStudent(s kernel.Shape, p *kernel.Parameters, core *kernel.Core) *Student {
	const nu, eps = 0.14, 0.25
	return &Student{s, p, kernel.NewLayer[float32](s, Cutoff, nu, eps, p, core), kernel.NewLayer[float64](s, Cutoff, nu, eps, p, core)}
}

func newCore(s kernel.Shape) *kernel.Core {
	numbers, r := make([]int, s.Species), make([]float64, s.Species*s.Species)
	for a := range numbers {
		numbers[a] = 1 + 7*a
		for b := range s.Species {
			r[a*s.Species+b] = 0.3
			if a+b == s.Species-1 || a+b == 0 {
				r[a*s.Species+b] = 2
			}
		}
	}
	return kernel.NewCore(numbers, r)
}

// fillRows draws sums of Chebyshev polynomials times (1-x²)³ on the knots; the last three rows are 0.
func fillRows(rows []float64, s kernel.Shape, rng *rand.Rand) {
	size := s.SplineRows() * s.Channels
	for pair := range s.Species * s.Species {
		for n := range s.Channels {
			var c [10]float64
			for k := range c {
				c[k] = rng.NormFloat64() / math.Sqrt(float64(len(c)))
			}
			for b := range s.Intervals {
				x := max(0, float64(b-1)/float64(s.Intervals))
				v := 0.
				for k := range c {
					v += c[k] * math.Cos(float64(k)*math.Acos(2*x-1))
				}
				rows[pair*size+b*s.Channels+n] = 2.5 * v * math.Pow(1-x*x, 3)
			}
		}
	}
}

// System is centres with neighbours at will: the kernels do not ask whether neighbourhood is mutual.
type System struct {
	X     [][3]float64
	Type  []uint8
	Start []int32
	J     []int32
}

// NewSystem has one centre for every list of distances [Å], and the neighbours in random directions at those
// distances. Centres take the species in turn, and so do the neighbours.
func NewSystem(species int, seed uint64, distances ...[]float64) *System {
	rng := rand.New(rand.NewPCG(seed, 1))
	s := &System{Start: []int32{0}}
	for i := range distances {
		s.X = append(s.X, [3]float64{40 * rng.Float64(), 40 * rng.Float64(), 40 * rng.Float64()})
		s.Type = append(s.Type, uint8(i%species))
	}
	for i, list := range distances {
		for _, r := range list {
			u, z := direction(rng), s.X[i]
			s.J = append(s.J, int32(len(s.X)))
			s.X = append(s.X, [3]float64{z[0] + r*u[0], z[1] + r*u[1], z[2] + r*u[2]})
			s.Type = append(s.Type, uint8(len(s.X)/2%species))
		}
		s.Start = append(s.Start, int32(len(s.J)))
	}
	return s
}

func direction(rng *rand.Rand) [3]float64 {
	for {
		u := [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
		if r := math.Sqrt(u[0]*u[0] + u[1]*u[1] + u[2]*u[2]); r > 0.1 {
			return [3]float64{u[0] / r, u[1] / r, u[2] / r}
		}
	}
}

// Liquid draws n distances inside the cutoff, as many in equal volumes beyond 2 Å, and about half as many in the skin.
func Liquid(rng *rand.Rand, n int) []float64 {
	var d []float64
	for inside := 0; inside < n; {
		r := math.Cbrt(8 + rng.Float64()*(math.Pow(Cutoff+0.7, 3)-8))
		if r < Cutoff {
			inside++
		}
		d = append(d, r)
	}
	return d
}
