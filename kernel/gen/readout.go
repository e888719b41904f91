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

func (t *target) readout() {
	energy := t.zero()
	t.hiddenLayer()
	t.activation(energy)
	t.readoutReverse(energy)
	parts := t.halves(energy)
	if len(parts) == 2 {
		t.VADDPD(parts[1], parts[0], parts[0])
	}
	t.VMOVSD(t.total(parts[0]), t.param("energy"))
}

// hiddenLayer writes act = d + W f, several rows of W at a time.
func (t *target) hiddenLayer() {
	rows := max(t.lanes(), 8)
	w, d, act := t.arg("readW"), t.arg("readD"), t.arg("act")
	blocks, outer := t.shifted(t.arg("features"), 4), t.shifted(t.arg("H"), 4)
	t.loop("hidden", outer, 1, func() {
		p := t.GP64()
		for first := 0; first < 16; first += rows {
			f, n := t.arg("f"), t.move(blocks)
			t.LEAQ(at(w, first*t.row()), p)
			sum := t.tile(rows, 1)
			t.loop("features", n, 1, func() {
				for v := range t.perRow() {
					x := t.load(at(f, v*t.width()))
					for k := range rows {
						t.fma(sum[k][0], at(p, k*t.row()+v*t.width()), x)
					}
				}
				t.bump(f, t.row())
				t.bump(p, 16*t.row())
			})
			for k := 0; k < rows; k += t.lanes() {
				var s []vec
				for _, x := range sum[k : k+t.lanes()] {
					s = append(s, x[0])
				}
				t.store(t.add(at(d, (first+k)*t.elem), t.sums(s)), at(act, (first+k)*t.elem))
			}
		}
		t.LEAQ(at(p, -(16-rows)*t.row()), w)
		t.bump(d, t.row())
		t.bump(act, t.row())
	})
}

// activation turns act into silu(act), writes gh and adds b (act - rest) to energy.
func (t *target) activation(energy vec) {
	act, gh, b, rest := t.arg("act"), t.arg("gh"), t.arg("readB"), t.arg("rest")
	n := t.arg("H")
	var weight vec
	if !t.single() {
		weight = t.all(bcast{t.param("weight")})
	}
	t.loop("activation", n, t.lanes(), func() {
		x := t.load(at(act, 0))
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
		for _, p := range []gp{act, gh, b, rest} {
			t.bump(p, t.width())
		}
	})
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

// readoutReverse writes gf = a + gh W, vectors of f in groups, and adds a·f to energy.
func (t *target) readoutReverse(energy vec) {
	f, gf, a, w := t.arg("f"), t.arg("gf"), t.arg("readA"), t.arg("readW")
	features := t.arg("features")
	stride := t.scale(features) // bytes of 16 rows of W
	t.SHLQ(imm(4), stride)
	left := t.shifted(features, 4)
	most := 8 / t.perRow() // blocks of 16 in a group; what remains is a multiple of two
	if most == 2 {
		t.loop("features", left, 2, func() { t.readoutReverseGroup(energy, f, gf, a, w, stride, 2) })
		return
	}
	wide, narrow, end := t.label("wide"), t.label("narrow"), t.label("end")
	t.Label(wide)
	t.CMPQ(left, operand.U32(most))
	t.JLT(operand.LabelRef(narrow))
	t.readoutReverseGroup(energy, f, gf, a, w, stride, most)
	t.SUBQ(operand.U32(most), left)
	t.JMP(operand.LabelRef(wide))
	t.Label(narrow)
	t.CMPQ(left, operand.U32(2))
	t.JLT(operand.LabelRef(end))
	t.readoutReverseGroup(energy, f, gf, a, w, stride, 2)
	t.SUBQ(operand.U32(2), left)
	t.JMP(operand.LabelRef(narrow))
	t.Label(end)
}

func (t *target) readoutReverseGroup(energy vec, f, gf, a, w, stride gp, blocks int) {
	vectors := blocks * t.perRow()
	chains := max(1, 4/vectors) // sums in turn, so that they do not wait for each other
	sum := make([][]vec, chains)
	for k := range vectors {
		c := t.load(at(a, k*t.width()))
		t.fma(energy, at(f, k*t.width()), c)
		if !t.single() {
			t.mulBy(c, t.all(bcast{t.param("weight")}))
		}
		sum[0] = append(sum[0], c)
		for chain := 1; chain < chains; chain++ {
			sum[chain] = append(sum[chain], t.zero())
		}
	}
	const unroll = 4
	gh, p := t.arg("gh"), t.move(w)
	outer := t.shifted(t.arg("H"), 4)
	t.loop("outer", outer, 1, func() {
		q, inner := t.move(p), t.set(16)
		t.loop("inner", inner, unroll, func() {
			for u := range unroll {
				x := t.all(bcast{at(gh, u*t.elem)})
				for k := range vectors {
					t.fma(sum[u%chains][k], at(q, u*t.row()+k/t.perRow()*16*t.row()+k%t.perRow()*t.width()), x)
				}
			}
			t.bump(gh, unroll*t.elem)
			t.bump(q, unroll*t.row())
		})
		t.ADDQ(stride, p)
	})
	for k := range vectors {
		for chain := 1; chain < chains; chain++ {
			t.addTo(sum[0][k], sum[chain][k])
		}
		t.store(sum[0][k], at(gf, k*t.width()))
	}
	for _, x := range []gp{f, gf, a} {
		t.bump(x, blocks*t.row())
	}
	t.bump(w, blocks*16*t.row())
}
