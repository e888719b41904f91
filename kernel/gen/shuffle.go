package main

import "github.com/mmcloughlin/avo/operand"

// unpack interleaves a and b: the lower halves of all 128-bit pieces, or the upper ones, in units of n numbers.
func (t *target) unpack(upper bool, n int, a, b vec) vec {
	v := t.vec()
	name := map[bool]string{false: "VUNPCKL", true: "VUNPCKH"}[upper]
	if t.single() && n == 1 {
		t.emit(name+"PS", b, a, v)
	} else {
		t.emit(name+"PD", b, a, v)
	}
	return v
}

// quads transposes within the 128-bit pieces of as many vectors as such a piece has numbers: piece p of result c holds
// number c of piece p of every v.
func (t *target) quads(v []vec) []vec {
	if !t.single() {
		return []vec{t.unpack(false, 1, v[0], v[1]), t.unpack(true, 1, v[0], v[1])}
	}
	l0, h0 := t.unpack(false, 1, v[0], v[1]), t.unpack(true, 1, v[0], v[1])
	l1, h1 := t.unpack(false, 1, v[2], v[3]), t.unpack(true, 1, v[2], v[3])
	return []vec{t.unpack(false, 2, l0, l1), t.unpack(true, 2, l0, l1), t.unpack(false, 2, h0, h1), t.unpack(true, 2, h0, h1)}
}

// pieces takes 128-bit pieces of a (first half of the result) and b: two each of four, or one each of two.
func (t *target) pieces(a, b vec, selector int) vec {
	v := t.vec()
	if t.wide() {
		t.emit("VSHUFF64X2", operand.Imm(uint64(selector)), b, a, v)
	} else {
		t.emit("VPERM2F128", operand.Imm(uint64(selector)), b, a, v)
	}
	return v
}

// across transposes the 128-bit pieces of as many vectors as each has pieces: piece p of result c is piece c of v[p].
func (t *target) across(v []vec) []vec {
	if !t.wide() {
		return []vec{t.pieces(v[0], v[1], 0x20), t.pieces(v[0], v[1], 0x31)}
	}
	a, b := t.pieces(v[0], v[1], 0x88), t.pieces(v[0], v[1], 0xdd) // 0 2 0' 2', 1 3 1' 3'
	c, d := t.pieces(v[2], v[3], 0x88), t.pieces(v[2], v[3], 0xdd)
	return []vec{t.pieces(a, c, 0x88), t.pieces(b, d, 0x88), t.pieces(a, c, 0xdd), t.pieces(b, d, 0xdd)}
}

// sumQuads adds up within 128-bit pieces: number c of piece p of the result is the sum over piece p of v[c].
func (t *target) sumQuads(v []vec) vec {
	pair := func(n int, a, b vec) vec { return t.add(t.unpack(false, n, a, b), t.unpack(true, n, a, b)) }
	if !t.single() {
		return pair(1, v[0], v[1])
	}
	return pair(2, pair(1, v[0], v[1]), pair(1, v[2], v[3]))
}

// sumAcross adds up 128-bit pieces: piece p of the result is the sum over the pieces of v[p].
func (t *target) sumAcross(v []vec) vec {
	pair := func(a, b vec, even, odd int) vec { return t.add(t.pieces(a, b, even), t.pieces(a, b, odd)) }
	if !t.wide() {
		return pair(v[0], v[1], 0x20, 0x31)
	}
	return pair(pair(v[0], v[1], 0x88, 0xdd), pair(v[2], v[3], 0x88, 0xdd), 0x88, 0xdd)
}

// sums is the vector of the sums over as many vectors as there are lanes.
func (t *target) sums(v []vec) vec {
	q := t.quad()
	var s []vec
	for k := 0; k < len(v); k += q {
		s = append(s, t.sumQuads(v[k:k+q]))
	}
	return t.sumAcross(s)
}

// halves widens a vector of float32 to two of float64; a vector of float64 is its only one.
func (t *target) halves(v vec) []vec {
	if !t.single() {
		return []vec{v}
	}
	a, b := t.vec(), t.vec()
	if t.wide() {
		upper := t.YMM()
		t.VEXTRACTF64X4(operand.Imm(1), v, upper)
		t.VCVTPS2PD(v.AsY(), a)
		t.VCVTPS2PD(upper, b)
	} else {
		upper := t.XMM()
		t.VEXTRACTF128(operand.Imm(1), v, upper)
		t.VCVTPS2PD(v.AsX(), a)
		t.VCVTPS2PD(upper, b)
	}
	return []vec{a, b}
}

// total adds up a vector of float64 into the lowest number of an XMM register.
func (t *target) total(v vec) vec {
	x := t.XMM()
	y := v
	if t.wide() {
		y = t.YMM()
		t.VEXTRACTF64X4(operand.Imm(1), v, y)
		t.VADDPD(v.AsY(), y, y)
	}
	t.VEXTRACTF128(operand.Imm(1), y.AsY(), x)
	t.VADDPD(y.AsX(), x, x)
	h := t.XMM()
	t.VPERMILPD(operand.Imm(1), x, h)
	t.VADDSD(h, x, x)
	return x
}
