//go:build cgo && amd64 && !purego

package cref

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/cpu"

	"mlff/kernel/gen/cref/loop"
)

// input is 52 neighbours in 96 intervals.
func input() *loop.Density {
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

// native is the vectors that this machine has, as neighbours in each.
func native() (all []loop.Lanes) {
	x := &cpu.X86
	if x.HasAVX2 && x.HasFMA {
		all = append(all, 8)
	}
	if x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512VL {
		all = append(all, 16)
	}
	return all
}

func TestSameDensity(t *testing.T) {
	for _, lanes := range native() {
		a, b := input(), input()
		loop.Many(1, lanes, a)
		many(1, lanes, b)
		if !slices.Equal(a.A, b.A) || !slices.Equal(a.R, b.R) || !slices.Equal(a.DR, b.DR) {
			t.Errorf("%d lanes: C and assembly differ", lanes)
		}
	}
}

// BenchmarkDensity holds the assembly against C, in turns, by the least times.
func BenchmarkDensity(b *testing.B) {
	for _, lanes := range native() {
		b.Run(fmt.Sprintf("lanes=%d", lanes), func(b *testing.B) {
			const calls = 1000
			d := input()
			least := [2]time.Duration{time.Hour, time.Hour}
			for b.Loop() {
				for k, run := range []func(int, loop.Lanes, *loop.Density){loop.Many, many} {
					began := time.Now()
					run(calls, lanes, d)
					least[k] = min(least[k], time.Since(began))
				}
			}
			b.ReportMetric(float64(least[0].Nanoseconds())/calls, "assembly-ns")
			b.ReportMetric(float64(least[1].Nanoseconds())/calls, "C-ns")
			b.ReportMetric(float64(least[0])/float64(least[1]), "times-C")
			b.ReportMetric(0, "ns/op")
		})
	}
}
