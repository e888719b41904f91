package main

const docCoupleGradient = `Gradient by the couplings:

	dCouple[c][k] += sum_M gt[L M][k] u[c M][k]
`

func (t *target) coupleGradient(lt int) {
	pdv, pgt, pu := t.arg("dCouple"), t.arg("gt"), t.arg("u")
	K := t.arg("K")
	dv := strided{pdv, t.strided(len(couplings(lt)), t.scale(K))}
	t.columns(K, map[gp]int{pgt: 16, pu: tensorRows(lt)}, []gp{pdv}, func() {
		row := 0
		for c, coupling := range couplings(lt) {
			sum := t.load(dv.row(c))
			for m := range 2*coupling.L + 1 {
				t.fma(sum, at(pu, row*t.row()), t.load(at(pgt, (coupling.L*coupling.L+m-1)*t.row())))
				row++
			}
			t.store(sum, dv.row(c))
		}
	})
}

const docMixGradient = `Gradient by the mixing:

	for l := range 4 {
		for n := range N {
			for k := range K {
				dMix[l][n][k] += sum_m a[l m][n] gb[l m][k]
			}
		}
	}
`

func (t *target) mixGradient() {
	dw, gb := t.arg("dMix"), t.arg("gb")
	N, K := t.arg("N"), t.arg("K")
	stride, inputs, groups := t.scale(K), t.shifted(N, 4), t.shifted(K, 4)
	vectors := 1
	if t.wide() {
		vectors = 2
	}
	t.loop("group", groups, 1, func() {
		w := t.move(dw)
		for l := range 4 {
			start := t.move(w)
			for first := 0; first < t.perRow(); first += vectors {
				t.MOVQ(start, w)
				t.mixGradientTile(w, gb, stride, inputs, l, first, vectors)
			}
		}
		t.bump(dw, t.row())
		t.bump(gb, 16*t.row())
	})
}

// mixGradientTile adds to some columns of the matrix of degree l; w is left behind its last row.
func (t *target) mixGradientTile(w, gb, stride, inputs gp, l, first, vectors int) {
	rows := make([][]vec, 2*l+1)
	for m := range rows {
		for v := range vectors {
			rows[m] = append(rows[m], t.load(at(gb, (l*l+m)*t.row()+(first+v)*t.width())))
		}
	}
	a, outer := t.arg("a"), t.move(inputs)
	t.loop("inputs", outer, 1, func() {
		inner := t.set(16)
		t.loop("input", inner, 1, func() {
			var sum []vec
			for v := range vectors {
				sum = append(sum, t.load(at(w, (first+v)*t.width())))
			}
			for m := range rows {
				t.outer(sum, bcast{at(a, (l*l+m)*t.row())}, rows[m])
			}
			for v := range vectors {
				t.store(sum[v], at(w, (first+v)*t.width()))
			}
			t.bump(a, t.elem)
			t.ADDQ(stride, w)
		})
		t.bump(a, 15*t.row())
	})
}

const docReadoutGradient = `Gradient by the matrix of the readout:

	for h := range H {
		for k := range features {
			dW[h][k] += gh[h] f[k]
		}
	}
`

func (t *target) readoutGradient(atoms int) {
	dw, hidden, features := t.argOf(0, "dW"), t.argOf(0, "H"), t.argOf(0, "features")
	h := t.GP64()
	t.XORQ(h, h)
	t.loop("hidden", hidden, 1, func() {
		var x []vec
		var f []gp
		for i := range atoms {
			x = append(x, t.all(bcast{indexed(t.argOf(i, "gh"), h, t.elem, 0)}))
			f = append(f, t.argOf(i, "f"))
		}
		left := t.shifted(features, 4)
		t.loop("features", left, 1, func() {
			for v := range t.perRow() {
				sum := t.load(at(dw, v*t.width()))
				for i := range atoms {
					t.fma(sum, at(f[i], v*t.width()), x[i])
				}
				t.store(sum, at(dw, v*t.width()))
			}
			t.bump(dw, t.row())
			for i := range atoms {
				t.bump(f[i], t.row())
			}
		})
		t.INCQ(h)
	})
}

const docReadoutVectors = `Gradient by the vectors of the readout:

	dA[k] += weight f[k]
	dB[h] += weight (act[h] - rest[h])
	dD[h] += gh[h] - weight restSlope[h]
`

func (t *target) readoutVectors() {
	da, db, dd, f := t.arg("dA"), t.arg("dB"), t.arg("dD"), t.arg("f")
	act, gh, rest, slope := t.arg("act"), t.arg("gh"), t.arg("rest"), t.arg("restSlope")
	weight := t.all(bcast{t.param("weight")})
	features := t.arg("features")
	t.loop("features", features, t.lanes(), func() {
		sum := t.load(at(da, 0))
		t.fma(sum, at(f, 0), weight)
		t.store(sum, at(da, 0))
		t.bump(da, t.width())
		t.bump(f, t.width())
	})
	H := t.arg("H")
	t.loop("hidden", H, t.lanes(), func() {
		b := t.load(at(db, 0))
		t.fma(b, t.sub(t.load(at(act, 0)), at(rest, 0)), weight)
		t.store(b, at(db, 0))
		d := t.add(at(gh, 0), t.load(at(dd, 0)))
		t.fnma(d, at(slope, 0), weight)
		t.store(d, at(dd, 0))
		for _, p := range []gp{db, dd, act, gh, rest, slope} {
			t.bump(p, t.width())
		}
	})
}

const docRowsGradient = `Gradient by the spline rows:

	for s := range n {
		w := dPairs[types[to[s]]][offset[s]:] // four rows of N
		for k := range N {
			g := sum_lm y[s][lm] ga[lm][k]
			for b := range 4 {
				w[b][k] += S_b[s] g
			}
		}
	}
`

// rowsGradient takes four neighbours at a time; behind the end the B-splines are 0 and the rest repeats the last neighbour.
func (t *target) rowsGradient() {
	pairs, types, ga, column := t.arg("dPairs"), t.arg("types"), t.arg("ga"), t.GP64()
	N := t.arg("N")
	rowBytes, groups := t.scale(N), t.shifted(N, 4)
	t.XORQ(column, column)
	t.loop("group", groups, 1, func() {
		to, offset, y, n := t.arg("to"), t.arg("offset"), t.arg("block"), t.arg("n")
		matrix := t.matrix(ga, 0)
		t.slots(n, 4, y, func() {
			for first := 0; first < t.perRow(); first += t.tileVectors() {
				sum := t.bondTile(y, matrix, first)
				for s := range sum {
					w, b := t.GP64(), t.GP64()
					t.radialOf(w, b, pairs, types, to, offset, s)
					t.ADDQ(column, w)
					for k := range 4 {
						x := t.all(bcast{at(y, (splineBase+k)*t.width()+s*t.elem)})
						for v := range sum[s] {
							m := at(w, (first+v)*t.width())
							r := t.load(m)
							t.fma(r, x, sum[s][v])
							t.store(r, m)
						}
						if k < 3 {
							t.ADDQ(rowBytes, w)
						}
					}
				}
			}
			t.bump(to, 16)
			t.bump(offset, 16)
		})
		t.bump(column, t.row())
		t.bump(ga, 16*t.row())
	})
}
