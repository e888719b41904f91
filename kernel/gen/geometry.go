package main

import (
	"slices"

	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/x86"
)

// The block of L neighbours in memory: rows of L numbers.
const (
	rowRinv     = 0  // 1/r, in the place of Y_00 = 1
	rowY        = 1  // 15 harmonics
	rowT        = 16 // float32: position in the spline interval, 0..1
	rowWeight   = 16 // float64: c1 c2 c3 of the value, then c1 c2 c3 of the slope
	rowsSingle  = 17
	rowsDouble  = 26
	splineSlope = rowWeight + 3
	splineBase  = rowWeight + 6 // then the B-splines S_0 S_1 S_2 S_3, 0 behind the last neighbour
)

// blockBytes is the size of a block.
func (t *target) blockBytes() int {
	if t.single() {
		return rowsSingle * t.width()
	}
	return rowsDouble * t.width()
}

const docCompact = `Neighbours closer than the cutoff:

	for e := range listed {
		d := F(x[j[e]] - xi)
		r2 := d·d
		if r2 < limits[0] {
			dx[n], dy[n], dz[n], to[n], edge[n] = d.x, d.y, d.z, j[e], e
			n++
			near += r2 < limits[1]
		}
	}

The last neighbour is repeated up to a full vector behind the end; near only tells whether there are any.
`

// compact writes separations of the neighbours inside the cutoff, one after the other.
func (t *target) compact() {
	x, xi, j, n := t.arg("x"), t.arg("xi"), t.arg("j"), t.arg("listed")
	limits := t.arg("limits")
	cutoff, core := t.all(bcast{at(limits, 0)}), t.all(bcast{at(limits, t.elem)})
	out := [3]gp{t.arg("dx"), t.arg("dy"), t.arg("dz")}
	to, edge := t.arg("to"), t.arg("edge")
	var origin [3]vec
	for c := range origin {
		origin[c] = t.vec()
		t.VBROADCASTSD(at(xi, 8*c), origin[c])
	}
	count := t.intVec()
	t.loadInts(t.ints(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), count)
	step := t.ints(slices.Repeat([]int32{int32(t.lanes())}, t.lanes())...)
	steps := op(step)
	if t.wide() {
		v := t.intVec()
		t.loadInts(step, v)
		steps = v
	}
	slots, near := t.GP64(), t.GP64()
	t.XORQ(slots, slots)
	t.XORQ(near, near)
	m := t.newMask()
	loop, full := t.label("edges"), t.label("full")
	t.align()
	t.Label(loop)
	m.all()
	t.CMPQ(n, operand.U32(t.lanes()))
	t.JGE(operand.LabelRef(full))
	m.first(n)
	m.copyInts(n, j, indexed(edge, slots, 4, 0)) // not yet needed there
	t.LEAQ(indexed(edge, slots, 4, 0), j)
	t.Label(full)
	d := t.separations(x, j, origin)
	r2 := t.mul(d[0], d[0])
	t.fma(r2, d[1], d[1])
	t.fma(r2, d[2], d[2])
	m.below(r2, cutoff)
	m.anyBelow(r2, core, near)
	pack := m.packer()
	for c := range out {
		pack.numbers(d[c], indexed(out[c], slots, t.elem, 0))
	}
	targets := t.intVec()
	t.loadInts(at(j, 0), targets) // perhaps from where edges are written next
	pack.ints(targets, indexed(to, slots, 4, 0))
	pack.ints(count, indexed(edge, slots, 4, 0))
	t.VPADDD(steps, count, count)
	m.count(slots)
	t.bump(j, 4*t.lanes())
	t.SUBQ(operand.U32(t.lanes()), n)
	t.JG(operand.LabelRef(loop))
	none := t.label("none")
	t.TESTQ(slots, slots)
	t.JZ(operand.LabelRef(none))
	for _, p := range out {
		t.store(t.all(bcast{indexed(p, slots, t.elem, -t.elem)}), indexed(p, slots, t.elem, 0))
	}
	for _, p := range []gp{to, edge} {
		v := t.YMM()
		t.VPBROADCASTD(indexed(p, slots, 4, -4), v)
		t.VMOVDQU(v, indexed(p, slots, 4, 0))
		t.VMOVDQU(v, indexed(p, slots, 4, 32))
	}
	t.Label(none)
	t.MOVQ(slots, t.param("n"))
	t.MOVQ(near, t.param("near"))
}

