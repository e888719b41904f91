package neighbor

import (
	"math"
	"testing"
	"time"

	"mlff/structure"
)

// crystal is a rattled, periodic simple cubic crystal of m³ atoms with 52 neighbors within 5 Å on average, numbered
// along the lattice or at random.
func crystal(m int, shuffled bool) *structure.Structure {
	a := math.Cbrt(4. / 3 * math.Pi * 125 / 52.1)
	r := structure.Rand(1, "neighbor benchmark", 0)
	s := &structure.Structure{PBC: [3]bool{true, true, true}}
	for k := range 3 {
		s.Cell[k][k] = a * float64(m)
	}
	for i := range m * m * m {
		x := [3]float64{float64(i / m / m), float64(i / m % m), float64(i % m)}
		for k := range x {
			x[k] = a * (x[k] + 0.5 + 0.4*(r.Float64()-0.5))
		}
		s.Positions = append(s.Positions, x)
		s.Numbers = append(s.Numbers, 14)
	}
	if shuffled {
		r.Shuffle(len(s.Positions), func(i, j int) { s.Positions[i], s.Positions[j] = s.Positions[j], s.Positions[i] })
	}
	return s
}

func benchmark(b *testing.B, s *structure.Structure, skin float64) {
	l := New(5, skin)
	if _, err := l.Update(s); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	best := time.Hour // the fastest build: what a machine with other work to do would take without it
	for b.Loop() {
		l.built.valid = false
		start := time.Now()
		if _, err := l.Update(s); err != nil {
			b.Fatal(err)
		}
		best = min(best, time.Since(start))
	}
	n := float64(s.Len())
	b.ReportMetric(float64(best.Nanoseconds())/n, "best-ns/atom")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/atom")
	b.ReportMetric(float64(len(l.J))/n, "edges/atom")
	b.ReportMetric(float64(l.bytes())/n, "B/atom")
}

// Sorted list with incoming edges, 52 neighbors, one core; a list of all atoms anew.
func BenchmarkBuild1k(b *testing.B)   { benchmark(b, crystal(10, false), 0) }
func BenchmarkBuild10k(b *testing.B)  { benchmark(b, crystal(22, false), 0) }
func BenchmarkBuild100k(b *testing.B) { benchmark(b, crystal(46, false), 0) }
func BenchmarkBuild1M(b *testing.B)   { benchmark(b, crystal(100, false), 0) }

// The same with atoms numbered at random, and with a skin of 1 Å.
func BenchmarkShuffled100k(b *testing.B) { benchmark(b, crystal(46, true), 0) }
func BenchmarkSkin100k(b *testing.B)     { benchmark(b, crystal(46, false), 1) }

// A training cell of 64 atoms: nearly all edges lead to images.
func BenchmarkBuild64(b *testing.B) { benchmark(b, crystal(4, false), 0) }

// Atoms spread over the cells around by diffusion.
func BenchmarkUnwrapped100k(b *testing.B) {
	s := crystal(46, false)
	r := structure.Rand(2, "neighbor benchmark", 0)
	for i := range s.Positions {
		for k := range 3 {
			s.Positions[i][k] += float64(r.IntN(3)-1) * s.Cell[k][k]
		}
	}
	benchmark(b, s, 0)
}

// The test that says whether a list is still good, at every step.
func BenchmarkCovers100k(b *testing.B) {
	s := crystal(46, false)
	l := New(5, 1)
	if _, err := l.Update(s); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if rebuilt, _ := l.Update(s); rebuilt {
			b.Fatal("rebuilt")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(s.Len()), "ns/atom")
}

// bytes is the memory that l holds.
func (l *List) bytes() int {
	n := 4*(cap(l.Owner)+cap(l.J)+cap(l.Start)+cap(l.In)) + 12*cap(l.Shift) + 24*cap(l.built.positions)
	if w := l.work; w != nil {
		n += 24*(cap(w.position)+cap(w.sorted)+cap(w.near)) + 8*(cap(w.shift)+cap(w.key)+cap(w.spareKey))
		n += 4 * (cap(w.owner) + cap(w.begin) + cap(w.cursor) + cap(w.entry) + cap(w.spareEntry) + cap(w.nearEntry))
	}
	return n
}
