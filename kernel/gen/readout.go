package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
)

const docReadout = `Readout and its derivatives, in a gradient times the weight of the atom:

	for h := range H {
		x := readD[h] + sum_k readW[h][k] f[k]
		σ := 1 / (1 + exp(-x))
		act[h] = x σ
		gh[h] = readB[h] σ (1 + x (1-σ))
		energy += readB[h] (act[h] - rest[h])
	}
	for k := range features {
		gf[k] = readA[k] + sum_h gh[h] readW[h][k]
		energy += readA[k] f[k]
	}
`

func (t *target) readout(atoms int) {
	t.hiddenLayer(atoms)
	for k := range atoms {
		t.activation(k)
	}
	t.readoutReverse(atoms)
}

// hiddenLayer writes d + W f of several atoms to gf, several rows of W at a time.
func (t *target) hiddenLayer(atoms int) {
	sums := 8
	if t.wide() && (t.single() || atoms > 1) {
		sums = 16
	}
	rows := sums / atoms
	w, h := t.argOf(0, "readW"), t.GP64()
	t.XORQ(h, h)
	outer := t.shifted(t.argOf(0, "H"), 4)
	t.loop("hidden", outer, 1, func() {
		p := t.GP64()
		for first := 0; first < 16; first += rows {
			var f []gp
			for k := range atoms {
				f = append(f, t.argOf(k, "f"))
			}
			n := t.shifted(t.argOf(0, "features"), 4)
			t.LEAQ(at(w, first*t.row()), p)
			sum := t.tile(atoms, rows)
			t.loop("features", n, 1, func() {
				for v := range t.perRow() {
					var x []vec
					for k := range atoms {
						x = append(x, t.load(at(f[k], v*t.width())))
					}
					for r := range rows {
						row := op(at(p, r*t.row()+v*t.width()))
						if atoms > 1 {
							row = t.load(row)
						}
						for k := range atoms {
							t.fma(sum[k][r], row, x[k])
						}
					}
				}
				for k := range atoms {
					t.bump(f[k], t.row())
				}
				t.bump(p, 16*t.row())
			})
			t.storeSums(sum, h, first)
		}
		t.LEAQ(at(p, -(16-rows)*t.row()), w)
		t.bump(h, 16)
	})
}

// storeSums adds up vectors sum[atom][row] and writes gf[h+first+row] = d + their sums.
func (t *target) storeSums(sum [][]vec, h gp, first int) {
	var all []vec
	for _, s := range sum {
		all = append(all, s...)
	}
	rows := len(sum[0])
	for n := 0; n < len(all); n += t.lanes() {
		s := t.sums(all[n : n+t.lanes()])
		d := t.argOf(0, "readD")
		for m := n; m < n+t.lanes(); m += min(rows, t.lanes()) {
			pre := t.argOf(m/rows, "gf")
			t.addStorePart(s, m-n, min(rows, t.lanes()), indexed(d, h, t.elem, (first+m%rows)*t.elem), indexed(pre, h, t.elem, (first+m%rows)*t.elem))
		}
	}
}

// addStorePart writes numbers [first, first+n) of v, plus those at d.
func (t *target) addStorePart(v vec, first, n int, d, to mem) {
	switch n * t.elem {
	case t.width():
		t.store(t.add(d, v), to)
	case 32: // half of 512 bits
		y := t.YMM()
		t.VEXTRACTF64X4(imm(first*t.elem/32), v, y)
		t.emit("VADDP#", d, y, y)
		t.emit("VMOVUP#", y, to)
	case 16:
		x := t.XMM()
		if t.wide() {
			t.VEXTRACTF32X4(imm(first*t.elem/16), v, x)
		} else {
			t.VEXTRACTF128(imm(first*t.elem/16), v, x)
		}
		t.emit("VADDP#", d, x, x)
		t.emit("VMOVUP#", x, to)
	default:
		panic("part of a vector")
	}
}