// separations are x[j] - origin of L targets, formed in float64.
func (t *target) separations(x, j gp, origin [3]vec) (d [3]vec) {
	if !t.single() {
		return t.separationsDouble(x, j, 0, origin)
	}
	a := t.separationsDouble(x, j, 0, origin)
	b := t.separationsDouble(x, j, t.lanes()/2, origin)
	for c := range d {
		d[c] = t.vec()
		if t.wide() {
			high := t.YMM()
			t.whole(d[c])(x86.VCVTPD2PS(a[c], d[c].AsY()))
			t.VCVTPD2PS(b[c], high)
			t.VINSERTF64X4(operand.Imm(1), high, d[c], d[c])
		} else {
			high := t.XMM()
			t.whole(d[c])(x86.VCVTPD2PSY(a[c], d[c].AsX()))
			t.VCVTPD2PSY(b[c], high)
			t.VINSERTF128(operand.Imm(1), high, d[c], d[c])
		}
	}
	return d
}

// separationsDouble are x[j] - origin of the targets j[first:], as many as a vector holds float64.
func (t *target) separationsDouble(x, j gp, first int, origin [3]vec) (d [3]vec) {
	pieces := t.width() / 16
	even, odd, z := t.vec(), t.vec(), t.vec()
	for p := range pieces {
		a, b := t.GP64(), t.GP64()
		for k, g := range []gp{a, b} {
			t.MOVLQSX(at(j, 4*(first+2*p+k)), g)
			t.LEAQ(indexed(g, g, 2, 0), g) // 24 bytes a target
		}
		if p == 0 {
			t.whole(z)(x86.VMOVSD(indexed(x, a, 8, 16), z.AsX()))
			t.whole(z)(x86.VMOVHPD(indexed(x, b, 8, 16), z.AsX(), z.AsX()))
			t.whole(even)(x86.VMOVUPD(indexed(x, a, 8, 0), even.AsX()))
			t.whole(odd)(x86.VMOVUPD(indexed(x, b, 8, 0), odd.AsX()))
			continue
		}
		zz := t.XMM()
		t.VMOVSD(indexed(x, a, 8, 16), zz)
		t.VMOVHPD(indexed(x, b, 8, 16), zz, zz)
		t.insertPiece(p, indexed(x, a, 8, 0), even)
		t.insertPiece(p, indexed(x, b, 8, 0), odd)
		t.insertPiece(p, zz, z)
	}
	d[0], d[1], d[2] = t.vec(), t.vec(), z
	t.VUNPCKLPD(odd, even, d[0])
	t.VUNPCKHPD(odd, even, d[1])
	for c := range d {
		t.VSUBPD(origin[c], d[c], d[c])
	}
	return d
}

// whole adds an instruction that writes the lower part of v and so zeroes the rest.
func (t *target) whole(v vec) func(*ir.Instruction, error) {
	return func(i *ir.Instruction, err error) {
		if err != nil {
			panic(err)
		}
		i.Outputs = []op{v}
		t.Instruction(i)
	}
}

// insertPiece puts 128 bits into piece p of v.
func (t *target) insertPiece(p int, from op, v vec) {
	if t.wide() {
		t.VINSERTF64X2(operand.Imm(uint64(p)), from, v, v)
	} else {
		t.VINSERTF128(operand.Imm(uint64(p)), from, v, v)
	}
}

