package main

import (
	"math"

	"mlff/kernel"
)

// A product is ±B_a B_b.
type product struct {
	negative bool
	a, b     int
}

// A share is coef · (sum of products), one part of a component of a coupled tensor.
type share struct {
	coef     float64
	products []product
}

// shares sorts the terms of a component by the size of their coefficients, so that each is multiplied once.
func shares(terms []kernel.Term) (s []share) {
	for _, term := range terms {
		k := 0
		for k < len(s) && math.Abs(math.Abs(s[k].coef)-math.Abs(term.Coef)) > 1e-9 {
			k++
		}
		if k == len(s) {
			s = append(s, share{coef: term.Coef})
		}
		s[k].products = append(s[k].products, product{(term.Coef < 0) != (s[k].coef < 0), term.A, term.B})
	}
	return s
}

func couplings(lt int) []kernel.Coupling { return kernel.Shape{LMax: 3, LT: lt}.Couplings() }

// tensorRows is the number of components u of all couplings.
func tensorRows(lt int) (n int) {
	for _, c := range couplings(lt) {
		n += 2*c.L + 1
	}
	return n
}

const docInvariants = `Invariants:

	f[0] = b[0]
	f[l] = sum_m b[l m]² / sqrt(2l+1)
	t[L M] = sum_c couple[c] u[c M], u[c M] = sum G b[l1 m1] b[l2 m2]
	f[3+L] = sum_M t[L M] b[L M]
	f[3+lt+L] = sum_M t[L M]²

for every channel; G is the table of Coupling.Terms.
`

// strided addresses rows whose distance is only known at run time.
type strided struct {
	base gp
	odd  map[int]gp // multiples of the distance in bytes
}

func (t *target) strided(rows int, distance gp) map[int]gp {
	odd := map[int]gp{1: distance}
	for n := 3; n < rows; n += 2 {
		odd[n] = t.move(odd[n-2])
		t.ADDQ(distance, odd[n])
		t.ADDQ(distance, odd[n])
	}
	return odd
}

func (s strided) row(n int) mem {
	if n == 0 {
		return at(s.base, 0)
	}
	scale := 1
	for n%2 == 0 {
		n, scale = n/2, scale*2
	}
	return indexed(s.base, s.odd[n], scale, 0)
}

// columns runs body for every vector of K channels, advancing pointers into [K/16][rows][16] by their rows, and pointers
// into [row][K].
func (t *target) columns(K gp, blocked map[gp]int, plain []gp, body func()) {
	groups := t.shifted(K, 4)
	t.loop("group", groups, 1, func() {
		column := func() {
			body()
			for _, p := range plain {
				t.bump(p, t.width())
			}
		}
		if t.perRow() == 1 {
			column()
		} else {
			left := t.set(t.perRow())
			t.loop("column", left, 1, func() {
				column()
				for _, p := range sortedKeys(blocked) {
					t.bump(p, t.width())
				}
			})
		}
		for _, p := range sortedKeys(blocked) {
			rows := blocked[p]
			if t.perRow() == 1 {
				t.bump(p, rows*t.row())
			} else {
				t.bump(p, (rows-1)*t.row())
			}
		}
	})
}

func sortedKeys(m map[gp]int) (keys []gp) {
	for p := range m {
		k := 0
		for k < len(keys) && keys[k].Asm() < p.Asm() {
			k++
		}
		keys = append(keys[:k], append([]gp{p}, keys[k:]...)...)
	}
	return keys
}

func (t *target) invariants(lt int) {
	pf, pt, pb, pv := t.arg("f"), t.arg("t"), t.arg("b"), t.arg("couple")
	blocked := map[gp]int{pt: 16, pb: 16}
	var pu gp
	if !t.single() {
		pu = t.arg("u")
		blocked[pu] = tensorRows(lt)
	}
	K := t.arg("K")
	odd := t.strided(4+2*lt, t.scale(K))
	f, v := strided{pf, odd}, strided{pv, odd}
	t.columns(K, blocked, []gp{pf, pv}, func() {
		t.store(t.load(at(pb, 0)), f.row(0))
		b := t.rows(pb)
		for l := 1; l <= 3; l++ {
			var p vec
			for lm := l * l; lm < (l+1)*(l+1); lm++ {
				x := t.register(b[lm])
				if p == nil {
					p = t.mul(x, x)
				} else {
					t.fma(p, x, x)
				}
			}
			t.store(t.mul(t.k(1/math.Sqrt(float64(2*l+1))), p), f.row(l))
		}
		row := 0
		for L := 1; L <= lt; L++ {
			tensor := make([]vec, 2*L+1)
			for c, coupling := range couplings(lt) {
				if coupling.L != L {
					continue
				}
				weight := t.load(v.row(c))
				for m, terms := range coupling.Terms() {
					u := t.component(b, terms)
					if !t.single() {
						t.store(u, at(pu, row*t.row()))
					}
					row++
					if tensor[m] == nil {
						tensor[m] = t.mul(weight, u)
					} else {
						t.fma(tensor[m], weight, u)
					}
				}
			}
			var q, s vec
			for m, x := range tensor {
				t.store(x, at(pt, (L*L+m-1)*t.row()))
				if m == 0 {
					q, s = t.mul(b[L*L], x), t.mul(x, x)
					continue
				}
				t.fma(q, b[L*L+m], x)
				t.fma(s, x, x)
			}
			t.store(q, f.row(3+L))
			t.store(s, f.row(3+lt+L))
		}
	})
}

// rows are 16 rows of one column: in registers where there are enough.
func (t *target) rows(p gp) []op {
	b := make([]op, 16)
	for lm := range b {
		b[lm] = at(p, lm*t.row())
		if t.wide() && lm > 0 {
			b[lm] = t.load(b[lm])
		}
	}
	return b
}

