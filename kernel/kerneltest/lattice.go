package kerneltest

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Lattice is n³ atoms on a jittered simple cubic lattice, repeated periodically, with the given mean number of
// neighbours inside the cutoff, and a list that reaches skin [Å] further: the system that kernels are timed on.
func Lattice(n, neighbours int, skin float64, seed uint64) *System {
	a := Cutoff * math.Cbrt(4*math.Pi/3/float64(neighbours+1))
	reach := int((Cutoff+skin)/a) + 1
	rng := rand.New(rand.NewPCG(seed, 3))
	jitter := make([][3]float64, n*n*n)
	for i := range jitter {
		for c := range 3 {
			jitter[i][c] = 0.12 * a * (2*rng.Float64() - 1)
		}
	}
	s := &System{Start: []int32{0}}
	target := map[[3]int]int32{}
	add := func(cell [3]int) {
		home := 0
		for _, c := range cell {
			home = home*n + (c+10*n)%n
		}
		target[cell] = int32(len(s.X))
		s.X = append(s.X, [3]float64{a*float64(cell[0]) + jitter[home][0], a*float64(cell[1]) + jitter[home][1], a*float64(cell[2]) + jitter[home][2]})
		s.Type = append(s.Type, 0)
	}
	box(0, n-1, add)
	box(-reach, n-1+reach, func(cell [3]int) {
		if _, known := target[cell]; !known {
			add(cell)
		}
	})
	box(0, n-1, func(cell [3]int) {
		first, i := len(s.J), target[cell]
		box(-reach, reach, func(d [3]int) {
			j := target[[3]int{cell[0] + d[0], cell[1] + d[1], cell[2] + d[2]}]
			if j != i && distance(s.X[i], s.X[j]) < Cutoff+skin {
				s.J = append(s.J, j)
			}
		})
		slices.Sort(s.J[first:])
		s.Start = append(s.Start, int32(len(s.J)))
	})
	return s
}

func box(lo, hi int, visit func([3]int)) {
	for x := lo; x <= hi; x++ {
		for y := lo; y <= hi; y++ {
			for z := lo; z <= hi; z++ {
				visit([3]int{x, y, z})
			}
		}
	}
}

func distance(a, b [3]float64) float64 {
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}
