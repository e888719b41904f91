//go:build cgo && amd64 && !purego

package cref

import (
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/sys/cpu"

	"mlff/kernel/gen/cref/loop"
)

// input is 52 neighbours in 96 intervals.
func input(t testing.TB) *loop.Density {
	if x := &cpu.X86; !x.HasAVX512F || !x.HasAVX512DQ || !x.HasAVX512VL {
		t.Skip("this machine has no AVX-512")
	}
	const n, room, intervals = 52, 64, 96
	rng := rand.New(rand.NewPCG(1, 1))
	d := &loop.Density{A: make([]float32, 256), R: make([]float32, 16*room), DR: make([]float32, 16*room),
		Block: make([]float32, 17*room), Types: make([]uint8, room), To: make([]int32, room), Offset: make([]int32, room), N: n}
	cubic := make([]float32, intervals*64)
	for _, v := range [][]float32{d.Block, cubic} {
		for k := range v {
			v[k] = rng.Float32()
		}
	}
	d.Pairs = []*float32{&cubic[0]}
	for k := range n {
		d.To[k], d.Offset[k] = int32(k), int32(256*rng.IntN(intervals))
	}
	return d
}

func TestSameDensity(t *testing.T) {
	a, b := input(t), input(t)
	loop.Many(1, a)
	many(1, b)
	if !slices.Equal(a.A, b.A) || !slices.Equal(a.R, b.R) || !slices.Equal(a.DR, b.DR) {
		t.Error("C and assembly differ")
	}
}

func BenchmarkDensity(b *testing.B) {
	d := input(b)
	for name, run := range map[string]func(int, *loop.Density){"assembly": loop.Many, "c": many} {
		b.Run(name, func(b *testing.B) {
			run(b.N, d)
		})
	}
}
