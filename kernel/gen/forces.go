package main

import "github.com/mmcloughlin/avo/operand"

const docForces = `Forces on the edges, and the sum of d ⊗ g in the order xx yy zz yz xz xy:

	for s := range n {
		h := sum_lm p[s][lm] / scale[lm] * dY_lm/du
		g := u[s]*(per*q[s] - rinv[s]*(u[s]·h)) + rinv[s]*h
		edges[edge[s]] = {g.x, g.y, g.z, 0}
		strain += d ⊗ g
	}
`

func (t *target) forces() {
	edges, strain, edge, n := t.arg("edges"), t.arg("strain"), t.arg("edge"), t.arg("n")
	d := [3]gp{t.arg("dx"), t.arg("dy"), t.arg("dz")}
	block, p, q := t.arg("block"), t.arg("p"), t.arg("q")
	t.loop("block", n, t.lanes(), func() {
		get := func(row int) op { return at(block, row*t.width()) }
		value := t.polynomial(get)
		g := t.harmonicsGradient(value, p)
		rinv := t.load(get(rowRinv))
		var u [3]vec
		for c := range u {
			u[c] = t.register(value("xyz"[c : c+1]))
			t.mulBy(g[c], rinv)
		}
		along := t.mul(u[0], g[0])
		t.fma(along, u[1], g[1])
		t.fma(along, u[2], g[2])
		var parts []vec
		for k := range t.width() / 16 {
			parts = append(parts, t.load(at(q, k*t.width())))
		}
		radial := t.sumAcross(parts)
		t.mulBy(radial, t.all(bcast{t.param("per")}))
		t.subFrom(radial, along)
		m := t.newMask()
		m.firstOrAll(n)
		for c := range g {
			t.fma(g[c], u[c], radial)
			g[c] = m.keep(g[c])
		}
		t.addStrain(strain, d, g)
		t.scatter(edges, edge, g)
		for c := range d {
			t.bump(d[c], t.width())
		}
		t.bump(block, t.blockBytes())
		t.bump(p, t.lanes()*t.row())
		t.bump(q, t.width()/16*t.width())
		t.bump(edge, 4*t.lanes())
	})
}

// direction is component c of u = d/r, from Y_1m = sqrt(3) (y, z, x).
func (t *target) direction(get func(int) op, c int) vec {
	return t.mul(t.k(1/sqrt(3)), t.load(get(rowY+(c+2)%3)))
}

// addStrain adds d ⊗ g, multiplied and summed in float64.
func (t *target) addStrain(strain gp, d [3]gp, g [3]vec) {
	var dd, gg [3][]vec
	for c := range d {
		dd[c], gg[c] = t.halves(t.load(at(d[c], 0))), t.halves(g[c])
	}
	for k, ab := range [6][2]int{{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}} {
		sum := t.vec()
		t.VMOVUPD(at(strain, 64*k), sum)
		for half := range dd[0] {
			t.VFMADD231PD(dd[ab[0]][half], gg[ab[1]][half], sum)
		}
		t.VMOVUPD(sum, at(strain, 64*k))
	}
}

// scatter writes (x, y, z, 0) of every lane to its edge, the last lane first: those behind the end repeat the last
// neighbour's edge and are overwritten by it.
func (t *target) scatter(edges, edge gp, g [3]vec) {
	pieces := [][]vec{t.quads([]vec{g[0], g[1], g[2], t.zero()}[:t.quad()])}
	if !t.single() {
		pieces = append(pieces, t.quads([]vec{g[2], t.zero()}))
	}
	for lane := t.lanes() - 1; lane >= 0; lane-- {
		e := t.GP64()
		t.MOVLQSX(at(edge, 4*lane), e)
		t.SHLQ(imm(map[int]int{4: 4, 8: 5}[t.elem]), e)
		for k, v := range pieces {
			t.storePiece(lane/t.quad(), v[lane%t.quad()], indexed(edges, e, 1, 16*k))
		}
	}
}

func (t *target) storePiece(p int, v vec, to mem) {
	switch {
	case p == 0:
		t.VMOVUPS(v.AsX(), to)
	case t.wide():
		t.VEXTRACTF32X4(operand.Imm(uint64(p)), v, to)
	default:
		t.VEXTRACTF128(operand.Imm(uint64(p)), v, to)
	}
}

// A monomial of the gradient of a harmonic: component c of the gradient holds ±polynomial.
type monomial struct {
	component  int
	polynomial string // "" is 1
	negative   bool
}

// polynomials of dY_lm/du over scale (function harmonicsGradient of the reference):
// xy2 is 2xy, yz10 is 10yz, d is x²-y², h is 5z²-1.
var polynomials = [16][]monomial{
	1:  {{component: 1}},
	2:  {{component: 2}},
	3:  {{component: 0}},
	4:  {{0, "y", false}, {1, "x", false}},
	5:  {{1, "z", false}, {2, "y", false}},
	6:  {{2, "z", false}},
	7:  {{0, "z", false}, {2, "x", false}},
	8:  {{0, "x", false}, {1, "y", true}},
	9:  {{0, "xy2", false}, {1, "d", false}},
	10: {{0, "yz2", false}, {1, "xz2", false}, {2, "xy2", false}},
	11: {{1, "h", false}, {2, "yz10", false}},
	12: {{2, "h", false}},
	13: {{0, "h", false}, {2, "xz10", false}},
	14: {{0, "xz2", false}, {1, "yz2", true}, {2, "d", false}},
	15: {{0, "d", false}, {1, "xy2", true}},
}

// harmonicsGradient is sum_lm p_lm dY_lm/du of L neighbours.
func (t *target) harmonicsGradient(value func(string) op, p gp) [3]vec {
	g := [3]vec{t.zero(), t.zero(), t.zero()}
	units := t.width() / 16
	for v := range t.perRow() {
		for c := range t.quad() {
			var parts []vec
			for u := range units {
				parts = append(parts, t.load(at(p, u*t.quad()*t.row()+(v*t.quad()+c)*t.width())))
			}
			for k, x := range t.across(parts) {
				for _, m := range polynomials[v*t.lanes()+k*t.quad()+c] {
					switch {
					case m.polynomial == "":
						t.addTo(g[m.component], x)
					case m.negative:
						t.fnma(g[m.component], value(m.polynomial), x)
					default:
						t.fma(g[m.component], value(m.polynomial), x)
					}
				}
			}
		}
	}
	return g
}

// polynomial gives the polynomials by name; where registers abound each is computed once.
func (t *target) polynomial(get func(int) op) func(string) op {
	known := map[string]op{}
	var value func(string) op
	twice := func(a, b string) op {
		x := t.register(value(a))
		return t.mul(value(b), t.add(x, x))
	}
	value = func(name string) op {
		if v := known[name]; v != nil {
			return v
		}
		var v op
		switch name {
		case "x", "y", "z":
			v = t.direction(get, int(name[0]-'x'))
		case "xy2", "xz2", "yz2":
			v = twice(name[:1], name[1:2])
		case "xz10", "yz10":
			v = t.mul(t.k(5), t.register(value(name[:2]+"2")))
		case "d":
			x, y := t.register(value("x")), t.register(value("y"))
			s := t.mul(x, x)
			t.fnma(s, y, y)
			v = s
		case "h":
			z := t.register(value("z"))
			s := t.mul(z, z)
			t.horner(s, t.load(t.k(5)), t.k(-1))
			v = s
		}
		if t.wide() {
			known[name] = v
		}
		return v
	}
	return value
}
