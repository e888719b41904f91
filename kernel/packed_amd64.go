//go:build !purego

package kernel

import "unsafe"

// packable says whether the assembly can run a shape.
func packable(s Shape) bool {
	ok := func(n int) bool { return n >= 16 && n <= 64 && n%16 == 0 }
	return ok(s.Channels) && ok(s.Mixed) && ok(s.Hidden) && s.LMax == 3 && (s.LT == 2 || s.LT == 3)
}

// packed holds parameters in the order in which the assembly reads them: 16 channels side by side, then rows.
type packed[F Float] struct {
	elements    []element[F] // [S]
	perInterval F            // intervals per Å
	rowBytes    int          // distance from one interval to the next in the radial functions

	pairs  []*F   // [S][S] radial functions: in float64 parts of Rows, in float32 of cubic
	cubic  []F    // [S][S][Intervals][N/16][c3 c2 c1 c0][16] the splines as polynomials of the position in the interval
	limits [][2]F // [S]
}

// pack prepares the layer for the assembly if that can run its shape.
func (l *Layer[F]) pack(p *Parameters, nu float64) {
	if !packable(l.Shape) {
		return
	}
	l.packed.perInterval = F(float64(l.Intervals) / l.Cutoff)
	l.packRadial(p, nu)
	mix, mixT := packMixing(l.Mix, l.Channels, l.Mixed), packMixing(l.MixT, l.Mixed, l.Channels)
	w, restSlope := packRows(l.W, l.Features()), make([]F, len(l.D))
	for k, d := range l.D {
		_, slope := silu(d)
		restSlope[k] = l.B[k] * slope
	}
	l.packed.limits = make([][2]F, l.Species)
	for z := range l.Species {
		l.packed.limits[z][0] = F(l.Cutoff) * F(l.Cutoff)
		if l.Core != nil {
			l.packed.limits[z][1] = l.nearest(z, l.Core.Range)
		}
		mixing, h, f := z*4*l.Channels*l.Mixed, z*l.Hidden, z*l.Features()
		l.packed.elements = append(l.packed.elements, element[F]{
			limits: &l.packed.limits[z][0], pairs: &l.packed.pairs[z*l.Species],
			mix: &mix[mixing], mixT: &mixT[mixing], couple: &l.Couple[z*len(l.couplings)*l.Mixed],
			readA: &l.A[f], readW: &w[h*l.Features()], readD: &l.D[h], readB: &l.B[h],
			rest: &l.SiluD[h], restSlope: &restSlope[h],
		})
	}
}

func (l *Layer[F]) packRadial(p *Parameters, nu float64) {
	rows, intervals := l.Rows, l.SplineRows()
	l.packed.rowBytes = 8 * l.Channels
	if unsafe.Sizeof(F(0)) == 4 {
		l.packed.cubic = l.cubics(p.Rows, nu)
		rows, intervals = l.packed.cubic, 4*l.Intervals
		l.packed.rowBytes = 4 * 4 * l.Channels
	}
	for pair := range l.Species * l.Species {
		l.packed.pairs = append(l.packed.pairs, &rows[pair*intervals*l.Channels])
	}
}

// nearest is a little more than the square of the largest reach from species z to another.
func (l *Layer[F]) nearest(z int, reach func(a, b uint8) float64) F {
	var most float64
	for other := range l.Species {
		most = max(most, reach(uint8(z), uint8(other)))
	}
	return F(1.0001 * most * most)
}

// cubics writes the spline of every interval, with knots at its ends, as powers of the position between them.
func (l *Layer[F]) cubics(rows []float64, nu float64) []F {
	N := l.Channels
	out := aligned[F](l.Species * l.Species * l.Intervals * 4 * N)
	at := 0
	for pair := range l.Species * l.Species {
		for b := range l.Intervals {
			w := rows[(pair*l.SplineRows()+b)*N:]
			for k := range N {
				w0, w1, w2, w3 := nu*w[k], nu*w[N+k], nu*w[2*N+k], nu*w[3*N+k]
				c := out[at+k/16*64+k%16:]
				c[0] = F((w3 - w0 + 3*(w1-w2)) / 6)
				c[16] = F((w0 + w2 - 2*w1) / 2)
				c[32] = F((w2 - w0) / 2)
				c[48] = F((w0 + w2 + 4*w1) / 6)
			}
			at += 4 * N
		}
	}
	return out
}

// packMixing turns [S][4][in][out] into [S][out/16][in][4][16].
func packMixing[F Float](w []F, in, out int) []F {
	p := aligned[F](len(w))[:0]
	for ; len(w) > 0; w = w[4*in*out:] {
		for o := 0; o < out; o += 16 {
			for n := range in {
				for l := range 4 {
					p = append(p, w[(l*in+n)*out+o:][:16]...)
				}
			}
		}
	}
	return p
}

// packRows turns [rows][columns] into [rows/16][columns/16][16][16].
func packRows[F Float](w []F, columns int) []F {
	p := aligned[F](len(w))[:0]
	for ; len(w) > 0; w = w[16*columns:] {
		for c := 0; c < columns; c += 16 {
			for r := range 16 {
				p = append(p, w[r*columns+c:][:16]...)
			}
		}
	}
	return p
}

// packGrade lays out T as the assembly reads it: column after column of 16 rows, as far as the triangle reaches.
func (l *Layer[F]) packGrade() {
	H := l.Hidden
	size := H * (H + 16) / 2
	blocks := aligned[F](l.Species * size)[:0]
	for z := range l.packed.elements {
		t := l.grading.t[z*H*H:][:H*H]
		for first := 0; first < H; first += 16 {
			for column := range first + 16 {
				for r := range 16 {
					blocks = append(blocks, t[(first+r)*H+column])
				}
			}
		}
		e := &l.packed.elements[z]
		e.gradeT, e.gradeC = &blocks[z*size], &l.grading.c[z*H]
		if l.Core != nil { // pairs that make a contact have to be looked at too
			l.packed.limits[z][1] = l.nearest(z, l.Core.shortest)
		}
	}
}
