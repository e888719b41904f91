package neighbor

import (
	"math"
	"testing"

	"mlff/structure"
)

// Whatever a walk does, the list holds what a new one would, in the same order.
func TestRandomWalks(t *testing.T) {
	r := structure.Rand(4, "neighbor", 0)
	rebuilds, steps := 0, 0
	for walk := range 60 {
		s := random(r, 1+r.IntN(15), [3]bool{r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(2) == 0}, 6, 1)
		l := New(1+4*r.Float64(), 1)
		for range 40 {
			for i := range s.Positions {
				for k := range 3 {
					s.Positions[i][k] += 0.1 * r.NormFloat64()
				}
			}
			if walk%2 == 0 { // the cell breathes, and the atoms follow it or not
				f := identity
				for k := range 9 {
					f[k/3][k%3] += 0.004 * r.NormFloat64()
				}
				s.Cell = structure.MatMul(s.Cell, f)
				for i := range s.Positions {
					if walk%4 == 0 {
						s.Positions[i] = structure.Mul(s.Positions[i], f)
					}
				}
			}
			rebuilt, err := l.Update(s)
			if err != nil {
				t.Fatal(err)
			}
			if err := check(l, s); err != nil {
				t.Fatalf("walk %d: %v", walk, err)
			}
			steps++
			if rebuilt {
				rebuilds++
			}
		}
	}
	t.Logf("%d rebuilds in %d steps", rebuilds, steps)
	if rebuilds < steps/50 || rebuilds > steps/2 {
		t.Errorf("%d rebuilds in %d steps test nothing", rebuilds, steps)
	}
}

