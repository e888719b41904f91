package classical

import (
	"errors"
	"math"
	"testing"

	"mlff/neighbor"
	"mlff/structure"
)

// potentials are all of this package, each with the nearest-neighbour distance and an element for test structures.
func potentials(t testing.TB) map[string]struct {
	Potential
	bond    float64
	numbers []int
} {
	argon, err := NewLennardJones(Argon())
	if err != nil {
		t.Fatal(err)
	}
	return map[string]struct {
		Potential
		bond    float64
		numbers []int
	}{
		"sw":  {NewStillingerWeber(), 2.35, []int{14}},
		"lj":  {argon, 3.7, []int{18}},
		"eam": {parse(t, alloy(false)), 2.5, []int{29, 28}},
		"fs":  {parse(t, alloy(true)), 2.5, []int{29, 28}},
	}
}

// cases are disordered structures with a given bond length: periodic in three, two and no directions, cells much
// smaller than the cutoff, a left-handed cell, atoms far outside the cell.
func cases(bond float64, numbers []int) map[string]structure.Structure {
	cell := func(a float64) [3][3]float64 {
		return [3][3]float64{{a, 0.1 * a, 0}, {-0.15 * a, 0.95 * a, 0.05 * a}, {0.1 * a, 0, 1.05 * a}}
	}
	all := [3]bool{true, true, true}
	a := 4 / math.Sqrt(3) * bond // of diamond
	crystal := diamond(a, numbers)
	crystal.Cell = cell(a)
	left := crystal.Clone()
	left.Cell[0], left.Cell[1] = left.Cell[1], left.Cell[0]
	left.Positions[3] = structure.Add(left.Positions[3], structure.Mul([3]float64{5, -7, 3}, left.Cell))
	slab := structure.Supercell(&crystal, [3]int{2, 1, 1})
	slab.PBC = [3]bool{true, true, false}
	molecule := crystal.Clone()
	molecule.Cell, molecule.PBC = [3][3]float64{}, [3]bool{}
	cases := map[string]structure.Structure{
		"crystal": crystal, "left-handed": left, "slab": slab, "molecule": molecule,
		"one atom": {Numbers: numbers[:1], Positions: make([][3]float64, 1), Cell: cell(0.97 * bond), PBC: all},
		"isolated": {Numbers: numbers[:1], Positions: make([][3]float64, 1)},
	}
	for name, s := range cases {
		random := structure.Rand(1, name, 0)
		for i := range s.Positions {
			for k := range 3 {
				s.Positions[i][k] += 0.1 * random.NormFloat64()
			}
		}
	}
	return cases
}

// diamond is the conventional cell of eight atoms, elements in turn.
func diamond(a float64, numbers []int) structure.Structure {
	s := structure.Structure{Cell: [3][3]float64{{a, 0, 0}, {0, a, 0}, {0, 0, a}}, PBC: [3]bool{true, true, true}}
	for k, x := range [][3]float64{{0, 0, 0}, {0, .5, .5}, {.5, 0, .5}, {.5, .5, 0}} {
		for j, shift := range []float64{0, .25} {
			s.Positions = append(s.Positions, structure.Scale(a, structure.Add(x, [3]float64{shift, shift, shift})))
			s.Numbers = append(s.Numbers, numbers[(k+j)%len(numbers)])
		}
	}
	return s
}

func fcc(a float64, z int) structure.Structure {
	s := structure.Structure{Cell: [3][3]float64{{a, 0, 0}, {0, a, 0}, {0, 0, a}}, PBC: [3]bool{true, true, true}}
	for _, x := range [][3]float64{{0, 0, 0}, {0, .5, .5}, {.5, 0, .5}, {.5, .5, 0}} {
		s.Positions, s.Numbers = append(s.Positions, structure.Scale(a, x)), append(s.Numbers, z)
	}
	return s
}

