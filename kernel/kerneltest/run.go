package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"mlff/kernel"
)

// Output is what a kernel writes.
type Output struct {
	Energy []float64
	Edge   [][4]float64
	Hidden []float64
	Strain [6]float64
	Guard  []kernel.Guard
}

const guard = 0x7a7a7a7a // as a float, 3e35: an unlikely result

// Evaluate runs a kernel on copies of a system that lie shift elements from the start of their memory, with guard words
// on both sides of everything; it fails the test if one was overwritten.
func Evaluate[F kernel.Float](t testing.TB, k kernel.Kernel[F], l *kernel.Layer[F], s *System, shift int, scratch *kernel.Scratch[F]) Output {
	t.Helper()
	n := len(s.Start) - 1
	mark := F(math.Float32frombits(guard))
	energy, checkEnergy := guarded(make([]float64, n), guard, shift)
	edge, checkEdge := guarded(make([][4]F, len(s.J)), [4]F{mark, mark, mark, mark}, shift)
	hidden, checkHidden := guarded(make([]F, n*l.Hidden), mark, shift)
	watch, checkWatch := guarded(make([]kernel.Guard, n), kernel.Guard{Grade: -1}, shift)
	x, checkX := guarded(s.X, [3]float64{math.NaN(), math.NaN(), math.NaN()}, shift)
	types, _ := guarded(s.Type, 255, shift)
	j, _ := guarded(s.J, math.MaxInt32, shift)
	a := kernel.Atoms[F]{X: x, Type: types, Start: s.Start, J: j, Energy: energy, Edge: edge, Hidden: hidden, Guard: watch}
	for e := range edge {
		edge[e] = [4]F{mark, mark, mark, mark}
	}
	strain := k.Forces(l, &a, 0, n, scratch)
	for name, intact := range map[string]func() bool{"energies": checkEnergy, "edges": checkEdge, "hidden": checkHidden, "guard": checkWatch, "positions": checkX} {
		if !intact() {
			t.Errorf("wrote outside of the %s", name)
		}
	}
	out := Output{Energy: append([]float64{}, energy...), Strain: strain, Guard: append([]kernel.Guard{}, watch...)}
	for _, g := range edge {
		out.Edge = append(out.Edge, [4]float64{float64(g[0]), float64(g[1]), float64(g[2]), float64(g[3])})
	}
	for _, h := range hidden {
		out.Hidden = append(out.Hidden, float64(h))
	}
	return out
}

// guarded copies v into the middle of a larger array full of mark and returns the copy and a check of its surroundings.
func guarded[T any](v []T, mark T, shift int) ([]T, func() bool) {
	const room = 64
	all := make([]T, len(v)+2*room+shift)
	for k := range all {
		all[k] = mark
	}
	first := room + shift
	copy(all[first:], v)
	want := fmt.Sprint(mark)
	return all[first:][:len(v):len(v)], func() bool {
		for k, x := range all {
			if (k < first || k >= first+len(v)) && fmt.Sprint(x) != want {
				return false
			}
		}
		return true
	}
}

// Bounds of the deviation from the float64 reference.
type Bounds struct {
	Energy float64 // eV, of E - E0 of an atom
	Force  float64 // of sum_j |g_ij|, for every edge and for their sum
	Hidden float64
}

// Single is the bound of float32: 24 bits are 6e-8 of every intermediate; thirty of them add up.
// Double is that of float64, with the same margin for sums in another order.
var (
	Single = Bounds{2e-6, 2e-6, 1e-5}
	Double = Bounds{1e-13, 1e-13, 1e-12}
)

// tiny is what the force of an edge may be off, eV/Å, however small all forces of its atom are. Where the only neighbours
// of an atom are just inside the cutoff, radial functions go with (rc - r)³, and a distance rounded to float32 changes them by
// more than 2e-6 of themselves.
func (b Bounds) tiny() float64 { return 0.005 * b.Force }