// The criterion to its last digits: skin 1 Å, cutoff 4 Å.
func TestRebuildCriterion(t *testing.T) {
	const under, past = 1 - 1e-9, 1 + 1e-9 // positions of some Å and sums of a few squares keep 1e-14
	start := func() *structure.Structure {
		return of(cube(12), everywhere, [3]float64{1, 1, 1}, [3]float64{6.0001, 1, 1}, [3]float64{3, 8, 5}, [3]float64{9, 9, 9})
	}
	shift := func(v float64, atoms ...int) func(*structure.Structure) {
		return func(s *structure.Structure) {
			for _, i := range atoms {
				s.Positions[i][0] += v
			}
		}
	}
	both := func(f, g func(*structure.Structure)) func(*structure.Structure) {
		return func(s *structure.Structure) { f(s); g(s) }
	}
	strain := func(v float64, follow bool) func(*structure.Structure) {
		return func(s *structure.Structure) {
			f := identity
			f[0][0], f[2][2] = v, 1.1
			s.Cell = structure.MatMul(s.Cell, f)
			for i := range s.Positions {
				if follow {
					s.Positions[i] = structure.Mul(s.Positions[i], f)
				}
			}
		}
	}
	rotate := func(s *structure.Structure) {
		f := rotation(1.1, 0, 1)
		s.Cell = structure.MatMul(s.Cell, f)
		for i := range s.Positions {
			s.Positions[i] = structure.Mul(s.Positions[i], f)
		}
	}
	cases := []struct {
		name    string
		change  func(*structure.Structure)
		rebuild bool
	}{
		{"nothing", func(*structure.Structure) {}, false},
		{"one atom by the skin", shift(under, 0), false},
		{"one atom by more", shift(past, 0), true},
		{"two atoms towards each other", both(shift(under/2, 0), shift(-under/2, 1)), false},
		{"two atoms further", both(shift(past/2, 0), shift(-past/2, 1)), true},
		{"three atoms, the two largest count", both(shift(0.7*under, 0), shift(-0.3*under, 1, 2)), false},
		{"the second largest comes last", both(both(shift(0.6, 0), shift(0.1, 1)), shift(-0.5, 2)), true},
		{"all together", shift(40, 0, 1, 2, 3), false},
		{"all together and one by the skin", both(shift(40, 0, 1, 2, 3), shift(-0.7, 0)), false},
		{"species", func(s *structure.Structure) { s.Numbers[0] = 9 }, false},
		{"compression by cutoff/(cutoff+skin)", strain(0.8+1e-9, true), false},
		{"compression by more", strain(0.8-1e-9, true), true},
		{"compression and displacement", both(strain(0.9+1e-9, true), shift(0.5, 0)), false},
		{"compression and more displacement", both(strain(0.9-1e-9, true), shift(0.5, 0)), true},
		{"the cell alone", strain(0.5, false), true},
		{"rotation", rotate, false},
		{"one atom less", func(s *structure.Structure) { s.Numbers, s.Positions = s.Numbers[:3], s.Positions[:3] }, true},
		{"periodicity", func(s *structure.Structure) { s.PBC[1] = false }, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, l := start(), New(4, 1)
			if _, err := l.Update(s); err != nil {
				t.Fatal(err)
			}
			c.change(s)
			rebuilt, err := l.Update(s)
			if err != nil || rebuilt != c.rebuild {
				t.Errorf("rebuilt %v, error %v", rebuilt, err)
			}
			if err := check(l, s); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestChangedCutoff(t *testing.T) {
	s := crystal(4, false)
	l := New(4, 0)
	for _, cutoff := range []float64{4, 5, 3} {
		l.Cutoff = cutoff
		if rebuilt, err := l.Update(s); !rebuilt || err != nil {
			t.Fatalf("rebuilt %v, error %v", rebuilt, err)
		}
		if err := check(l, s); err != nil {
			t.Error(err)
		}
		if rebuilt, _ := l.Update(s); rebuilt {
			t.Error("rebuilt for the same structure, without a skin")
		}
	}
}

func rotation(angle float64, a, b int) [3][3]float64 {
	f := identity
	s, c := math.Sincos(angle)
	f[a][a], f[a][b], f[b][a], f[b][b] = c, s, -s, c
	return f
}

func TestSmallestSingularValue(t *testing.T) {
	for _, d := range [][3]float64{{1, 1, 1}, {2, 2, 2}, {1, 1 + 1e-7, 1}, {0.9, 1.1, 1}, {3, 0.2, 3}, {0, 1, 2}, {1, 1, 0.5}} {
		f := [3][3]float64{{d[0]}, {0, d[1]}, {0, 0, d[2]}}
		f = structure.MatMul(structure.MatMul(rotation(0.3, 0, 1), rotation(1.2, 1, 2)), f)
		f = structure.MatMul(f, structure.MatMul(rotation(2.3, 0, 2), rotation(-0.8, 0, 1)))
		// Five rotations and a few Jacobi turns of entries up to 3, each good to ε = 2e-16.
		if got, want := smallestSingular(f), min(d[0], d[1], d[2]); math.Abs(got-want) > 2e-14 {
			t.Errorf("singular values %v: %v", d, got)
		}
	}
}

func TestReduction(t *testing.T) {
	r := structure.Rand(5, "neighbor", 0)
	for range 200 {
		s := random(r, 0, everywhere, 3, 0)
		volume := s.Volume()
		for range 6 { // skew it
			a, b := r.IntN(3), r.IntN(2)
			b = (a + 1 + b) % 3
			s.Cell[a] = structure.Add(s.Cell[a], structure.Scale(float64(r.IntN(9)-4), s.Cell[b]))
		}
		l, err := newLattice(s.Cell, s.PBC)
		if err != nil {
			t.Fatal(err)
		}
		if got := math.Abs(structure.Det(l.basis)); math.Abs(got-volume) > 1e-8*volume { // skewing cancels six digits at most
			t.Fatalf("volume %v became %v", volume, got)
		}
		product := 1.0
		for k, w := range l.widths() {
			product *= structure.Norm(l.basis[k]) / w
			for a, v := range structure.Mul(l.from[k], s.Cell) {
				if math.Abs(v-l.basis[k][a]) > 1e-8 {
					t.Fatalf("vector %d is %v, not %v", k, l.basis[k], v)
				}
			}
		}
		// A Minkowski-reduced basis has |a||b||c| <= 2 V, so each length is at most twice the width along it.
		if product > 8 {
			t.Fatalf("cell %v was reduced to %v only", s.Cell, l.basis)
		}
	}
}
