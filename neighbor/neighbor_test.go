package neighbor

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"mlff/structure"
)

func cube(a float64) [3][3]float64 { return [3][3]float64{{a, 0, 0}, {0, a, 0}, {0, 0, a}} }

var everywhere, nowhere = [3]bool{true, true, true}, [3]bool{}

// cluster is n atoms within 3 Å of a place.
func cluster(n int, place [3]float64, seed uint64) [][3]float64 {
	r := structure.Rand(seed, "cluster", 0)
	var x [][3]float64
	for range n {
		x = append(x, structure.Add(place, [3]float64{3 * r.Float64(), 3 * r.Float64(), 3 * r.Float64()}))
	}
	return x
}

// scattered moves every second atom of s to another cell.
func scattered(s *structure.Structure) *structure.Structure {
	for i := 0; i < s.Len(); i += 2 {
		s.Positions[i] = structure.Add(s.Positions[i], s.Cell[i%3])
	}
	return s
}

func of(cell [3][3]float64, pbc [3]bool, positions ...[3]float64) *structure.Structure {
	return &structure.Structure{Cell: cell, PBC: pbc, Positions: positions, Numbers: slices.Repeat([]int{1}, len(positions))}
}

func TestCases(t *testing.T) {
	far := [3]float64{1e5, -1e5, 1e5}
	left := [3][3]float64{{0, 5, 0}, {5, 0, 0}, {0, 0, 5}}
	skewed := [3][3]float64{{4, 0, 0}, {40.3, 4, 0}, {-29.1, 11.7, 4}}
	cases := []struct {
		name   string
		s      *structure.Structure
		cutoff float64
	}{
		{"no atoms", of(cube(5), everywhere), 5},
		{"no atoms, no cell", of([3][3]float64{}, nowhere), 5},
		{"one atom, no cell", of([3][3]float64{}, nowhere, [3]float64{1, 2, 3}), 5},
		{"one atom, cutoff 2.5 cells", of(cube(2), everywhere, [3]float64{1, 2, 3}), 5},
		{"one atom, cutoff 10 cells", of(cube(0.5), everywhere, [3]float64{-1, 2, 3}), 5},
		{"neighbors exactly at the cutoff", of(cube(2.5), everywhere, [3]float64{1, 2, 3}), 5},
		{"left-handed", of(left, everywhere, cluster(20, [3]float64{}, 1)...), 4},
		{"skewed", of(skewed, everywhere, cluster(12, [3]float64{}, 2)...), 5},
		{"skewed slab", of(skewed, [3]bool{true, true, false}, cluster(12, [3]float64{}, 2)...), 5},
		{"slab without a third vector", of([3][3]float64{{4, 0, 0}, {1, 5, 1}}, [3]bool{true, true, false}, cluster(20, [3]float64{}, 3)...), 5},
		{"wire along an odd direction", of([3][3]float64{{}, {1, 2, 3}, {}}, [3]bool{false, true, false}, cluster(20, [3]float64{}, 4)...), 6},
		{"molecule in a cell of no meaning", of(cube(1e-9), nowhere, cluster(20, [3]float64{}, 5)...), 2},
		{"crystal of many boxes", scattered(crystal(10, true)), 5},
		{"needle along the diagonal", of([3][3]float64{{900, 900, 900}, {0, 4, -4}, {4, -4, 0}}, everywhere, cluster(20, [3]float64{}, 6)...), 5},
		{"far clusters in the open", of(cube(1), nowhere, append(cluster(15, far, 7), cluster(15, [3]float64{}, 8)...)...), 5},
		{"farther than memory could map", of(cube(1), nowhere, append(cluster(15, structure.Scale(1e3, far), 7), cluster(15, [3]float64{}, 8)...)...), 5},
		{"far outside the cell", of(cube(6), everywhere, append(cluster(15, far, 9), cluster(15, [3]float64{}, 10)...)...), 5},
		{"far outside a slab", of(cube(6), [3]bool{false, true, true}, append(cluster(15, far, 9), cluster(15, [3]float64{}, 10)...)...), 5},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, skin := range []float64{0, 0.7} {
				l := New(c.cutoff, skin)
				if rebuilt, err := l.Update(c.s); err != nil || !rebuilt {
					t.Fatalf("rebuilt %v, error %v", rebuilt, err)
				}
				if err := check(l, c.s); err != nil {
					t.Error(err)
				}
				if l.bytes() > 3<<20 { // 9261 images of an atom at 120 bytes, and some for growth
					t.Errorf("%d bytes for %d atoms", l.bytes(), l.N)
				}
			}
		})
	}
}

