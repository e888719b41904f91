package neighbor

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"mlff/structure"
)

// pair is one directed edge.
type pair struct {
	i, j  int32
	shift [3]int32
}

func (p pair) compare(q pair) int {
	return cmp.Or(cmp.Compare(p.i, q.i), cmp.Compare(p.j, q.j), slices.Compare(p.shift[:], q.shift[:]))
}

// brute finds the pairs closer than reach by trying every shift that could bring two atoms together.
func brute(s *structure.Structure, reach float64) []pair {
	cell := complete(s.Cell, s.PBC)
	inverse := structure.Inverse(cell)
	var span [3]float64
	for k, p := range s.PBC {
		if p {
			span[k] = reach*structure.Norm([3]float64{inverse[0][k], inverse[1][k], inverse[2][k]}) + 0.01
		}
	}
	var found []pair
	for i, x := range s.Positions {
		for j, y := range s.Positions {
			f := structure.Mul(structure.Sub(x, y), inverse)
			var from, to [3]int32
			for k, p := range s.PBC {
				if p {
					from[k], to[k] = int32(math.Ceil(f[k]-span[k])), int32(math.Floor(f[k]+span[k]))
				}
			}
			for a := from[0]; a <= to[0]; a++ {
				for b := from[1]; b <= to[1]; b++ {
					for c := from[2]; c <= to[2]; c++ {
						shift := structure.Mul([3]float64{float64(a), float64(b), float64(c)}, s.Cell)
						d := structure.Norm(structure.Sub(structure.Add(y, shift), x))
						if d < reach && (i != j || a != 0 || b != 0 || c != 0) {
							found = append(found, pair{int32(i), int32(j), [3]int32{a, b, c}})
						}
					}
				}
			}
		}
	}
	slices.SortFunc(found, pair.compare)
	return found
}

// pairsWithin reads the pairs closer than reach out of a list.
func pairsWithin(l *List, s *structure.Structure, reach float64) []pair {
	x := l.Positions(s, nil)
	var found []pair
	for i := range l.N {
		for _, t := range l.J[l.Start[i]:l.Start[i+1]] {
			if structure.Norm(structure.Sub(x[t], x[i])) < reach {
				found = append(found, pair{int32(i), l.Owner[t], l.Shift[t]})
			}
		}
	}
	return found
}

// check compares a list with brute force and tests its order, its targets and its incoming edges.
func check(l *List, s *structure.Structure) error {
	got, want := pairsWithin(l, s, l.Cutoff), brute(s, l.Cutoff)
	if !slices.Equal(got, want) {
		return fmt.Errorf("%d pairs instead of %d: %v", len(got), len(want), difference(got, want))
	}
	if fresh := slices.Equal(s.Positions, l.built.positions) && s.Cell == l.built.cell; fresh {
		all := pairsWithin(l, s, l.Cutoff+l.Skin+1e-8) // what the list says its pairs may exceed the reach by
		if len(all) != len(l.J) {
			return fmt.Errorf("%d of %d edges are longer than cutoff and skin", len(l.J)-len(all), len(l.J))
		}
	}
	return checkForm(l)
}

// checkForm tests what List promises of its fields.
func checkForm(l *List) error {
	if len(l.Start) != l.N+1 || len(l.InStart) != l.N+1 || int(l.Start[l.N]) != len(l.J) || len(l.In) != len(l.J) {
		return fmt.Errorf("lengths: %d atoms, %d starts, %d edges, %d incoming", l.N, len(l.Start), len(l.J), len(l.In))
	}
	if len(l.Owner) != len(l.Shift) {
		return fmt.Errorf("%d owners and %d shifts", len(l.Owner), len(l.Shift))
	}
	targets := make([]pair, len(l.Owner))
	for t := range targets {
		targets[t] = pair{0, l.Owner[t], l.Shift[t]}
		if t < l.N && targets[t] != (pair{0, int32(t), [3]int32{}}) {
			return fmt.Errorf("target %d is %v", t, targets[t])
		}
		if t > l.N && targets[t-1].compare(targets[t]) >= 0 {
			return fmt.Errorf("images %v and %v out of order", targets[t-1], targets[t])
		}
	}
	seen := make([]bool, len(l.Owner))
	into := make([][]int32, l.N)
	for i := range l.N {
		for e := l.Start[i]; e < l.Start[i+1]; e++ {
			t := targets[l.J[e]]
			if e > l.Start[i] && targets[l.J[e-1]].compare(t) >= 0 {
				return fmt.Errorf("atom %d: edges to %v and %v out of order", i, targets[l.J[e-1]], t)
			}
			seen[l.J[e]] = true
			into[t.j] = append(into[t.j], e)
		}
	}
	if n := slices.Index(seen[l.N:], false); n >= 0 {
		return fmt.Errorf("nobody sees image %v", targets[l.N+n])
	}
	for j := range into {
		if !slices.Equal(into[j], l.In[l.InStart[j]:l.InStart[j+1]]) {
			return fmt.Errorf("incoming edges of atom %d: %v, not %v", j, l.In[l.InStart[j]:l.InStart[j+1]], into[j])
		}
	}
	return nil
}

