package model

import (
	"fmt"
	"math"
	"testing"

	"mlff/structure"
)

// lattice is a jittered simple cubic crystal of n³ atoms with the given mean number of neighbours inside the cutoff.
func lattice(n int, cutoff, neighbors float64) structure.Structure {
	a := cutoff * math.Cbrt(4*math.Pi/3/neighbors)
	rng := structure.Rand(1, "jitter", 0)
	L := a * float64(n)
	s := structure.Structure{Cell: [3][3]float64{{L, 0, 0}, {0, L, 0}, {0, 0, L}}, PBC: [3]bool{true, true, true}}
	for i := range n * n * n {
		x := [3]float64{float64(i % n), float64(i / n % n), float64(i / n / n)}
		for k := range x {
			x[k] = a * (x[k] + 0.1*rng.NormFloat64())
		}
		s.Numbers, s.Positions = append(s.Numbers, 14), append(s.Positions, x)
	}
	return s
}

var full = Shape{Radial: 16, Channels: 16, Mixed: 16, Hidden: 32, LMax: 3, LT: 2, Layers: 1, Intervals: 96}

// BenchmarkTraining times one full loss gradient (energy, forces and stress) per atom: an energy-force pass and two
// parameter passes.
func BenchmarkTraining(b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			m := testModel(b, []int{14}, 5, full)
			s := lattice(4, 5, 27)
			sample, err := m.Prepare(&s)
			if err != nil {
				b.Fatal(err)
			}
			g, err := NewGradient(m, threads)
			if err != nil {
				b.Fatal(err)
			}
			defer g.Close()
			var out structure.Result
			for b.Loop() {
				if err := g.EnergyForces(sample, &out); err != nil {
					b.Fatal(err)
				}
				for _, step := range []float64{1e-4, -1e-4} {
					if err := g.Accumulate(sample, out.Forces, out.Virial, step, 1); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(s.Len()*b.N)/b.Elapsed().Seconds(), "atom-steps/s")
			b.ReportMetric(float64(len(sample.list.J))/float64(s.Len()), "neighbors")
		})
	}
}

// BenchmarkEvaluate times energy, forces and virial of 1000 atoms with 52 neighbours.
func BenchmarkEvaluate(b *testing.B) {
	for _, precision := range []string{"float32", "float64"} {
		b.Run(precision, func(b *testing.B) {
			m := testModel(b, []int{14}, 5, full)
			s := lattice(10, 5, 52)
			p, err := m.Potential(Options{Threads: 1, Precision: precision})
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			var out structure.Result
			for b.Loop() {
				if err := p.Evaluate(&s, &out); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(1e6*b.Elapsed().Seconds()/float64(s.Len()*b.N), "us/atom")
		})
	}
}

// BenchmarkGrade times steps without and with grades.
func BenchmarkGrade(b *testing.B) {
	for _, grade := range []bool{false, true} {
		b.Run(fmt.Sprintf("grade=%v", grade), func(b *testing.B) {
			m := testModel(b, []int{14}, 5, full)
			s := lattice(6, 5, 52)
			l := make([]float64, 33*33)
			for k := range 33 {
				l[34*k] = 1
			}
			if err := m.SetGrade(l); err != nil {
				b.Fatal(err)
			}
			p, err := m.Potential(Options{Threads: 1, Grade: grade})
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			var out structure.Result
			for b.Loop() {
				if err := p.Evaluate(&s, &out); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(1e6*b.Elapsed().Seconds()/float64(s.Len()*b.N), "us/atom")
		})
	}
}