// Compare fails the test where two outputs differ by more than the bounds.
func Compare(t testing.TB, s *System, got, want Output, b Bounds) {
	t.Helper()
	for i := range got.Energy {
		if d := math.Abs(got.Energy[i] - want.Energy[i]); !(d <= b.Energy) {
			t.Errorf("atom %d, %d edges: energy %v, want %v", i, s.Start[i+1]-s.Start[i], got.Energy[i], want.Energy[i])
		}
		compareEdges(t, i, got.Edge[s.Start[i]:s.Start[i+1]], want.Edge[s.Start[i]:s.Start[i+1]], b)
	}
	for k := range want.Hidden {
		if d := math.Abs(got.Hidden[k] - want.Hidden[k]); !(d <= b.Hidden) {
			t.Errorf("activation %d: %v, want %v", k, got.Hidden[k], want.Hidden[k])
			break
		}
	}
	compareGuards(t, s, got, want, b)
	var total float64
	for _, g := range want.Edge {
		total += Cutoff * norm(g)
	}
	for k := range want.Strain {
		if d := math.Abs(got.Strain[k] - want.Strain[k]); !(d <= b.Force*total) {
			t.Errorf("strain %d: %v, want %v", k, got.Strain[k], want.Strain[k])
		}
	}
}

// compareGuards allows other numbers of neighbours where some are at the cutoff to the precision of float32. The factors of
// grades have a norm of about one, so H activations that are off by the bound change a grade by sqrt(H) times that.
func compareGuards(t testing.TB, s *System, got, want Output, b Bounds) {
	t.Helper()
	bound := b.Hidden * math.Sqrt(float64(len(want.Hidden)/len(want.Guard)))
	for i, w := range want.Guard {
		var near int32
		for _, j := range s.J[s.Start[i]:s.Start[i+1]] {
			x, y := s.X[i], s.X[j]
			if r := norm([4]float64{x[0] - y[0], x[1] - y[1], x[2] - y[2]}); math.Abs(r-Cutoff) < 1e-6*Cutoff {
				near++
			}
		}
		g := got.Guard[i]
		if more := g.Neighbors - w.Neighbors; !(math.Abs(g.Grade-w.Grade) <= bound) || g.Contact != w.Contact || max(more, -more) > near {
			t.Errorf("atom %d, %d edges: %+v, want %+v", i, s.Start[i+1]-s.Start[i], g, w)
		}
	}
}

func compareEdges(t testing.TB, atom int, got, want [][4]float64, b Bounds) {
	t.Helper()
	var total float64
	for _, g := range want {
		total += norm(g)
	}
	var sum [4]float64
	for e := range got {
		var d [4]float64
		for c := range d {
			d[c] = got[e][c] - want[e][c]
			sum[c] += d[c]
		}
		if !(norm(d) <= b.Force*total+b.tiny()) || got[e][3] != 0 {
			t.Errorf("atom %d of %d edges, edge %d: %v, want %v (%.1e of all)", atom, len(got), e, got[e], want[e], norm(d)/total)
			return
		}
	}
	if !(norm(sum) <= b.Force*total+b.tiny()) {
		t.Errorf("atom %d of %d edges: the sum of the forces is off by %.1e of all", atom, len(got), norm(sum)/total)
	}
}

func norm(v [4]float64) float64 { return math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2] + v[3]*v[3]) }

// Run checks a back end in both precisions.
func Run(t *testing.T, set kernel.Set) {
	t.Run("neighbours", func(t *testing.T) { neighbours(t, set) })
	t.Run("distances", func(t *testing.T) { distances(t, set) })
	t.Run("species", func(t *testing.T) { species(t, set) })
	t.Run("shapes", func(t *testing.T) { shapes(t, set) })
	t.Run("bits", func(t *testing.T) { bits(t, set) })
	t.Run("denormals", func(t *testing.T) { denormals(t, set) })
	t.Run("numbers", func(t *testing.T) { numbers(t, set) })
	t.Run("gradient", func(t *testing.T) { gradient(t, set) })
}