// intVec holds L int32.
func (t *target) intVec() vec {
	switch 4 * t.lanes() {
	case 64:
		return t.ZMM()
	case 32:
		return t.YMM()
	}
	return t.XMM()
}

func (t *target) loadInts(m mem, v vec) {
	if v.Size() == 64 {
		t.VMOVDQU32(m, v)
	} else {
		t.VMOVDQU(m, v)
	}
}

func (t *target) storeInts(v vec, m mem) {
	if v.Size() == 64 {
		t.VMOVDQU32(v, m)
	} else {
		t.VMOVDQU(v, m)
	}
}

const docBasis = `Directions, harmonics and spline positions, in blocks of as many neighbours as a vector has lanes:

	r := sqrt(d·d)
	u := d/r
	q := r*per
	b := min(int(q), last)
	t := q - b
	block = 1/r, Y_lm(u) for l > 0, t; offset = b rowBytes
`

const docBasisDouble = `Directions, harmonics and spline weights, in blocks of as many neighbours as a vector has lanes:

	r := sqrt(d·d)
	u := d/r
	q := r*per
	b := min(int(q), last)
	t := q - b
	S_0, S_1, S_2, S_3 := the cubic B-splines at t, S' their slopes
	block = 1/r, Y_lm(u) for l > 0, (S_1+S_2+S_3, S_2+S_3, S_3), the same of S', S_0, S_1, S_2, S_3
	offset = b rowBytes

The B-splines behind the last neighbour are 0.
`

// basis writes harmonics and spline positions of all neighbours.
func (t *target) basis() {
	d := [3]gp{t.arg("dx"), t.arg("dy"), t.arg("dz")}
	block, offset, n := t.arg("block"), t.arg("offset"), t.arg("n")
	per, last, rowBytes := t.all(bcast{t.param("per")}), t.intVec(), t.intVec()
	t.VPBROADCASTD(t.param("last"), last)
	t.VPBROADCASTD(t.param("rowBytes"), rowBytes)
	put := func(row int, v vec) { t.store(v, at(block, row*t.width())) }
	t.loop("block", n, t.lanes(), func() {
		var u [3]vec
		for c := range u {
			u[c] = t.load(at(d[c], 0))
		}
		r2 := t.mul(u[0], u[0])
		t.fma(r2, u[1], u[1])
		t.fma(r2, u[2], u[2])
		r, rinv := t.vec(), t.vec()
		t.emit("VSQRTP#", r2, r)
		one := t.load(t.k(1))
		t.emit("VDIVP#", r, one, rinv)
		put(rowRinv, rinv)
		for c := range u {
			t.mulBy(u[c], rinv)
		}
		pos := t.interval(t.mul(per, r), last, rowBytes, at(offset, 0))
		if t.single() {
			put(rowT, pos)
		} else {
			t.bsplines(pos, n, put)
		}
		t.harmonics(u[0], u[1], u[2], put)
		for c := range d {
			t.bump(d[c], t.width())
		}
		t.bump(block, t.blockBytes())
		t.bump(offset, 4*t.lanes())
	})
}

// interval stores b rowBytes, b = max(0, min(int(q), last)), and returns q - b. (A distance that is no number must not
// become an address.)
func (t *target) interval(q, last, rowBytes vec, offset mem) vec {
	b, back := t.intVec(), t.vec()
	switch {
	case t.single():
		t.VCVTTPS2DQ(q, b)
	case t.wide():
		t.VCVTTPD2DQ(q, b)
	default:
		t.VCVTTPD2DQY(q, b)
	}
	t.VPMINSD(last, b, b)
	zero := t.intVec()
	t.loadInts(t.ints(make([]int32, 16)...), zero)
	t.VPMAXSD(zero, b, b)
	bytes := t.intVec()
	t.VPMULLD(rowBytes, b, bytes)
	t.storeInts(bytes, offset)
	if t.single() {
		t.VCVTDQ2PS(b, back)
	} else {
		t.VCVTDQ2PD(b, back)
	}
	return t.sub(q, back)
}