func evaluate(t testing.TB, p structure.Potential, s *structure.Structure) *structure.Result {
	t.Helper()
	var r structure.Result
	if err := p.Evaluate(s, &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

// difference is dE/dx by a central difference of fourth order.
func difference(t testing.TB, p structure.Potential, at func(h float64) structure.Structure) float64 {
	const h = 1e-3
	e := func(h float64) float64 {
		s := at(h)
		return evaluate(t, p, &s).Energy
	}
	return (8*(e(h)-e(-h)) - (e(2*h) - e(-2*h))) / (12 * h)
}

// With h = 1e-3 Å: truncation h⁴E⁗'/30, E⁗' up to some 1e4 eV/Å⁵, is 3e-10 and rounding 1e-16·E/h 1e-11; the tables
// of the embedded-atom potentials have jumps of order 1e-3 eV/Å³ in the third derivative, 1e-9. 1e-7 eV/Å, or of the
// largest component, leaves room for structures with bonds far from equilibrium.
const tolerance = 1e-7

func TestForcesAreMinusTheGradient(t *testing.T) {
	for name, p := range potentials(t) {
		for kind, s := range cases(p.bond, p.numbers) {
			r := evaluate(t, p, &s)
			for i, f := range r.Forces {
				for k := range 3 {
					want := -difference(t, p, func(h float64) structure.Structure {
						c := s.Clone()
						c.Positions[i][k] += h
						return c
					})
					if math.Abs(f[k]-want) > tolerance*max(1, largest(r.Forces)) {
						t.Errorf("%s, %s: force %d on atom %d is %.10g, not %.10g", name, kind, k, i, f[k], want)
					}
				}
			}
		}
	}
}

func TestVirialIsMinusTheStrainDerivative(t *testing.T) {
	for name, p := range potentials(t) {
		for kind, s := range cases(p.bond, p.numbers) {
			r := evaluate(t, p, &s)
			for a := range 3 {
				for b := range 3 {
					want := -difference(t, p, func(h float64) structure.Structure {
						strain := [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
						strain[a][b] += h
						return deform(s, strain)
					})
					if math.Abs(r.Virial[a][b]-want) > 10*tolerance*max(1, largest(r.Virial[:])) { // arms up to 10 Å
						t.Errorf("%s, %s: virial %d%d is %.10g, not %.10g", name, kind, a, b, r.Virial[a][b], want)
					}
				}
			}
		}
	}
}

func deform(s structure.Structure, m [3][3]float64) structure.Structure {
	c := s.Clone()
	c.Cell = structure.MatMul(s.Cell, m)
	for i, x := range s.Positions {
		c.Positions[i] = structure.Mul(x, m)
	}
	return c
}

func largest(v [][3]float64) float64 {
	var m float64
	for _, x := range v {
		m = max(m, math.Abs(x[0]), math.Abs(x[1]), math.Abs(x[2]))
	}
	return m
}

// Sums of some hundred terms of order 1 eV in another order, or of rotated vectors: 1e-12; 1e-10 as everywhere.
const sameSum = 1e-10

func TestSymmetries(t *testing.T) {
	turn := [3][3]float64{{0, 0.6, -0.8}, {1, 0, 0}, {0, -0.8, -0.6}} // orthogonal
	for name, p := range potentials(t) {
		for kind, s := range cases(p.bond, p.numbers) {
			r := evaluate(t, p, &s)
			sum := 0.0
			var net [3]float64
			for i, e := range r.Energies {
				sum += e
				net = structure.Add(net, r.Forces[i])
			}
			if math.Abs(sum-r.Energy) > sameSum || structure.Norm(net) > sameSum {
				t.Errorf("%s, %s: atoms add up to %g eV of %g, their forces to %g", name, kind, sum, r.Energy, net)
			}
			turned := deform(s, turn)
			q := evaluate(t, p, &turned)
			for i, f := range r.Forces {
				if structure.Norm(structure.Sub(structure.Mul(f, turn), q.Forces[i])) > sameSum*max(1, largest(r.Forces)) {
					t.Errorf("%s, %s: force %d does not turn with the structure", name, kind, i)
				}
			}
			big := structure.Supercell(&s, [3]int{2, 1, 1})
			if s.PBC[0] && math.Abs(evaluate(t, p, &big).Energy-2*r.Energy) > sameSum {
				t.Errorf("%s, %s: twice the cell has another energy per atom", name, kind)
			}
			if again := evaluate(t, p.Clone(), &s); again.Energy != r.Energy || again.Virial != r.Virial {
				t.Errorf("%s, %s: a clone gives other bits", name, kind)
			}
		}
	}
}

func TestIsolatedAtomHasNoEnergy(t *testing.T) {
	for name, p := range potentials(t) {
		s := structure.Structure{Numbers: p.numbers[:1], Positions: make([][3]float64, 1)}
		// The tables begin with F(0) = 0.
		if r := evaluate(t, p, &s); r.Energy != 0 || r.Forces[0] != [3]float64{} {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestRefusals(t *testing.T) {
	for name, p := range potentials(t) {
		var r structure.Result
		s := diamond(5, append([]int{1, 79}, p.numbers...))
		var unknown *ElementError
		if err := p.Evaluate(&s, &r); !errors.As(err, &unknown) || len(unknown.Unknown) != 2 || unknown.Unknown[0] != 1 {
			t.Errorf("%s knows hydrogen and gold: %v", name, err)
		}
		s = diamond(5, p.numbers)
		s.Positions[1] = s.Positions[0]
		var same *neighbor.CoincidentError
		if err := p.Evaluate(&s, &r); !errors.As(err, &same) {
			t.Errorf("%s accepts two atoms at one place: %v", name, err)
		}
	}
}

func TestNothingIsAllocatedOnceWarm(t *testing.T) {
	for name, p := range potentials(t) {
		s := diamond(4/math.Sqrt(3)*p.bond, p.numbers)
		var r structure.Result
		step := func() {
			s.Positions[0][0] += 1e-4
			if err := p.Evaluate(&s, &r); err != nil {
				t.Fatal(err)
			}
		}
		step()
		if n := testing.AllocsPerRun(20, step); n != 0 {
			t.Errorf("%s: %v allocations per evaluation", name, n)
		}
	}
}

func BenchmarkEvaluate(b *testing.B) {
	for name, p := range potentials(b) {
		b.Run(name, func(b *testing.B) {
			cell := diamond(4/math.Sqrt(3)*p.bond, p.numbers)
			s := structure.Supercell(&cell, [3]int{3, 3, 3})
			var r structure.Result
			for b.Loop() {
				s.Positions[0][0] += 1e-5
				if err := p.Evaluate(&s, &r); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(s.Len()), "ns/atom")
		})
	}
}