// check compares a back end with the reference on one system.
func check(t *testing.T, set kernel.Set, st *Student, s *System) {
	t.Helper()
	if !set.Supports(st.Shape) {
		t.Fatalf("does not support %+v", st.Shape)
	}
	want := Evaluate(t, kernel.Reference[float64]{}, st.Double, s, 0, kernel.NewScratch[float64](st.Shape))
	t.Run("float64", func(t *testing.T) {
		got := Evaluate(t, kernel.Kernel[float64](set.Double), st.Double, s, 1, kernel.NewScratch[float64](st.Shape))
		Compare(t, s, got, want, Double)
	})
	t.Run("float32", func(t *testing.T) {
		Compare(t, s, Evaluate(t, set.Single, st.Single, s, 1, kernel.NewScratch[float32](st.Shape)), want, Single)
	})
}

func neighbours(t *testing.T, set kernel.Set) {
	rng := rand.New(rand.NewPCG(1, 2))
	var d [][]float64
	for n := range 131 {
		d = append(d, Liquid(rng, n))
	}
	check(t, set, NewStudent(Default(2), 1), NewSystem(2, 1, d...))
}

func distances(t *testing.T, set kernel.Set) {
	st := NewStudent(Default(2), 2)
	below, above := math.Nextafter(Cutoff, 0), math.Nextafter(Cutoff, 9)
	edge := float64(math.Nextafter32(Cutoff, 0))
	check(t, set, st, NewSystem(2, 2,
		[]float64{Cutoff}, []float64{below}, []float64{above}, []float64{edge}, []float64{Cutoff, below, above, edge},
		[]float64{Cutoff + 0.5, Cutoff + 1}, []float64{3, Cutoff + 0.5, 2.5, Cutoff + 1},
		[]float64{1.95, 1.85, 1.5, 2.1}, []float64{0.5, 3}, []float64{0.1, 3}, []float64{0.3, 0.2, 2, 2.2, 2.4},
	))
	axes := &System{X: [][3]float64{{0, 0, 0}, {Cutoff, 0, 0}, {0, -Cutoff, 0}, {0, 0, Cutoff}, {3, 0, 0}, {0, 3, 0}, {0, 0, -3}, {4.999999, 0, 0}},
		Type: make([]uint8, 8), Start: []int32{0, 7}, J: []int32{1, 2, 3, 4, 5, 6, 7}}
	check(t, set, st, axes)
}

func species(t *testing.T, set kernel.Set) {
	rng := rand.New(rand.NewPCG(3, 2))
	for n := 1; n <= 10; n++ {
		var d [][]float64
		for range 2 * n { // every species as a centre, with neighbours of every species
			d = append(d, Liquid(rng, 25))
		}
		st, s := NewStudent(Default(n), uint64(n)), NewSystem(n, uint64(n), d...)
		check(t, set, st, s)
		for i := range d { // kernels may take atoms of one species together: now with runs of any length
			s.Type[i] = uint8(rng.IntN(min(n, 3)))
		}
		check(t, set, st, s)
	}
}

func shapes(t *testing.T, set kernel.Set) {
	rng := rand.New(rand.NewPCG(4, 2))
	for _, lt := range []int{2, 3} {
		for _, n := range []int{16, 32, 48, 64} {
			for _, k := range []int{16, 32, 48, 64} {
				s := Default(2)
				s.LT, s.Channels, s.Mixed, s.Hidden, s.Intervals = lt, n, k, 16+(n+k)%64, 40+k
				check(t, set, NewStudent(s, uint64(n+k)), NewSystem(2, 5, Liquid(rng, 21), Liquid(rng, 37), nil, Liquid(rng, 3)))
			}
		}
	}
}

// bits: results depend neither on where buffers lie nor on what a scratch was used for before nor on how atoms are shared out.
func bits(t *testing.T, set kernel.Set) {
	rng := rand.New(rand.NewPCG(5, 2))
	for _, shape := range []kernel.Shape{Default(1), Default(2), large(16), large(32)} {
		st := NewStudent(shape, 5)
		s := NewSystem(shape.Species, 5, Liquid(rng, 52), Liquid(rng, 7), Liquid(rng, 33), Liquid(rng, 34), Liquid(rng, 9))
		other := NewSystem(shape.Species, 6, Liquid(rng, 90), []float64{0.1, 3})
		sameBits(t, set.Single, st.Single, shape, s, other)
		sameBits(t, kernel.Kernel[float64](set.Double), st.Double, shape, s, other)
	}
}

