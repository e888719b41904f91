package kerneltest

import (
	"math"
	"math/rand/v2"
	"testing"

	"mlff/kernel"
)

// gradient compares the parameter gradients, which add to what is there already.
func gradient(t *testing.T, set kernel.Set) {
	rng := rand.New(rand.NewPCG(8, 2))
	for k, s := range []kernel.Shape{Default(1), Default(2), Default(3), Default(2)} {
		if k == 3 {
			s.LT, s.Channels, s.Mixed, s.Hidden = 3, 48, 32, 64
		}
		var d [][]float64
		for n := range 20 {
			d = append(d, Liquid(rng, 3*n))
		}
		st, system := NewStudent(s, uint64(k)), NewSystem(s.Species, uint64(k), d...)
		for i := range 20 { // runs of a species, and no order at all
			switch k {
			case 1:
				system.Type[i] = uint8(i / 11)
			case 2:
				system.Type[i] = uint8(rng.IntN(3))
			}
		}
		got, want := startGradient(s), startGradient(s)
		addGradient(set.Double, st, system, got)
		addGradient(kernel.Reference[float64]{}, st, system, want)
		compareGradients(t, got, want)
	}
}

func startGradient(s kernel.Shape) *kernel.Parameters {
	g := kernel.NewParameters(s)
	for _, v := range tensors(g) {
		for k := range v {
			v[k] = 0.01
		}
	}
	return g
}

func addGradient(k kernel.Trainer, st *Student, s *System, g *kernel.Parameters) {
	a := kernel.Atoms[float64]{X: s.X, Type: s.Type, Start: s.Start, J: s.J, Edge: make([][4]float64, len(s.J))}
	k.Gradient(st.Double, &a, 0, len(s.Start)-1, 0.7, g, kernel.NewScratch[float64](st.Shape))
}

func tensors(p *kernel.Parameters) map[string][]float64 {
	return map[string][]float64{"rows": p.Rows, "mix": p.Mix, "couple": p.Couple, "a": p.A, "W": p.W, "d": p.D, "b": p.B}
}

func compareGradients(t *testing.T, got, want *kernel.Parameters) {
	t.Helper()
	for name, w := range tensors(want) {
		g, largest := tensors(got)[name], 0.
		for _, x := range w {
			largest = max(largest, math.Abs(x))
		}
		for k := range w {
			// 20 atoms of up to 57 neighbours, each sum of some hundred products, in another order: 1e-13 of the largest
			if !(math.Abs(g[k]-w[k]) <= 1e-13*largest) {
				t.Errorf("%s %d: %v, want %v", name, k, g[k], w[k])
				break
			}
		}
	}
}