func difference(got, want []pair) []string {
	var d []string
	for _, p := range got {
		if _, ok := slices.BinarySearchFunc(want, p, pair.compare); !ok && len(d) < 10 {
			d = append(d, fmt.Sprint("+", p))
		}
	}
	for _, p := range want {
		if _, ok := slices.BinarySearchFunc(got, p, pair.compare); !ok && len(d) < 20 {
			d = append(d, fmt.Sprint("-", p))
		}
	}
	return d
}

// random is a structure of n atoms in a random cell with the given periodicity, its atoms up to spread cells away.
func random(r *rand.Rand, n int, pbc [3]bool, edge, spread float64) *structure.Structure {
	s := &structure.Structure{PBC: pbc}
	for math.Abs(structure.Det(s.Cell)) < 0.05*edge*edge*edge {
		for k := range 9 {
			s.Cell[k/3][k%3] = edge * (2*r.Float64() - 1)
		}
	}
	for range n {
		f := [3]float64{r.Float64(), r.Float64(), r.Float64()}
		for k := range f {
			f[k] += math.Floor(spread * (2*r.Float64() - 1))
		}
		s.Positions = append(s.Positions, structure.Mul(f, s.Cell))
		s.Numbers = append(s.Numbers, 1+r.IntN(3))
	}
	for k, p := range pbc {
		if !p && r.IntN(2) == 0 {
			s.Cell[k] = [3]float64{} // rows of open directions may say nothing
		}
	}
	return s
}

func TestAgainstBruteForce(t *testing.T) {
	r := structure.Rand(1, "neighbor", 0)
	for trial := range 3000 {
		n, edge := r.IntN(20), 1+6*r.Float64()
		if trial%3 == 0 {
			n = 1 + r.IntN(3)
		}
		pbc := [3]bool{r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(2) == 0}
		s := random(r, n, pbc, edge, float64(r.IntN(4)))
		cutoff := edge * (0.1 + 1.4*r.Float64())
		l := New(cutoff, cutoff*0.3*float64(r.IntN(2)))
		if _, err := l.Update(s); err != nil {
			t.Fatalf("trial %d: %v", trial, err)
		}
		if err := check(l, s); err != nil {
			t.Fatalf("trial %d, %d atoms, pbc %v, cutoff %g, cell %v: %v", trial, n, pbc, cutoff, s.Cell, err)
		}
	}
}

// Pairs exactly as long as the reach: whichever way rounding decides, it must decide alike for i-j and j-i.
func TestPairsAtTheReach(t *testing.T) {
	r := structure.Rand(2, "neighbor", 0)
	for range 300 {
		reach := 1 + 4*r.Float64()
		s := &structure.Structure{PBC: everywhere, Cell: cube(3 * reach)}
		place := [3]float64{r.Float64(), r.Float64(), r.Float64()}
		for k := range 27 {
			n := [3]float64{float64(k / 9), float64(k / 3 % 3), float64(k % 3)}
			s.Positions = append(s.Positions, structure.Add(place, structure.Scale(reach, n)))
			s.Numbers = append(s.Numbers, 1)
		}
		l := New(reach-1e-6, 0)
		if _, err := l.Update(s); err != nil {
			t.Fatal(err)
		}
		l.Cutoff -= l.work.reach - reach // what is searched is a little more than the cutoff: now it is the distance
		if _, err := l.Update(s); err != nil {
			t.Fatal(err)
		}
		if err := checkForm(l); err != nil {
			t.Fatal(err)
		}
	}
}
