//go:build !purego

package loop

// Lanes is the neighbours in a block, as many as a vector has numbers: 16 with AVX-512, 8 with AVX2.
type Lanes int

// Many runs the assembly several times.
func Many(times int, lanes Lanes, d *Density) {
	s := site[float32]{}
	s.pairs = &d.Pairs[0]
	s.types, s.to, s.offset, s.block = &d.Types[0], &d.To[0], &d.Offset[0], &d.Block[0]
	s.a, s.r, s.dr, s.n, s.N = &d.A[0], &d.R[0], &d.DR[0], d.N, 16
	for range times {
		if lanes == 16 {
			densityAVX512Single(&s)
		} else {
			densityAVX2Single(&s)
		}
	}
}

// Float is as in package kernel.
type Float interface{ float32 | float64 }