func TestErrors(t *testing.T) {
	same := [3]float64{1, 2, 3}
	cases := []struct {
		name   string
		s      *structure.Structure
		cutoff float64
		want   string
		hint   bool
	}{
		{"images without end", of(cube(0.02), everywhere, same), 20, "periodic images", true},
		{"a flat cell with images without end", of([3][3]float64{{100, 0, 0}, {0, 100, 0}, {0, 0, 1e-6}}, everywhere, [3]float64{}), 20, "periodic images", true},
		{"a crowd", of(cube(1), nowhere, crystal(18, false).Positions...), 1000, "too many to list", true},
		{"not a number", of(cube(1), nowhere, [3]float64{math.NaN(), 0, 0}), 5, "position", false},
		{"no volume", of(cube(0), everywhere, same), 5, "no volume", false},
		{"no cutoff", of(cube(5), everywhere, same), 0, "cutoff 0", false},
		{"cutoff not a number", of(cube(5), everywhere, same), math.NaN(), "cutoff NaN", false},
		{"beyond packing", of(cube(5), everywhere, same, [3]float64{1e8, 0, 0}), 5, "atom 1 is 1e+08 Å away", true},
		{"beyond precision", of(cube(5), nowhere, same, [3]float64{0, 1e300, 0}), 5, "atom 1 is 1e+300 Å from", true},
		{"skewed beyond use", of([3][3]float64{{1, 0, 0}, {1e9, 1, 0}, {0, 0, 1}}, everywhere, same), 5, "skewed", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := New(c.cutoff, 0)
			_, err := l.Update(c.s)
			if err == nil || !strings.Contains(err.Error(), c.want) || (structure.HintOf(err) != "") != c.hint {
				t.Fatalf("error %v, hint %q", err, structure.HintOf(err))
			}
			if l.bytes() > 128<<20 { // a crowd of 18³ is noticed at 2^24 + 2^11 18³ edges of 4 bytes
				t.Errorf("%d bytes", l.bytes())
			}
		})
	}
}

