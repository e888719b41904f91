//go:build !purego

package loop

// Many runs the assembly several times.
func Many(times int, d *Density) {
	s := site[float32]{}
	s.pairs = &d.Pairs[0]
	s.types, s.to, s.offset, s.block = &d.Types[0], &d.To[0], &d.Offset[0], &d.Block[0]
	s.a, s.r, s.dr, s.n, s.N = &d.A[0], &d.R[0], &d.DR[0], d.N, 16
	for range times {
		densityAVX512Single(&s)
	}
}

// Float is as in package kernel.
type Float interface{ float32 | float64 }
