package kernel_test

import (
	"testing"
	"time"

	"mlff/kernel"
	"mlff/kernel/kerneltest"
)

// blockAtoms is how many atoms a kernel gets at once, as in package model.
const blockAtoms = 4

// BenchmarkForces is time per atom of the usual student: 52 neighbours of 90 in the list.
func BenchmarkForces(b *testing.B) {
	st, s := kerneltest.NewStudent(kerneltest.Default(1), 1).WithoutCore(), kerneltest.Lattice(10, 52, 1, 1)
	for _, set := range kernel.All() {
		b.Run(set.Name+"/float32", func(b *testing.B) { forces(b, set.Single, st.Single, s) })
		b.Run(set.Name+"/float64", func(b *testing.B) { forces(b, kernel.Kernel[float64](set.Double), st.Double, s) })
	}
}

// BenchmarkTraining is time per atom of one step of training, a pass for forces and two for gradients, 27 neighbours.
func BenchmarkTraining(b *testing.B) {
	st, s := kerneltest.NewStudent(kerneltest.Default(1), 1).WithoutCore(), kerneltest.Lattice(6, 27, 2e-4, 1)
	for _, set := range kernel.All() {
		b.Run(set.Name, func(b *testing.B) {
			a := atoms[float64](s)
			scratch, g := kernel.NewScratch[float64](st.Shape), kernel.NewParameters(st.Shape)
			perAtom(b, len(a.Energy), func(lo, hi int) {
				set.Double.Forces(st.Double, a, lo, hi, scratch)
				set.Double.Gradient(st.Double, a, lo, hi, 1, g, scratch)
				set.Double.Gradient(st.Double, a, lo, hi, -1, g, scratch)
			})
		})
	}
}

func forces[F kernel.Float](b *testing.B, k kernel.Kernel[F], l *kernel.Layer[F], s *kerneltest.System) {
	a, scratch := atoms[F](s), kernel.NewScratch[F](l.Shape)
	perAtom(b, len(a.Energy), func(lo, hi int) { k.Forces(l, a, lo, hi, scratch) })
}

func atoms[F kernel.Float](s *kerneltest.System) *kernel.Atoms[F] {
	n := len(s.Start) - 1
	return &kernel.Atoms[F]{X: s.X, Type: s.Type, Start: s.Start, J: s.J, Energy: make([]float64, n), Edge: make([][4]F, len(s.J))}
}

// perAtom reports the time of an atom, and the least of any 20 blocks: on a busy machine that one is undisturbed.
func perAtom(b *testing.B, n int, run func(lo, hi int)) {
	run(0, n)
	least, done := time.Hour, 0
	for b.Loop() {
		for lo := 0; lo < n; {
			first, start := lo, time.Now()
			for range 20 {
				if hi := min(lo+blockAtoms, n); lo < hi {
					run(lo, hi)
					lo = hi
				}
			}
			if lo-first == 20*blockAtoms {
				least = min(least, time.Since(start)/(20*blockAtoms))
			}
			done += lo - first
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(done), "ns/atom")
	b.ReportMetric(float64(least.Nanoseconds()), "least-ns/atom")
	b.ReportMetric(0, "ns/op")
}
