package model

import (
	"fmt"
	"math"
	"testing"

	"mlff/kernel"
	"mlff/structure"
)

// A central difference with h = 1e-5 is off by h²|E”'|/6, about 1e-8 for functions that curve over 0.1 Å, and by
// rounding, 1e-16 |E|/h, about 1e-10: both far below 1e-6 of the largest component, the bar of these tests.
const (
	step              = 1e-5
	gradientTolerance = 1e-6
)

// testModel is a small random student whose splines, couplings and readout are all in use.
func testModel(t testing.TB, numbers []int, cutoff float64, shape Shape) *Model {
	t.Helper()
	r := make([]float64, len(numbers)*len(numbers))
	for i := range r {
		r[i] = 1.5 + 0.1*float64(i/len(numbers)+i%len(numbers))
	}
	m, err := New(Config{Shape: shape, Numbers: numbers, Cutoff: cutoff, Nu: 0.3, Eps: 0.8, CoreR: r})
	if err != nil {
		t.Fatal(err)
	}
	m.Initialise(3)
	rng := structure.Rand(4, "test", 0)
	for _, name := range []string{"energy.E0", "layer0.readout.a", "layer0.readout.d"} {
		for i := range m.Tensor(name) {
			m.Tensor(name)[i] = 0.2 * rng.NormFloat64()
		}
	}
	return m
}

var small = Shape{Radial: 5, Channels: 6, Mixed: 5, Hidden: 7, LMax: 3, LT: 3, Layers: 1, Intervals: 20}

type testCase struct {
	name string
	m    *Model
	s    structure.Structure
}

// testCases covers the surroundings a student meets.
func testCases(t testing.TB) []testCase {
	place := func(seed uint64, n int, numbers []int, cell [3][3]float64, pbc [3]bool, shortest float64) structure.Structure {
		rng := structure.Rand(seed, "place", 0)
		s := structure.Structure{Cell: cell, PBC: pbc}
	next:
		for len(s.Numbers) < n {
			x := structure.Mul([3]float64{rng.Float64(), rng.Float64(), rng.Float64()}, cell)
			for _, y := range s.Positions {
				if structure.Norm(structure.Sub(x, y)) < shortest {
					continue next
				}
			}
			s.Positions = append(s.Positions, x)
			s.Numbers = append(s.Numbers, numbers[len(s.Numbers)%len(numbers)])
		}
		return s
	}
	cube := func(a float64) [3][3]float64 { return [3][3]float64{{a, 0, 0}, {0, a, 0}, {0, 0, a}} }
	triclinic := [3][3]float64{{5.1, 0.3, -0.4}, {0.9, 4.6, 0.2}, {-0.5, 0.7, 5.3}}
	lefthanded := [3][3]float64{{0.9, 4.6, 0.2}, {5.1, 0.3, -0.4}, {-0.5, 0.7, 5.3}}
	all, none, slab := [3]bool{true, true, true}, [3]bool{}, [3]bool{true, true, false}
	one, two, three := []int{14}, []int{8, 14}, []int{1, 8, 14}
	lt2 := small
	lt2.LT, lt2.LMax = 2, 2
	return []testCase{
		{"molecule of 3 species", testModel(t, three, 4, small), place(1, 7, three, cube(4), none, 1.2)},
		{"triclinic crystal", testModel(t, two, 4.2, small), place(2, 6, two, triclinic, all, 1.6)},
		{"left-handed cell", testModel(t, one, 4.2, lt2), place(3, 5, one, lefthanded, all, 1.6)},
		{"1 atom, cutoff 2.5 cells", testModel(t, one, 5, small), structure.Structure{Numbers: one, Positions: [][3]float64{{7, -3, 0.1}}, Cell: [3][3]float64{{2, 0.1, 0}, {0, 2.1, 0.2}, {0.1, 0, 2.05}}, PBC: all}},
		{"slab", testModel(t, two, 4, small), place(4, 6, two, cube(4.5), slab, 1.5)},
		{"isolated atom", testModel(t, two, 4, small), structure.Structure{Numbers: []int{8}, Positions: make([][3]float64, 1)}},
		{"inside the core", testModel(t, two, 4, small), structure.Structure{Numbers: []int{8, 14, 14}, Positions: [][3]float64{{}, {1.15, 0.2, 0.1}, {0.3, 1.0, 0.9}}}},
		{"on the core's linear part", testModel(t, two, 4, small), structure.Structure{Numbers: []int{8, 14}, Positions: [][3]float64{{}, {0.1, 0.05, 0.02}}}},
	}
}

