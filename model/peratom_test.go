package model

import (
	"fmt"
	"slices"
	"testing"

	"mlff/structure"
)

func TestVirialsSumToTheVirialAndGiveTheHeatCurrent(t *testing.T) {
	for _, c := range testCases(t) {
		t.Run(c.name, func(t *testing.T) {
			p, err := c.m.Potential(Options{Precision: "float64", Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			var out structure.Result
			if err := p.Evaluate(&c.s, &out); err != nil {
				t.Fatal(err)
			}
			w := make([][3][3]float64, c.s.Len())
			p.Virials(w)
			var sum [3][3]float64
			for _, v := range w {
				for a := range sum {
					sum[a] = structure.Add(sum[a], v[a])
				}
			}
			check(t, "virial", flat(sum[:]), flat(out.Virial[:]), 1e-12) // the same terms in another order
			if c.s.PBC == [3]bool{} {
				checkHeatCurrent(t, c, p, w)
			}
		})
	}
}

// checkHeatCurrent holds sum_i W_i v_i against sum_i x_i (dE_i/dt + F_i·v_i), dE_i/dt by central differences.
func checkHeatCurrent(t *testing.T, c testCase, p *Potential, w [][3][3]float64) {
	rng := structure.Rand(5, "velocities", 0)
	v := make([][3]float64, c.s.Len())
	for i := range v {
		v[i] = [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
	}
	at := func(time float64) *structure.Result {
		s := c.s.Clone()
		for i := range v {
			s.Positions[i] = structure.Add(s.Positions[i], structure.Scale(time, v[i]))
		}
		out := new(structure.Result)
		if err := p.Evaluate(&s, out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	now, before, after := at(0), at(-step), at(step)
	var current, want [3]float64
	for i := range v {
		for a := range current {
			current[a] += structure.Dot(w[i][a], v[i])
		}
		power := (after.Energies[i]-before.Energies[i])/(2*step) + structure.Dot(now.Forces[i], v[i])
		want = structure.Add(want, structure.Scale(power, c.s.Positions[i]))
	}
	check(t, "heat current", current[:], want[:], gradientTolerance)
}

func TestAlarms(t *testing.T) {
	t.Run("float32", func(t *testing.T) { alarms(t, "float32", 1e-6) }) // Å; units in the last place of the cutoff: 2.4e-7
	t.Run("float64", func(t *testing.T) { alarms(t, "float64", 1e-9) })
}

// alarms tries each alarm on rows of atoms, some of them inside the cutoff by no more than a small distance.
func alarms(t *testing.T, precision string, inside float64) {
	m := fileModel(t)
	m.Meta().Domain.Neighbors = [][2]int{{0, 1}, {0, 2}}
	m.Meta().Domain.Compositions = [][]float64{{0, 1}} // pure silicon
	p, err := m.Potential(Options{Grade: true, Threads: 1, Precision: precision})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	row := func(numbers []int, x ...float64) structure.Structure {
		s := structure.Structure{Numbers: numbers}
		for _, v := range x {
			s.Positions = append(s.Positions, [3]float64{v})
		}
		return s
	}
	Si, O := 14, 8
	for _, c := range []struct {
		name  string
		s     structure.Structure
		atoms []Alarm
		all   Alarm
	}{
		{"nothing", row(nil), nil, 0},
		{"one atom", row([]int{Si}, 0), []Alarm{0}, 0},
		{"contact", row([]int{Si, Si}, 0, 1.69), []Alarm{Contact, Contact}, Contact}, // r_s of Si-Si is 1.7 Å
		{"no contact", row([]int{Si, Si}, 0, 1.71), []Alarm{0, 0}, 0},
		{"too many neighbours", row([]int{Si, Si, Si, Si}, 0, 2, 4-inside, 6-2*inside), []Alarm{0, Neighbors, Neighbors, 0}, Neighbors}, // cutoff 4 Å
		{"another composition", row([]int{O, Si}, 0, 10), []Alarm{0, 0}, Composition},
		{"the composition is forgotten", row([]int{Si, Si}, 0, 2), []Alarm{0, 0}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out structure.Result
			if err := p.Evaluate(&c.s, &out); err != nil {
				t.Fatal(err)
			}
			atoms := p.Alarms()
			if _, all := p.Frame(); !slices.Equal(atoms, c.atoms) || all != c.all {
				t.Errorf("alarms %v, %b; want %v, %b", atoms, all, c.atoms, c.all)
			}
		})
	}
}

func TestAlarmsAllocateNothing(t *testing.T) {
	p, err := fileModel(t).Potential(Options{Grade: true, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s := structure.Structure{Numbers: []int{14, 8}, Positions: [][3]float64{{}, {2}}}
	var out structure.Result
	w := make([][3][3]float64, 2)
	if n := testing.AllocsPerRun(100, func() {
		s.Numbers[0] = 22 - s.Numbers[0] // other species at every call
		if err := p.Evaluate(&s, &out); err != nil {
			t.Fatal(err)
		}
		p.Virials(w)
		p.Alarms()
	}); n > 0 {
		t.Errorf("%v allocations per call", n)
	}
}

// The estimate is for refusing what cannot fit: within a factor of two of the neighbours found.
func TestMemoryEstimate(t *testing.T) {
	for _, open := range []bool{false, true} {
		t.Run(fmt.Sprint("open ", open), func(t *testing.T) {
			s := lattice(8, 5, 50)
			s.PBC = [3]bool{!open, !open, !open}
			p, err := testModel(t, s.Numbers[:1], 5, small).Potential(Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			var out structure.Result
			if err := p.Evaluate(&s, &out); err != nil {
				t.Fatal(err)
			}
			used := float64(36*len(p.List().J) + 400*s.Len())
			if ratio := float64(p.Memory(&s)) / used; ratio < 0.5 || ratio > 2 {
				t.Errorf("estimate over use is %.2f", ratio)
			}
		})
	}
}
