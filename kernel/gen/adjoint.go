package main

import "github.com/mmcloughlin/avo/operand"

const docAdjoint = `Reverse of the density:

	for s := range n {
		for lm := range 16 {
			p[s][lm] = scale[lm] * sum_k r[s][k] ga[lm][k]
		}
		q[s] = sum_k dr[s][k] sum_lm y[s][lm] ga[lm][k]
	}

scale makes the gradients of the harmonics simple polynomials (see below). p and q are left half transposed: p as
[n/Q][16/L][Q][L] for Q numbers in 128 bits and L in a vector, piece k of the last index for row lm = k Q + c of the third;
q as [n/Q][L], to be summed over pieces.
`

// gradientScale goes into p: dY_lm/du = scale × a polynomial without factors, see polynomials.
var gradientScale = [16]float64{
	0, sqrt(3), sqrt(3), sqrt(3),
	sqrt(15), sqrt(15), 3 * sqrt(5), sqrt(15), sqrt(15),
	3 * sqrt(35./8), sqrt(105) / 2, sqrt(21. / 8), 1.5 * sqrt(7), sqrt(21. / 8), sqrt(105) / 2, 3 * sqrt(35./8),
}

func (t *target) adjoint() {
	r, dr, ga, gat := t.arg("r"), t.arg("dr"), t.arg("ga"), t.arg("gat")
	N := t.arg("N")
	stride, groups := t.scale(N), t.shifted(N, 4)
	channels := func(first bool) {
		t.transpose16(gat, ga)
		t.radialTiles(ga, dr, stride, first)
		t.angularTiles(gat, r, stride, first)
	}
	channels(true)
	end := t.label("end")
	t.DECQ(groups)
	t.JZ(operand.LabelRef(end))
	t.loop("channels", groups, 1, func() {
		t.bump(ga, 16*t.row())
		t.bump(r, t.row())
		t.bump(dr, t.row())
		channels(false)
	})
	t.Label(end)
}

// transpose16 writes to[k][lm] = scale[lm] from[lm][k] for 16 x 16 numbers.
func (t *target) transpose16(to, from gp) {
	q, pieces := t.quad(), t.lanes()/t.quad()
	var scale []mem
	for r := 0; r < 16; r += t.lanes() {
		var c []operand.Constant
		for _, x := range gradientScale[r : r+t.lanes()] {
			c = append(c, t.literal(x))
		}
		scale = append(scale, t.static(sprintf("scale%d", r), c...))
	}
	for r := range t.perRow() { // rows r L ...
		for k := range t.perRow() { // columns k L ...
			var quads [][]vec
			for p := range pieces {
				var v []vec
				for m := range q {
					v = append(v, t.load(at(from, (r*t.lanes()+p*q+m)*t.row()+k*t.width())))
				}
				quads = append(quads, t.quads(v))
			}
			for c := range q {
				var v []vec
				for p := range pieces {
					v = append(v, quads[p][c])
				}
				for p, x := range t.across(v) {
					t.mulBy(x, scale[r])
					t.store(x, at(to, (k*t.lanes()+p*q+c)*t.row()+r*t.width()))
				}
			}
		}
	}
}

// matrix holds rows 0 <= k < 16 of 16 numbers: in registers if they all fit, else in memory.
func (t *target) matrix(p gp, first int) func(k, v int) op {
	m := func(k, v int) op { return at(p, k*t.row()+(first+v)*t.width()) }
	if !t.wide() || t.perRow() > 1 {
		return m
	}
	var rows []vec
	for k := range 16 {
		rows = append(rows, t.load(m(k, 0)))
	}
	return func(k, _ int) op { return rows[k] }
}

// fourRows addresses rows of numbers at a distance known at run time.
func (t *target) fourRows(p, stride, triple gp) func(s, offset int) mem {
	return func(s, offset int) mem {
		switch s {
		case 0:
			return at(p, offset)
		case 3:
			return indexed(p, triple, 1, offset)
		}
		return indexed(p, stride, s, offset)
	}
}