func evaluate(t testing.TB, m *Model, s *structure.Structure) *structure.Result {
	t.Helper()
	p, err := m.Potential(Options{Precision: "float64", Threads: 1, Kernel: "ref"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var out structure.Result
	if err := p.Evaluate(s, &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

// check compares two tensors, relative to the largest component.
func check(t *testing.T, name string, got, want []float64, tolerance float64) {
	t.Helper()
	largest, worst := 1e-3, 0.0 // eV or eV/Å: below this everything is rounding
	for i := range want {
		largest = max(largest, math.Abs(want[i]))
		worst = max(worst, math.Abs(got[i]-want[i]))
	}
	if !(worst <= tolerance*largest) {
		t.Errorf("%s: off by %.2g of %.3g", name, worst, largest)
	}
}

func TestForcesAndVirialAreDerivatives(t *testing.T) {
	for _, c := range testCases(t) {
		t.Run(c.name, func(t *testing.T) {
			out := evaluate(t, c.m, &c.s)
			var numeric [][3]float64
			for i := range c.s.Positions {
				var f [3]float64
				for a := range f {
					x := c.s.Positions[i][a]
					c.s.Positions[i][a] = x + step
					up := evaluate(t, c.m, &c.s).Energy
					c.s.Positions[i][a] = x - step
					down := evaluate(t, c.m, &c.s).Energy
					c.s.Positions[i][a] = x
					f[a] = (down - up) / (2 * step)
				}
				numeric = append(numeric, f)
			}
			check(t, "forces", flat(out.Forces), flat(numeric), gradientTolerance)
			var virial [3][3]float64
			for a := range 3 {
				for b := range 3 {
					virial[a][b] = (strained(t, c, a, b, -step) - strained(t, c, a, b, step)) / (2 * step)
				}
			}
			check(t, "virial", flat(out.Virial[:]), flat(virial[:]), gradientTolerance)
		})
	}
}

func strained(t *testing.T, c testCase, a, b int, e float64) float64 {
	f := [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	f[a][b] += e
	s := c.s.Clone()
	s.Cell = structure.MatMul(s.Cell, f)
	for i := range s.Positions {
		s.Positions[i] = structure.Mul(s.Positions[i], f)
	}
	return evaluate(t, c.m, &s).Energy
}

func TestParameterGradient(t *testing.T) {
	cases := testCases(t)
	for _, c := range cases[:len(cases)-1] { // the last has 1e4 eV of core, which no parameter changes, and rounding to match
		t.Run(c.name, func(t *testing.T) {
			sample, err := c.m.Prepare(&c.s)
			if err != nil {
				t.Fatal(err)
			}
			g, err := NewGradient(c.m, 2)
			if err != nil {
				t.Fatal(err)
			}
			defer g.Close()
			rng := structure.Rand(5, "displace", 0)
			u, strain := make([][3]float64, c.s.Len()), [3][3]float64{}
			for i := range u {
				u[i] = [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
			}
			for a := range strain {
				strain[a] = [3]float64{0.1 * rng.NormFloat64(), 0.1 * rng.NormFloat64(), 0.1 * rng.NormFloat64()}
			}
			const e, weight = 1e-5, 1.7
			grad := make([]float64, len(c.m.Params()))
			if err := g.Accumulate(sample, u, strain, e, weight); err != nil {
				t.Fatal(err)
			}
			g.Reduce(grad)
			energy := func() float64 {
				g.Refresh()
				g.place(sample, u, strain, e)
				var sum float64
				if err := g.pool.run(slots, g.forces); err != nil {
					t.Fatal(err)
				}
				for i, v := range g.atoms.Energy {
					sum += v + c.m.Tensor("energy.E0")[sample.types[i]]
				}
				return weight * sum
			}
			at := 0
			for _, tensor := range c.m.Tensors() {
				numeric := make([]float64, len(tensor.Data))
				for i, v := range tensor.Data {
					tensor.Data[i] = v + step
					up := energy()
					tensor.Data[i] = v - step
					numeric[i] = (up - energy()) / (2 * step)
					tensor.Data[i] = v
				}
				check(t, tensor.Name, grad[at:][:len(numeric)], numeric, gradientTolerance)
				at += len(numeric)
			}
		})
	}
}

// Symmetric copies of a structure differ by the rounding of positions, 1e-15 Å, times forces of 10 eV/Å and some 1e3
// operations: 1e-10 in energy per eV and force per eV/Å.
const symmetryTolerance = 1e-10

func TestSymmetries(t *testing.T) {
	rotation := rotate(0.3, 1.1, -0.7)
	mirror := [3][3]float64{{-1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	identity := [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	for _, c := range testCases(t) {
		out := evaluate(t, c.m, &c.s)
		for _, v := range []struct {
			name  string
			q     [3][3]float64
			shift [3]float64
		}{{"rotation", rotation, [3]float64{}}, {"reflection", mirror, [3]float64{}}, {"translation", identity, [3]float64{0.7, -1.3, 2.9}}} {
			t.Run(c.name+" "+v.name, func(t *testing.T) {
				s := c.s.Clone()
				s.Cell = structure.MatMul(s.Cell, v.q)
				want := make([][3]float64, len(s.Positions))
				for i, x := range s.Positions {
					s.Positions[i] = structure.Add(structure.Mul(x, v.q), v.shift)
					want[i] = structure.Mul(out.Forces[i], v.q)
				}
				got := evaluate(t, c.m, &s)
				check(t, "energy", []float64{got.Energy}, []float64{out.Energy}, symmetryTolerance)
				check(t, "forces", flat(got.Forces), flat(want), symmetryTolerance)
			})
		}
		t.Run(c.name+" permutation", func(t *testing.T) {
			s := c.s.Clone()
			n := s.Len()
			var want [][3]float64
			for i := range n {
				j := n - 1 - i
				s.Numbers[i], s.Positions[i] = c.s.Numbers[j], c.s.Positions[j]
				want = append(want, out.Forces[j])
			}
			got := evaluate(t, c.m, &s)
			check(t, "energy", []float64{got.Energy}, []float64{out.Energy}, symmetryTolerance)
			check(t, "forces", flat(got.Forces), flat(want), symmetryTolerance)
		})
		if c.s.Periodic() {
			t.Run(c.name+" doubling", func(t *testing.T) {
				s := structure.Supercell(&c.s, [3]int{2, 1, 2})
				got := evaluate(t, c.m, &s)
				check(t, "energy", []float64{got.Energy}, []float64{4 * out.Energy}, symmetryTolerance)
			})
		}
	}
}

func rotate(a, b, c float64) [3][3]float64 {
	about := func(x, y int, angle float64) [3][3]float64 {
		m := [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
		m[x][x], m[y][y], m[x][y], m[y][x] = math.Cos(angle), math.Cos(angle), math.Sin(angle), -math.Sin(angle)
		return m
	}
	return structure.MatMul(structure.MatMul(about(0, 1, a), about(1, 2, b)), about(0, 1, c))
}

func TestIsolatedAtomIsExactlyE0(t *testing.T) {
	m := testModel(t, []int{8, 14}, 4, small)
	s := structure.Structure{Numbers: []int{14, 8}, Positions: [][3]float64{{}, {4.5, 0, 0}}}
	for _, precision := range []string{"float32", "float64"} {
		p, err := m.Potential(Options{Precision: precision})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		var out structure.Result
		if err := p.Evaluate(&s, &out); err != nil {
			t.Fatal(err)
		}
		e0 := m.Tensor("energy.E0")
		if out.Energies[0] != e0[1] || out.Energies[1] != e0[0] {
			t.Errorf("%s: energies %v, want exactly %v %v", precision, out.Energies, e0[1], e0[0])
		}
	}
}

func TestSameBitsForAnyThreadCount(t *testing.T) {
	cases := testCases(t)[:3]
	crystal := lattice(3, 4.2, 30) // of a shape that all back ends run
	for i := range crystal.Numbers {
		crystal.Numbers[i] = []int{8, 14}[i%2]
	}
	cases = append(cases, testCase{"shape of all back ends", testModel(t, []int{8, 14}, 4.2, full), crystal})
	for _, c := range cases {
		var grade []float64
		n := 1 + c.m.config.Hidden
		for k := range c.m.config.Species * n * n { // lower triangular
			if row := k / n % n; k%n <= row {
				grade = append(grade, 1/float64(1+row))
			} else {
				grade = append(grade, 0)
			}
		}
		if err := c.m.SetGrade(grade); err != nil {
			t.Fatal(err)
		}
		for _, set := range kernel.All() {
			if set.Supports(c.m.config.Shape) {
				t.Run(c.name+" "+set.Name, func(t *testing.T) { sameBits(t, c, set.Name) })
			}
		}
	}
}

func sameBits(t *testing.T, c testCase, back string) {
	var first string
	for _, threads := range []int{1, 2, 3, 8} {
		g, err := NewGradientOn(c.m, threads, back)
		if err != nil {
			t.Fatal(err)
		}
		sample, err := c.m.Prepare(&c.s)
		if err != nil {
			t.Fatal(err)
		}
		grad := make([]float64, len(c.m.Params()))
		if err := g.Accumulate(sample, nil, [3][3]float64{}, 0, 1); err != nil {
			t.Fatal(err)
		}
		g.Reduce(grad)
		g.Close()
		bits := fmt.Sprintf("%x", grad)
		for _, precision := range []string{"float32", "float64"} {
			p, err := c.m.Potential(Options{Threads: threads, Kernel: back, Precision: precision, Grade: true})
			if err != nil {
				t.Fatal(err)
			}
			var out structure.Result
			if err := p.Evaluate(&c.s, &out); err != nil {
				t.Fatal(err)
			}
			bits += fmt.Sprintf(" %x %x %x %x", out.Energy, out.Forces, out.Virial, p.Grades())
			p.Close()
		}
		if first == "" {
			first = bits
		}
		if bits != first {
			t.Errorf("%d threads give other bits than 1", threads)
		}
	}
}
