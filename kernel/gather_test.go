package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestGatherIsTheSameInAssembly(t *testing.T) {
	t.Run("float32", gatherAlike[float32])
	t.Run("float64", gatherAlike[float64])
}

// gatherAlike compares bits, for every number of edges up to 130 and every first atom.
func gatherAlike[F Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	start := []int32{0}
	for n := range 131 {
		start = append(start, start[n]+int32(n))
	}
	atoms, edges := len(start)-1, int(start[len(start)-1])
	edge, in := make([][4]F, edges), make([]int32, edges)
	for e, k := range rng.Perm(edges) {
		in[e] = int32(k)
		edge[e] = [4]F{F(rng.NormFloat64()), F(1e6 * rng.NormFloat64()), F(rng.NormFloat64()), 0}
	}
	want, got := make([][3]float64, atoms), make([][3]float64, atoms)
	outgoing(want, edge, start, 0, atoms)
	incoming(want, edge, start, in, 0, atoms)
	for _, size := range []int{1, 4, 7, atoms} {
		for k := range got {
			got[k] = [3]float64{9, 9, 9} // outside lo:hi nothing may change
		}
		for lo := 0; lo < atoms; lo += size {
			hi := min(lo+size, atoms)
			Outgoing(got, edge, start, lo, hi)
			if hi < atoms && got[hi] != [3]float64{9, 9, 9} {
				t.Fatalf("atom %d is written with those before it", hi)
			}
		}
		Incoming(got, edge, start, in, 0, atoms)
		if !slices.Equal(got, want) {
			t.Fatalf("%d atoms at once: other bits than the reference", size)
		}
	}
	Outgoing[F](nil, nil, []int32{0}, 0, 0)
	Outgoing(got[:1], edge[:0], []int32{0, 0}, 0, 1)
	if got[0] != [3]float64{} {
		t.Error("an atom without edges feels a force")
	}
}