func TestCoincidentAtoms(t *testing.T) {
	a := []([3]float64){{0, 0, 0}, {2, 0, 0}, {0, 2, 0}, {4, 0, 0}}
	cases := []struct {
		name string
		s    *structure.Structure
		i, j int
	}{
		{"same place", of(cube(9), everywhere, a[0], a[1], a[2], a[1]), 1, 3},
		{"almost", of(cube(9), nowhere, a[0], a[2], a[1], structure.Add(a[2], [3]float64{0, 0, 9e-7})), 1, 3},
		{"through the boundary", of(cube(4), everywhere, a[0], a[1], a[3]), 0, 2},
		{"three", of(cube(4), nowhere, a[0], a[1], a[0], a[0]), 0, 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := New(5, 0)
			_, err := l.Update(c.s)
			var clash *CoincidentError
			if !errors.As(err, &clash) || clash.I != c.i || clash.J != c.j || clash.Distance > 1e-6 {
				t.Fatalf("error %v", err)
			}
			c.s.Positions[c.j][2] += 1 // and the list works again
			if c.name == "three" {
				c.s.Positions[3][2] -= 1
			}
			if _, err := l.Update(c.s); err != nil {
				t.Fatal(err)
			}
			if err := check(l, c.s); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := New(5, 0).Update(of(cube(9), everywhere, a[0], [3]float64{0, 0, 1.1e-6})); err != nil {
		t.Errorf("atoms 1.1e-6 Å apart: %v", err)
	}
}

// Distances are what they are wherever the atoms are put and however they are numbered.
func TestTranslationAndPermutation(t *testing.T) {
	r := structure.Rand(3, "neighbor", 0)
	for range 100 {
		s := random(r, 12, [3]bool{r.IntN(2) == 0, true, true}, 5, 2)
		l := New(4, 0)
		if _, err := l.Update(s); err != nil {
			t.Fatal(err)
		}
		moved, turned := s.Clone(), s.Clone()
		p := r.Perm(12)
		for i := range p {
			moved.Positions[i] = structure.Add(s.Positions[i], [3]float64{123.4, -56.7, 8.9})
			turned.Positions[p[i]] = s.Positions[i]
		}
		m, q := New(4, 0), New(4, 0)
		if _, err := m.Update(&moved); err != nil {
			t.Fatal(err)
		}
		if _, err := q.Update(&turned); err != nil {
			t.Fatal(err)
		}
		want := pairsWithin(l, s, 4)
		if got := pairsWithin(m, &moved, 4); !slices.Equal(got, want) {
			t.Fatalf("translated: %v", difference(got, want))
		}
		for k, v := range want {
			want[k].i, want[k].j = int32(p[v.i]), int32(p[v.j])
		}
		slices.SortFunc(want, pair.compare)
		if got := pairsWithin(q, &turned, 4); !slices.Equal(got, want) {
			t.Fatalf("permuted: %v", difference(got, want))
		}
	}
}

func TestCompact(t *testing.T) {
	// 64 atoms with 55 neighbors on average, as in training: nearly every edge leads to an image.
	s := crystal(4, false)
	s.Cell = structure.MatMul(s.Cell, cube(math.Cbrt(52.1/54.5)))
	for i := range s.Positions {
		s.Positions[i] = structure.Scale(math.Cbrt(52.1/54.5), s.Positions[i])
	}
	l := New(5+2e-4, 0)
	if _, err := l.Update(s); err != nil {
		t.Fatal(err)
	}
	c := l.Compact()
	edges, bytes := float64(len(l.J))/64, float64(c.bytes())/64
	t.Logf("%.0f neighbors, %.1f targets, %.0f bytes per atom", edges, float64(len(l.Owner))/64, bytes)
	if edges < 54 || bytes > 1000 {
		t.Errorf("%.1f neighbors take %.0f bytes per atom", edges, bytes)
	}
	want := slices.Clone(l.J)
	if _, err := l.Update(crystal(3, false)); err != nil {
		t.Fatal(err)
	}
	if err := check(c, s); err != nil || !slices.Equal(c.J, want) {
		t.Errorf("the copy changed with the list: %v", err)
	}
	if rebuilt, err := c.Update(s); !rebuilt || err != nil || !slices.Equal(c.J, want) {
		t.Errorf("updating the copy: rebuilt %v, error %v", rebuilt, err)
	}
}

func TestMemoryAndAllocations(t *testing.T) {
	a, b := crystal(14, false), crystal(14, true)
	for i := range b.Positions { // some far away, to take every path
		b.Positions[i][i%3] += float64(i%5-2) * b.Cell[0][0]
	}
	l := New(5, 1)
	update := func(s *structure.Structure) {
		if _, err := l.Update(s); err != nil {
			t.Fatal(err)
		}
	}
	update(b)
	if n := testing.AllocsPerRun(5, func() { update(a); update(b) }); n != 0 {
		t.Errorf("%v allocations in two rebuilds", n)
	}
	var x [][3]float64
	x = l.Positions(b, x)
	if n := testing.AllocsPerRun(5, func() { update(b); x = l.Positions(b, x) }); n != 0 {
		t.Errorf("%v allocations in a step without a rebuild", n)
	}
	l = New(5, 1)
	update(crystal(28, false))
	t.Logf("%.0f bytes per atom, %.0f edges", float64(l.bytes())/float64(l.N), float64(len(l.J))/float64(l.N))
	if got := float64(l.bytes()) / float64(l.N); got > 1024 {
		t.Errorf("%.0f bytes per atom", got)
	}
}

// Positions placed piece by piece are those placed at once.
func TestPlace(t *testing.T) {
	s := crystal(3, true)
	l := New(5, 1)
	if _, err := l.Update(s); err != nil {
		t.Fatal(err)
	}
	whole, pieces := l.Positions(s, nil), make([][3]float64, len(l.Owner))
	for lo := 0; lo < l.N; lo += 4 {
		l.Place(s, pieces, lo, min(lo+4, l.N))
	}
	if !slices.Equal(whole, pieces) {
		t.Error("other positions")
	}
}
