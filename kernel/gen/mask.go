package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A mask says which lanes of a vector count: a mask register (AVX-512), or bits in an integer register and, where
// numbers are to be zeroed, a vector of ones and zeros (AVX2).
type mask struct {
	t      *target
	k      reg.OpmaskVirtual // AVX-512
	bits   gp                // AVX2
	vector vec               // AVX2
}

func (t *target) newMask() *mask {
	m := &mask{t: t}
	if t.wide() {
		m.k = t.K()
	} else {
		m.bits = t.GP64()
	}
	return m
}

// all lets every lane count.
func (m *mask) all() {
	switch t := m.t; {
	case !t.wide():
		t.MOVQ(operand.U32(1<<t.lanes()-1), m.bits)
	case t.single():
		t.KXNORW(m.k, m.k, m.k)
	default:
		t.KXNORB(m.k, m.k, m.k)
	}
}

// first lets the first n <= lanes count.
func (m *mask) first(n gp) {
	t := m.t
	b := t.set(1<<t.lanes() - 1)
	t.BZHIQ(n, b, b)
	if t.wide() {
		t.KMOVW(b.As32(), m.k)
	} else {
		t.MOVQ(b, m.bits)
	}
}

// firstOrAll lets the first n lanes count, or all; for keep.
func (m *mask) firstOrAll(n gp) {
	t := m.t
	lanes := t.set(t.lanes())
	t.CMPQ(n, lanes)
	t.CMOVQLT(n, lanes)
	if t.wide() {
		m.first(lanes)
		return
	}
	m.vector = t.load(m.window(lanes, t.elem))
}

// window is where to load a vector whose first n numbers of a size are all ones, the others 0.
func (m *mask) window(n gp, size int) mem {
	t := m.t
	ints := make([]int32, 2*t.lanes()*size/4)
	for k := range len(ints) / 2 {
		ints[k] = -1
	}
	table, back := t.GP64(), t.GP64()
	t.LEAQ(t.ints(ints...), table)
	t.XORQ(back, back)
	t.SUBQ(n, back)
	return indexed(table, back, size, size*t.lanes())
}

// copyInts copies the lanes that count (as set by first(n)) of an int32 vector in memory and writes 0 for the others.
func (m *mask) copyInts(n, from gp, to mem) {
	t := m.t
	v := t.intVec()
	switch {
	case !t.wide():
		w := t.intVec()
		t.loadInts(m.window(n, 4), w)
		t.VPMASKMOVD(at(from, 0), w, v)
	default:
		t.VMOVDQU32_Z(at(from, 0), m.k, v)
	}
	t.storeInts(v, to)
}

// keep is v with 0 in the lanes that do not count.
func (m *mask) keep(v vec) vec {
	w := m.t.vec()
	if m.t.wide() {
		m.t.emit("VMOVAP#_Z", v, m.k, w)
	} else {
		m.t.emit("VANDP#", m.vector, v, w)
	}
	return w
}

// below drops the lanes where v >= limit; what is no number stays.
func (m *mask) below(v, limit vec) {
	t := m.t
	const notGreaterOrEqual = 0x19
	if t.wide() {
		t.emit("VCMPP#", operand.Imm(notGreaterOrEqual), limit, v, m.k, m.k)
		return
	}
	c, bits := t.vec(), t.GP64()
	t.emit("VCMPP#", operand.Imm(notGreaterOrEqual), limit, v, c)
	t.emit("VMOVMSKP#", c, bits.As32())
	t.ANDQ(bits, m.bits)
}

// anyBelow sets bits of flag where v < limit among the lanes that count.
func (m *mask) anyBelow(v, limit vec, flag gp) {
	t := m.t
	const less = 0x11
	bits := t.GP64()
	if t.wide() {
		k := t.K()
		t.emit("VCMPP#", operand.Imm(less), limit, v, m.k, k)
		t.KMOVW(k, bits.As32())
	} else {
		c := t.vec()
		t.emit("VCMPP#", operand.Imm(less), limit, v, c)
		t.emit("VMOVMSKP#", c, bits.As32())
		t.ANDQ(m.bits, bits)
	}
	t.ORQ(bits, flag)
}

// count adds the number of lanes that count to n.
func (m *mask) count(n gp) {
	t := m.t
	c := t.GP64()
	if t.wide() {
		t.KMOVW(m.k, c.As32())
		t.POPCNTQ(c, c)
	} else {
		t.POPCNTQ(m.bits, c)
	}
	t.ADDQ(c, n)
}

// packer moves the lanes that count to the front.
type packer struct {
	*mask
	order, orderInts vec // AVX2: int32 to take
}

func (m *mask) packer() *packer {
	p := &packer{mask: m}
	t := m.t
	if t.wide() {
		return p
	}
	p.order = t.vec()
	table := t.GP64()
	t.LEAQ(t.bytes(packing(t.lanes(), 8/t.lanes())...), table)
	t.VPMOVZXBD(indexed(table, m.bits, 8, 0), p.order)
	p.orderInts = p.order
	if !t.single() {
		p.orderInts = t.XMM()
		t.LEAQ(t.bytes(packing(t.lanes(), 1)...), table)
		t.VPMOVZXBD(indexed(table, m.bits, 4, 0), p.orderInts)
	}
	return p
}

// packing lists, for every set of lanes, the int32 to take so that the lanes of the set come first.
func packing(lanes, perLane int) (order []uint8) {
	for set := range 1 << lanes {
		n := 0
		for lane := range lanes {
			if set>>lane&1 == 1 {
				for k := range perLane {
					order = append(order, uint8(lane*perLane+k))
				}
				n++
			}
		}
		order = append(order, make([]uint8, (lanes-n)*perLane)...)
	}
	return order
}

func (p *packer) numbers(v vec, to mem) {
	t := p.t
	w := t.vec()
	if t.wide() {
		t.emit("VCOMPRESSP#_Z", v, p.k, w)
	} else {
		t.VPERMPS(v, p.order, w)
	}
	t.store(w, to)
}

func (p *packer) ints(v vec, to mem) {
	t := p.t
	w := t.intVec()
	switch {
	case t.wide():
		t.VPCOMPRESSD_Z(v, p.k, w)
	case t.single():
		t.VPERMD(v, p.orderInts, w)
	default:
		t.VPERMILPS(p.orderInts, v, w)
	}
	t.storeInts(w, to)
}
