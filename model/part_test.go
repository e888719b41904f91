package model

import (
	"math"
	"strings"
	"testing"

	"mlff/structure"
)

// outside is the list that a potential made itself, as somebody else would keep it: images are ghosts, in another
// order, with bits set above the mask, and strangers among them. A plain one has its atoms in order and no strangers.
func outside(s *structure.Structure, p *Potential, plain bool) (l *NeighborList, x [][3]float64, owner []int32) {
	own := p.List()
	x = own.Positions(s, nil)
	owner = own.Owner
	numbers := make([]int32, len(x))
	for t := range numbers {
		numbers[t] = int32(s.Numbers[owner[t]])
	}
	if plain {
		neighbors := func(i int) []int32 { return own.J[own.Start[i]:own.Start[i+1]] }
		return &NeighborList{Local: own.N, Ghost: len(x) - own.N, Numbers: numbers, Mask: -1, Neighbors: neighbors}, x, owner
	}
	x, numbers = append(x, x[0]), append(numbers, 0) // a ghost at the place of an atom that the student must not see
	stranger := int32(len(x) - 1)
	l = &NeighborList{Local: own.N, Ghost: len(x) - own.N, Numbers: numbers, Mask: 0x1fffffff}
	for i := own.N - 1; i >= 0; i-- {
		l.Centers = append(l.Centers, int32(i))
	}
	l.Neighbors = func(i int) []int32 {
		list := []int32{stranger}
		for _, j := range own.J[own.Start[i]:own.Start[i+1]] {
			list = append(list, j|1<<30)
		}
		return list
	}
	return l, x, append(owner[:len(owner):len(owner)], 0)
}

func TestAnOutsideListGivesTheSameNumbers(t *testing.T) {
	cases := testCases(t)
	for k, c := range append(cases, cases...) {
		m, s, threads := c.m, &c.s, 1+k%3
		p, err := m.Potential(Options{Threads: threads, Precision: "float64"})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		var want structure.Result
		if err := p.Evaluate(s, &want); err != nil {
			t.Fatal(err)
		}
		virials := make([][3][3]float64, s.Len())
		p.Virials(virials)
		l, x, owner := outside(s, p, k >= len(cases))
		got := &Part{Energies: make([]float64, l.Local), Forces: make([][3]float64, len(x)), Virials: make([][3][3]float64, len(x))}
		if err := p.SetList(l); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := p.EvaluatePart(x, got); err != nil {
				t.Fatal(err)
			}
		}
		f := make([][3]float64, s.Len())
		w := make([][3][3]float64, s.Len())
		for k, i := range owner {
			for a := range f[i] {
				f[i][a] += got.Forces[k][a]
				for b := range f[i] {
					w[i][a][b] += got.Virials[k][a][b]
				}
			}
		}
		const rounding = 1e-10 // of a hundred terms of order 10 (the core's: 10^3) in another order
		near := func(what string, a, b float64) {
			t.Helper()
			if !(math.Abs(a-b) <= rounding*(1+math.Abs(b))) {
				t.Errorf("%s: %s is %v, want %v", c.name, what, a, b)
			}
		}
		near("energy", got.Energy, want.Energy)
		for i := range f {
			near("an atom's energy", got.Energies[i], want.Energies[i])
			for a := range f[i] {
				near("a force", f[i][a], want.Forces[i][a])
				for b := range f[i] {
					near("an atom's virial", w[i][a][b], virials[i][a][b])
				}
			}
		}
		for a := range got.Virial {
			for b := range got.Virial {
				near("the virial", got.Virial[a][b], want.Virial[a][b])
			}
		}
	}
}

func TestBadOutsideLists(t *testing.T) {
	m := testModel(t, []int{8, 14}, 4, small)
	p, err := m.Potential(Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	const z = 14
	neighbors := func(int) []int32 { return []int32{1} }
	x := [][3]float64{{0, 0, 0}, {2, 0, 0}}
	out := &Part{Energies: make([]float64, 1), Forces: make([][3]float64, 2)}
	if err := p.EvaluatePart(x, out); err == nil || !strings.Contains(err.Error(), "no neighbour list") {
		t.Errorf("no list: %v", err)
	}
	for _, c := range []struct {
		want string
		list NeighborList
	}{
		{"with 1 atomic numbers", NeighborList{Local: 1, Ghost: 1, Numbers: []int32{z}, Neighbors: neighbors, Mask: 7}},
		{"-1 atoms", NeighborList{Local: -1, Ghost: 1, Neighbors: neighbors, Mask: 7}},
		{"centre 1", NeighborList{Local: 1, Ghost: 1, Numbers: []int32{z, z}, Centers: []int32{1}, Neighbors: neighbors, Mask: 7}},
		{"there twice", NeighborList{Local: 1, Ghost: 1, Numbers: []int32{z, z}, Centers: []int32{0, 0}, Neighbors: neighbors, Mask: 7}},
		{"neighbour 3", NeighborList{Local: 1, Ghost: 1, Numbers: []int32{z, z}, Neighbors: func(int) []int32 { return []int32{3} }, Mask: 7}},
		{"not Au", NeighborList{Local: 1, Ghost: 1, Numbers: []int32{z, 79}, Neighbors: neighbors, Mask: 7}},
	} {
		if err := p.SetList(&c.list); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.want, err)
		}
		if err := p.EvaluatePart(x, out); err == nil {
			t.Errorf("%q: a refused list was used", c.want)
		}
	}
	if err := p.SetList(&NeighborList{Local: 1, Ghost: 1, Numbers: []int32{z, z}, Neighbors: neighbors, Mask: 7}); err != nil {
		t.Fatal(err)
	}
	if err := p.EvaluatePart(x, out); err != nil {
		t.Error(err)
	}
	x[1] = x[0]
	if err := p.EvaluatePart(x, out); err == nil || !strings.Contains(err.Error(), "atoms 0 and 1 are at the same place") {
		t.Errorf("two atoms at one place: %v", err)
	}
	x[1][2] = math.NaN()
	if err := p.EvaluatePart(x, out); err == nil || !strings.Contains(err.Error(), "position of atom 1") {
		t.Errorf("NaN: %v", err)
	}
}

func TestEvaluatePartAllocatesNothing(t *testing.T) {
	s := lattice(3, 4, 20)
	for _, plain := range []bool{true, false} {
		p, err := testModel(t, []int{14}, 4, small).Potential(Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if err := p.Evaluate(&s, new(structure.Result)); err != nil {
			t.Fatal(err)
		}
		l, x, _ := outside(&s, p, plain)
		out := &Part{Energies: make([]float64, l.Local), Forces: make([][3]float64, len(x))}
		if err := p.SetList(l); err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(20, func() {
			if err := p.EvaluatePart(x, out); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("plain %v: %v allocations a call", plain, n)
		}
	}
}
