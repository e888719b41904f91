package main

import "github.com/mmcloughlin/avo/operand"

const docRadialSingle = `Radial functions and their slopes per interval, from cubic polynomials:

	for s := range n {
		c := pairs[types[to[s]]][offset[s]:] // [N/16][4][16]
		for k := range N {
			c3, c2, c1, c0 := c[k/16*64+k%16:], ...           // 16 apart
			r[s][k] = ((c3*t+c2)*t+c1)*t + c0
			dr[s][k] = (3*c3*t+2*c2)*t + c1
		}
	}
`

const docRadialDouble = `Radial functions and, but for parameter gradients, their slopes per interval, from spline rows:

	for s := range n {
		w := pairs[types[to[s]]][offset[s]:] // four rows of N
		for k := range N {
			d1, d2, d3 := w[1][k]-w[0][k], w[2][k]-w[1][k], w[3][k]-w[2][k]
			r[s][k] = w[0][k] + c1*d1 + c2*d2 + c3*d3
			dr[s][k] = e1*d1 + e2*d2 + e3*d3
		}
	}
`

// radial writes r and, if slope, dr.
func (t *target) radial(slope bool) {
	r, dr := t.arg("r"), t.arg("dr")
	pairs, types, to, offset := t.arg("pairs"), t.arg("types"), t.arg("to"), t.arg("offset")
	block, n := t.arg("block"), t.arg("n")
	rowBytes := t.scale(t.arg("N"))
	t.slots(n, 1, block, func() {
		w, b, group := t.GP64(), t.GP64(), t.GP64()
		t.radialOf(w, b, pairs, types, to, offset, 0)
		t.bump(to, 4)
		t.bump(offset, 4)
		var weights []vec
		first, count := rowT, 1
		if !t.single() {
			first, count = rowWeight, 6
		}
		if !slope {
			count = 3
		}
		for k := range count {
			weights = append(weights, t.all(bcast{at(block, (first+k)*t.width())}))
		}
		t.MOVQ(t.param("N"), group)
		l := t.label("group")
		t.Label(l)
		for v := range t.perRow() {
			var value, gradient vec
			if t.single() {
				value, gradient = t.cubic(weights[0], w, v*t.width())
			} else {
				value, gradient = t.spline(weights, w, rowBytes, v*t.width())
			}
			t.store(value, at(r, v*t.width()))
			if slope {
				t.store(gradient, at(dr, v*t.width()))
			}
		}
		t.bump(r, t.row())
		if slope {
			t.bump(dr, t.row())
		}
		t.bump(w, t.row())
		if t.single() {
			t.bump(w, 3*t.row())
		}
		t.SUBQ(imm(16), group)
		t.JNZ(operand.LabelRef(l))
	})
}

// radialOf lets w point to the radial functions of neighbour s behind to and offset; b is for intermediate use.
func (t *target) radialOf(w, b, pairs, types, to, offset gp, s int) {
	t.MOVLQSX(at(to, 4*s), w)
	t.MOVBQZX(indexed(types, w, 1, 0), w)
	t.MOVQ(indexed(pairs, w, 8, 0), w)
	t.MOVLQSX(at(offset, 4*s), b)
	t.ADDQ(b, w)
}

// fusedRows is the rows of the density that are summed where the radial functions are computed.
func (t *target) fusedRows() int {
	if t.wide() {
		return 16
	}
	return 5
}

// radialDensity computes radial functions and adds them to some rows of the density at once: the latency of the one
// hides behind the arithmetic of the other.
func (t *target) radialDensity() {
	pairs, types, column := t.arg("pairs"), t.arg("types"), t.GP64()
	t.XORQ(column, column)
	stride := t.scale(t.arg("N"))
	again := t.label("channels")
	t.Label(again)
	sum := t.tile(t.fusedRows(), t.perRow())
	to, offset, block, n := t.arg("to"), t.arg("offset"), t.arg("block"), t.arg("n")
	r, dr := t.arg("r"), t.arg("dr")
	t.SUBQ(r, dr)
	t.ADDQ(column, r)
	t.slots(n, 1, block, func() {
		w, b := t.GP64(), t.GP64()
		t.radialOf(w, b, pairs, types, to, offset, 0)
		t.LEAQ(indexed(w, column, 4, 0), w)
		position := t.all(bcast{at(block, rowT*t.width())})
		var value []vec
		for v := range t.perRow() {
			x, dx := t.cubic(position, w, v*t.width())
			t.store(x, at(r, v*t.width()))
			t.store(dx, indexed(r, dr, 1, v*t.width()))
			value = append(value, x)
		}
		for v, x := range value {
			t.addTo(sum[0][v], x)
		}
		for lm := 1; lm < len(sum); lm++ {
			t.outer(sum[lm], bcast{at(block, lm*t.width())}, value)
		}
		t.bump(to, 4)
		t.bump(offset, 4)
		t.ADDQ(stride, r)
	})
	a := t.move(column)
	t.SHLQ(imm(4), a)
	t.ADDQ(t.param("a"), a)
	for lm := range sum {
		for v := range sum[lm] {
			t.store(sum[lm][v], at(a, lm*t.row()+v*t.width()))
		}
	}
	t.bump(column, t.row())
	t.CMPQ(column, stride)
	t.JLT(operand.LabelRef(again))
}

// cubic is ((c3 x + c2) x + c1) x + c0 and its slope.
func (t *target) cubic(x vec, c gp, offset int) (value, slope vec) {
	row := func(k int) mem { return at(c, offset+k*t.row()) }
	slope = t.load(row(0))
	a := t.copy(slope)
	t.horner(a, x, row(1)) // c3 x + c2
	value = t.copy(a)
	t.horner(value, x, row(2)) // a x + c1
	t.horner(slope, x, a)      // c3 x + a
	t.horner(slope, x, value)  // (c3 x + a) x + a x + c1
	t.horner(value, x, row(3))
	return value, slope
}

// spline is w0 + c1 (w1-w0) + c2 (w2-w1) + c3 (w3-w2) and, where there are six weights, the same with e for the slope.
func (t *target) spline(weights []vec, w, rowBytes gp, offset int) (value, slope vec) {
	triple := t.GP64()
	t.LEAQ(indexed(rowBytes, rowBytes, 2, 0), triple)
	rows := []mem{at(w, offset), indexed(w, rowBytes, 1, offset), indexed(w, rowBytes, 2, offset), indexed(w, triple, 1, offset)}
	value = t.load(rows[0])
	w1, w2 := t.load(rows[1]), t.load(rows[2])
	d := []vec{t.sub(w1, value), t.sub(w2, w1), t.sub(t.load(rows[3]), w2)}
	for k := range d {
		t.fma(value, d[k], weights[k])
	}
	if len(weights) == 6 {
		slope = t.mul(d[0], weights[3])
		t.fma(slope, d[1], weights[4])
		t.fma(slope, d[2], weights[5])
	}
	return value, slope
}