// activation writes act = silu(gf), gh and energy = a·f + b (act - rest). It may run twice: atoms may be listed twice.
func (t *target) activation(atom int) {
	pre, act, gh := t.argOf(atom, "gf"), t.argOf(atom, "act"), t.argOf(atom, "gh")
	b, rest := t.argOf(0, "readB"), t.argOf(0, "rest")
	n := t.argOf(0, "H")
	energy := t.zero()
	var weight vec
	if !t.single() {
		weight = t.all(bcast{t.paramOf(0, "weight")})
	}
	t.loop("activation", n, t.lanes(), func() {
		x := t.load(at(pre, 0))
		one := t.load(t.k(1))
		e, s := t.add(one, t.expMinus(x)), t.vec()
		t.emit("VDIVP#", e, one, s)
		y := t.mul(x, s)
		t.store(y, at(act, 0))
		slope := t.sub(one, s)
		t.horner(slope, x, one)
		t.mulBy(slope, s)
		c := t.load(at(b, 0))
		t.mulBy(slope, c)
		if weight != nil {
			t.mulBy(slope, weight)
		}
		t.store(slope, at(gh, 0))
		t.fma(energy, t.sub(y, at(rest, 0)), c)
		for _, p := range []gp{pre, act, gh, b, rest} {
			t.bump(p, t.width())
		}
	})
	a, f, features := t.argOf(0, "readA"), t.argOf(atom, "f"), t.argOf(0, "features")
	t.loop("linear", features, 16, func() {
		for v := range t.perRow() {
			t.fma(energy, at(a, v*t.width()), t.load(at(f, v*t.width())))
		}
		t.bump(a, t.row())
		t.bump(f, t.row())
	})
	t.VMOVSD(t.totalDouble(energy), t.paramOf(atom, "energy"))
}

// totalDouble adds up a vector in float64.
func (t *target) totalDouble(v vec) vec {
	parts := t.halves(v)
	if len(parts) == 2 {
		t.VADDPD(parts[1], parts[0], parts[0])
	}
	return t.total(parts[0])
}

// expMinus is exp(-x): 2^n times a Taylor polynomial on |f| <= ln 2 / 2, accurate to about a unit in the last place.
func (t *target) expMinus(x vec) vec {
	limit, low, degree := 87., -2.12194440e-4, 7 // the first term left out: 0.35^8/8! = 6e-9
	ln2 := 0.693359375                           // exact in 10 bits, so that n ln2 is exact
	if !t.single() {
		limit, degree = 708, 13 // 0.35^14/14! = 5e-18
		ln2 = math.Float64frombits(0x3fe62e42fee00000)
		low = 1.90821492927058770002e-10
	}
	z := t.vec()
	t.arith("VMINP#", t.k(limit), x, z)
	t.arith("VMAXP#", t.k(-limit), z, z)
	n := t.mul(t.k(-1/math.Ln2), z)
	t.round(n)
	f := t.load(t.k(0))
	t.subFrom(f, z)
	t.fnma(f, t.k(ln2), n)
	t.fnma(f, t.k(low), n)
	p := t.load(t.k(1 / factorial(degree)))
	for k := degree - 1; k >= 0; k-- {
		t.horner(p, f, t.k(1/factorial(k)))
	}
	return t.timesPower(p, n)
}

func factorial(n int) float64 { return math.Gamma(float64(n + 1)) }

func (t *target) round(n vec) {
	if t.wide() {
		t.emit("VRNDSCALEP#", operand.Imm(0), n, n)
	} else {
		t.emit("VROUNDP#", operand.Imm(0), n, n)
	}
}

// timesPower is p 2^n for integral n within the range of normal numbers.
func (t *target) timesPower(p, n vec) vec {
	v := t.vec()
	switch {
	case t.wide():
		t.emit("VSCALEFP#", n, p, v)
	case t.single():
		t.VCVTPS2DQ(n, v)
		t.VPSLLD(operand.Imm(23), v, v)
		t.VPADDD(p, v, v)
	default:
		x := t.XMM()
		t.VCVTPD2DQY(n, x)
		t.VPMOVSXDQ(x, v)
		t.VPSLLQ(operand.Imm(52), v, v)
		t.VPADDQ(p, v, v)
	}
	return v
}