func large(mixed int) kernel.Shape {
	s := Default(1)
	s.LT, s.Mixed = 3, mixed
	return s
}

func sameBits[F kernel.Float](t *testing.T, k kernel.Kernel[F], l *kernel.Layer[F], shape kernel.Shape, s, other *System) {
	scratch := kernel.NewScratch[F](shape)
	want := fmt.Sprint(Evaluate(t, k, l, s, 0, scratch))
	Evaluate(t, k, l, other, 0, scratch)
	for shift := range 5 {
		if got := fmt.Sprint(Evaluate(t, k, l, s, shift, scratch)); got != want {
			t.Errorf("buffers %d elements further: other bits", shift)
		}
	}
	n := len(s.Start) - 1
	whole := Evaluate(t, k, l, s, 0, scratch)
	a := kernel.Atoms[F]{X: s.X, Type: s.Type, Start: s.Start, J: s.J, Energy: make([]float64, n), Edge: make([][4]F, len(s.J)), Guard: make([]kernel.Guard, n)}
	for i := n - 1; i >= 0; i-- {
		k.Forces(l, &a, i, i+1, scratch)
	}
	for i, e := range a.Energy {
		if e != whole.Energy[i] || a.Guard[i] != whole.Guard[i] {
			t.Errorf("atom %d alone: other bits", i)
		}
	}
	for e, g := range a.Edge {
		if float64(g[0]) != whole.Edge[e][0] || float64(g[1]) != whole.Edge[e][1] || float64(g[2]) != whole.Edge[e][2] {
			t.Errorf("edge %d of an atom alone: other bits", e)
			break
		}
	}
}

// denormals: parameters and separations below the smallest normal number.
func denormals(t *testing.T, set kernel.Set) {
	st := NewStudent(Default(1), 6)
	for k := range st.Parameters.Rows {
		st.Parameters.Rows[k] *= 1e-42
	}
	tiny := &Student{Shape: st.Shape, Single: kernel.NewLayer[float32](st.Shape, Cutoff, 1, 1, st.Parameters, nil),
		Double: kernel.NewLayer[float64](st.Shape, Cutoff, 1, 1, st.Parameters, nil)}
	s := &System{X: [][3]float64{{0, 0, 0}, {3, 1e-41, -1e-43}, {1e-42, 2.5, 0}, {1e-310, 1e-320, 4}},
		Type: make([]uint8, 4), Start: []int32{0, 3}, J: []int32{1, 2, 3}}
	check(t, set, st, s)
	got := Evaluate(t, set.Single, tiny.Single, s, 0, kernel.NewScratch[float32](st.Shape))
	if !(math.Abs(got.Energy[0]) < 1e-6) { // silu(d) - silu(d) by two exponentials
		t.Errorf("energy %v of functions that are almost 0", got.Energy[0])
	}
}

// numbers: what is no number, or infinite, neither crashes nor passes unseen.
func numbers(t *testing.T, set kernel.Set) {
	st := NewStudent(Default(1), 7)
	for _, x := range []float64{math.NaN(), math.Inf(1)} {
		s := NewSystem(1, 7, []float64{2, 3, 4, 2.5})
		s.X[0][1] = x
		a := kernel.Atoms[float32]{X: s.X, Type: s.Type, Start: s.Start, J: s.J, Energy: make([]float64, 1), Edge: make([][4]float32, 4)}
		set.Single.Forces(st.Single, &a, 0, 1, kernel.NewScratch[float32](st.Shape))
		if math.IsNaN(x) && !math.IsNaN(a.Energy[0]) {
			t.Errorf("position %v: energy %v", x, a.Energy[0])
		}
	}
}