func (t *target) register(x op) vec {
	if v, ok := x.(vec); ok {
		return v
	}
	return t.load(x)
}

// component is sum G B_a B_b.
func (t *target) component(b []op, terms []kernel.Term) (u vec) {
	for _, s := range shares(terms) {
		var sum vec
		for _, p := range s.products {
			a := t.register(b[p.a])
			switch {
			case sum == nil:
				sum = t.mul(b[p.b], a)
			case p.negative:
				t.fnma(sum, b[p.b], a)
			default:
				t.fma(sum, b[p.b], a)
			}
		}
		if u == nil {
			u = t.mul(t.k(s.coef), sum)
		} else {
			t.fma(u, t.k(s.coef), sum)
		}
	}
	return u
}

const docInvariantsReverse = `Their reverse:

	gb[0] = gf[0]
	gb[l m] = 2/sqrt(2l+1) gf[l] b[l m]
	gt[L M] = gf[3+L] b[L M] + 2 gf[3+lt+L] t[L M]
	gb[L M] += gf[3+L] t[L M]
	gb[l1 m1] += G couple[c] gt[L M] b[l2 m2], gb[l2 m2] += G couple[c] gt[L M] b[l1 m1]
`

func (t *target) invariantsReverse(lt int) {
	pgb, pgt, pgf, pt, pb, pv := t.arg("gb"), t.arg("gt"), t.arg("gf"), t.arg("t"), t.arg("b"), t.arg("couple")
	K := t.arg("K")
	odd := t.strided(4+2*lt, t.scale(K))
	gf, v := strided{pgf, odd}, strided{pv, odd}
	row := func(p gp, lm int) mem { return at(p, lm*t.row()) }
	t.columns(K, map[gp]int{pgb: 16, pgt: 16, pt: 16, pb: 16}, []gp{pgf, pv}, func() {
		r := &reverse{target: t, b: pb, gb: pgb, gt: pgt}
		t.store(t.load(gf.row(0)), row(pgb, 0))
		for l := 1; l <= 3; l++ {
			gp := t.mul(t.k(2/math.Sqrt(float64(2*l+1))), t.load(gf.row(l)))
			var gq, gs vec
			if l <= lt {
				gq, gs = t.load(gf.row(3+l)), t.load(gf.row(3+lt+l))
				t.addTo(gs, gs)
			}
			for lm := l * l; lm < (l+1)*(l+1); lm++ {
				b := t.load(row(pb, lm))
				g := t.mul(b, gp)
				if l <= lt {
					x := t.load(row(pt, lm-1))
					t.fma(g, gq, x)
					t.mulBy(x, gs)
					t.fma(x, gq, b)
					t.store(x, row(pgt, lm-1))
				}
				r.put(lm, g)
			}
		}
		for c, coupling := range couplings(lt) {
			r.coupling(coupling, v.row(c))
		}
		for lm, g := range r.sum {
			if g != nil {
				t.store(g, row(pgb, lm))
			}
		}
	})
}

// reverse is the sums gb of one column: in registers where there are enough, else in memory.
type reverse struct {
	*target
	b, gb, gt gp
	sum       [16]vec
}

func (r *reverse) put(lm int, g vec) {
	if r.wide() {
		r.sum[lm] = g
		return
	}
	r.store(g, at(r.gb, lm*r.row()))
}

func (r *reverse) get(lm int) vec {
	if r.wide() {
		return r.sum[lm]
	}
	return r.load(at(r.gb, lm*r.row()))
}

// A use is one term of gb[lm]: ±weight b[other].
type use struct {
	weight   vec
	negative bool
	other    int
}

// coupling adds one coupling's part, as many components at a time as fit registers.
func (r *reverse) coupling(c kernel.Coupling, v mem) {
	limit, together := 8, 3
	if r.wide() {
		limit, together = 12, 15
	}
	components := c.Terms()
	for m := 0; m < len(components); {
		weight := r.load(v)
		weights := 0
		var uses [16][]use // by row of gb
		for ; m < len(components); m++ {
			s := shares(components[m])
			if weights > 0 && weights+len(s) > limit {
				break
			}
			weights += len(s)
			gu := r.mul(at(r.gt, (c.L*c.L+m-1)*r.row()), weight)
			for _, s := range s {
				w := r.mul(r.k(s.coef), gu)
				for _, p := range s.products {
					uses[p.a] = append(uses[p.a], use{w, p.negative, p.b})
					uses[p.b] = append(uses[p.b], use{w, p.negative, p.a})
				}
			}
		}
		var rows []int
		for lm := range uses {
			if uses[lm] != nil {
				rows = append(rows, lm)
			}
		}
		for len(rows) > 0 {
			n := min(together, len(rows))
			r.addUses(rows[:n], &uses)
			rows = rows[n:]
		}
	}
}

// addUses adds to several rows in turn, so that their sums do not wait for each other.
func (r *reverse) addUses(rows []int, uses *[16][]use) {
	var sum []vec
	for _, lm := range rows {
		sum = append(sum, r.get(lm))
	}
	for step, busy := 0, true; busy; step++ {
		busy = false
		for k, lm := range rows {
			if step >= len(uses[lm]) {
				continue
			}
			busy = true
			u := uses[lm][step]
			if b := at(r.b, u.other*r.row()); u.negative {
				r.fnma(sum[k], b, u.weight)
			} else {
				r.fma(sum[k], b, u.weight)
			}
		}
	}
	for k, lm := range rows {
		r.put(lm, sum[k])
	}
}