// radialTiles adds to q, four neighbours at a time.
func (t *target) radialTiles(ga, dr, stride gp, first bool) {
	y, n, to, p := t.arg("block"), t.arg("n"), t.arg("q"), t.move(dr)
	triple := t.GP64()
	t.LEAQ(indexed(stride, stride, 2, 0), triple)
	row := t.fourRows(p, stride, triple)
	matrix := t.matrix(ga, 0)
	t.slots(n, 4, y, func() {
		var product [4]vec
		for v := 0; v < t.perRow(); v += t.tileVectors() {
			sum := t.bondTile(y, matrix, v)
			for s := range product {
				for k, x := range sum[s] {
					m := row(s, (v+k)*t.width())
					if product[s] == nil {
						product[s] = t.mul(m, x)
					} else {
						t.fma(product[s], m, x)
					}
				}
			}
		}
		for k := 0; k < 4; k += t.quad() {
			sum := t.sumQuads(product[k : k+t.quad()])
			if !first {
				t.addTo(sum, at(to, 0))
			}
			t.store(sum, at(to, 0))
			t.bump(to, t.width())
		}
		t.LEAQ(indexed(p, stride, 4, 0), p)
	})
}

// bondTile is sum_lm y[s][lm] ga[lm], vectors from first on, of four neighbours.
func (t *target) bondTile(y gp, matrix func(k, v int) op, first int) [4][]vec {
	var sum [4][]vec
	for lm := range 16 {
		var rows []vec
		for v := range t.tileVectors() {
			rows = append(rows, t.register(matrix(lm, first+v)))
		}
		for s := range sum {
			if lm == 0 {
				for _, x := range rows {
					sum[s] = append(sum[s], t.copy(x))
				}
				continue
			}
			t.outer(sum[s], bcast{at(y, lm*t.width()+s*t.elem)}, rows)
		}
	}
	return sum
}

// angularTiles adds to p, four neighbours at a time.
func (t *target) angularTiles(gat, r, stride gp, first bool) {
	y, n, to, p := t.GP64(), t.arg("n"), t.arg("p"), t.move(r)
	triple := t.GP64()
	t.LEAQ(indexed(stride, stride, 2, 0), triple)
	row := t.fourRows(p, stride, triple)
	matrix := t.matrix(gat, 0)
	t.MOVQ(n, y)
	ahead := t.arg("listed")
	t.edgeBytes(ahead)
	t.ADDQ(t.param("edges"), ahead)
	t.loop("neighbour", y, 4, func() {
		t.PREFETCHT0(at(ahead, 0))
		t.PREFETCHT0(at(ahead, 64))
		t.bump(ahead, 128)
		for v := 0; v < t.perRow(); v += t.tileVectors() {
			var sum [4][]vec
			for k := range 16 {
				var rows []vec
				for c := range t.tileVectors() {
					rows = append(rows, t.register(matrix(k, v+c)))
				}
				for s := range sum {
					number := bcast{row(s, k*t.elem)}
					if k > 0 {
						t.outer(sum[s], number, rows)
					} else if t.wide() && len(rows) == 1 {
						sum[s] = append(sum[s], t.mul(number, rows[0]))
					} else {
						x := t.all(number)
						for _, c := range rows {
							sum[s] = append(sum[s], t.mul(x, c))
						}
					}
				}
			}
			for c := range t.tileVectors() {
				for k := 0; k < 4; k += t.quad() {
					var v4 []vec
					for s := range t.quad() {
						v4 = append(v4, sum[k+s][c])
					}
					for m, x := range t.quads(v4) {
						to := at(to, k*t.row()+((v+c)*t.quad()+m)*t.width())
						if !first {
							t.addTo(x, to)
						}
						t.store(x, to)
					}
				}
			}
		}
		t.bump(to, 4*t.row())
		t.LEAQ(indexed(p, stride, 4, 0), p)
	})
}

// edgeBytes turns a number of edges into bytes.
func (t *target) edgeBytes(e gp) { t.SHLQ(imm(map[int]int{4: 4, 8: 5}[t.elem]), e) }