// bsplines stores the weights of four spline rows w_0..w_3 in the form
// value = w_0 + c_1 (w_1-w_0) + c_2 (w_2-w_1) + c_3 (w_3-w_2) and the same for the slope, and the B-splines themselves.
func (t *target) bsplines(pos vec, n gp, put func(int, vec)) {
	o := t.sub(t.load(t.k(1)), pos)
	t2, o2 := t.mul(pos, pos), t.mul(o, o)
	t3, o3 := t.mul(t2, pos), t.mul(o2, o)
	sixth := t.load(t.k(1. / 6))
	s0, s3 := t.mul(o3, sixth), t.mul(t3, sixth)
	s1 := t.load(t.k(2. / 3)) // S_1 = 2/3 - t² + t³/2
	t.subFrom(s1, t2)
	t.fma(s1, t.k(0.5), t3)
	s2 := t.load(t.k(2. / 3))
	t.subFrom(s2, o2)
	t.fma(s2, t.k(0.5), o3)
	c2 := t.add(s2, s3)
	put(rowWeight, t.add(s1, c2))
	put(rowWeight+1, c2)
	put(rowWeight+2, s3)
	m := t.newMask()
	m.firstOrAll(n)
	for k, s := range []vec{s0, s1, s2, s3} {
		put(splineBase+k, m.keep(s))
	}
	half := t.load(t.k(0.5))
	e3 := t.mul(half, t2)      // S_3' = t²/2
	e2 := t.mul(t.k(-1.5), o2) // S_2' = -o (3o-4)/2 = 2o - 3/2 o²
	t.fma(e2, t.k(2), o)
	t.addTo(e2, e3)
	put(splineSlope, t.mul(half, o2)) // S_1'+S_2'+S_3' = -S_0' = o²/2
	put(splineSlope+1, e2)
	put(splineSlope+2, e3)
}

// harmonics stores Y_lm(u), as function harmonics of the reference.
func (t *target) harmonics(x, y, z vec, put func(int, vec)) {
	s3, s15 := t.load(t.k(sqrt(3))), t.load(t.k(sqrt(15)))
	put(1, t.mul(s3, y))
	put(2, t.mul(s3, z))
	put(3, t.mul(s3, x))
	xy := t.mul(x, y)
	put(4, t.mul(s15, xy))
	put(5, t.mul(s15, t.mul(y, z)))
	put(7, t.mul(s15, t.mul(x, z)))
	put(10, t.mul(t.k(sqrt(105)), t.mul(xy, z)))
	x2, y2, z2 := t.mul(x, x), t.mul(y, y), t.mul(z, z)
	six := t.copy(z2)
	t.horner(six, t.load(t.k(1.5*sqrt(5))), t.k(-0.5*sqrt(5)))
	put(6, six)
	d := t.sub(x2, y2)
	put(8, t.mul(t.k(sqrt(15)/2), d))
	put(14, t.mul(t.k(sqrt(105)/2), t.mul(d, z)))
	h := t.copy(z2) // sqrt(21/8) (5z²-1)
	t.horner(h, t.load(t.k(5*sqrt(21./8))), t.k(-sqrt(21./8)))
	put(11, t.mul(h, y))
	put(13, t.mul(h, x))
	w := t.copy(z2)
	t.horner(w, t.load(t.k(2.5*sqrt(7))), t.k(-1.5*sqrt(7)))
	put(12, t.mul(w, z))
	c := t.load(t.k(sqrt(35. / 8)))
	a, b := t.copy(x2), t.mul(t.k(3), x2)
	t.fnma(a, t.k(3), y2)
	t.subFrom(b, y2)
	put(15, t.mul(c, t.mul(a, x))) // x (x²-3y²)
	put(9, t.mul(c, t.mul(b, y)))  // y (3x²-y²)
}