// readoutReverse writes gf = a + gh W of several atoms, vectors of f in groups.
func (t *target) readoutReverse(atoms int) {
	w, k, left := t.argOf(0, "readW"), t.GP64(), t.GP64()
	t.XORQ(k, k)
	features := t.argOf(0, "features")
	t.MOVQ(features, left)
	most := 2 // blocks of 16 in a group: the same for any number of atoms, as that must not change the result
	if t.wide() && t.single() {
		most = 4
	}
	if most == 2 {
		t.loop("features", left, 32, func() { t.readoutReverseGroup(atoms, k, w, 2) })
		return
	}
	wide, narrow, end := t.label("wide"), t.label("narrow"), t.label("end")
	t.Label(wide)
	t.CMPQ(left, operand.U32(16*most))
	t.JLT(operand.LabelRef(narrow))
	t.readoutReverseGroup(atoms, k, w, most)
	t.SUBQ(operand.U32(16*most), left)
	t.JMP(operand.LabelRef(wide))
	t.Label(narrow)
	t.CMPQ(left, operand.U32(32))
	t.JLT(operand.LabelRef(end))
	t.readoutReverseGroup(atoms, k, w, 2)
	t.SUBQ(operand.U32(32), left)
	t.JMP(operand.LabelRef(narrow))
	t.Label(end)
}

// readoutReverseGroup handles features k to k + 16 blocks and moves on k and w.
func (t *target) readoutReverseGroup(atoms int, k, w gp, blocks int) {
	vectors := blocks * t.perRow()
	at0 := func(p gp, v int) mem { return indexed(p, k, t.elem, v*t.width()) }
	for first := 0; first < vectors; {
		n := min(vectors-first, 16/atoms) // vectors at a time
		if !t.wide() {
			n = min(vectors-first, 8/atoms)
		}
		t.readoutReverseTile(atoms, w, at0, first, n)
		first += n
	}
	t.bump(k, 16*blocks)
	t.bump(w, blocks*16*t.row())
}

func (t *target) readoutReverseTile(atoms int, w gp, at0 func(gp, int) mem, first, vectors int) {
	chains := max(1, 4/vectors) // sums in turn, so that they do not wait for each other
	sum := make([][][]vec, atoms)
	for i := range sum {
		sum[i] = t.tile(chains, vectors)
	}
	const unroll = 4
	var gh []gp
	for i := range atoms {
		gh = append(gh, t.argOf(i, "gh"))
	}
	stride := t.scale(t.argOf(0, "features")) // bytes of 16 rows of W
	t.SHLQ(imm(4), stride)
	p, outer := t.move(w), t.shifted(t.argOf(0, "H"), 4)
	t.loop("outer", outer, 1, func() {
		q, inner := t.move(p), t.set(16)
		t.loop("inner", inner, unroll, func() {
			for u := range unroll {
				var x []vec
				for i := range atoms {
					x = append(x, t.all(bcast{at(gh[i], u*t.elem)}))
				}
				for v := range vectors {
					c := op(at(q, u*t.row()+(first+v)/t.perRow()*16*t.row()+(first+v)%t.perRow()*t.width()))
					if atoms > 1 {
						c = t.load(c)
					}
					for i := range atoms {
						t.fma(sum[i][u%chains][v], c, x[i])
					}
				}
			}
			for i := range atoms {
				t.bump(gh[i], unroll*t.elem)
			}
			t.bump(q, unroll*t.row())
		})
		t.ADDQ(stride, p)
	})
	for i := range atoms {
		t.storeReverse(i, sum[i], at0, first)
	}
}

// storeReverse writes gf = weight a + sums of one atom.
func (t *target) storeReverse(atom int, sum [][]vec, at0 func(gp, int) mem, first int) {
	a, gf := t.argOf(0, "readA"), t.argOf(atom, "gf")
	for v := range sum[0] {
		for chain := 1; chain < len(sum); chain++ {
			t.addTo(sum[0][v], sum[chain][v])
		}
		if c := at0(a, first+v); t.single() {
			t.addTo(sum[0][v], c)
		} else {
			t.fma(sum[0][v], c, t.all(bcast{t.paramOf(0, "weight")}))
		}
		t.store(sum[0][v], at0(gf, first+v))
	}
}
