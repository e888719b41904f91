package main

const docMix = `Mixing of the channels, for each degree l:

	for lm := range 16 {
		for k := range K {
			b[lm][k] = sum_n mix[l][n][k] * a[lm][n]
		}
	}
`

const docMixReverse = `Its reverse:

	for lm := range 16 {
		for n := range N {
			ga[lm][n] = sum_k mixT[l][k][n] * gb[lm][k]
		}
	}
`

var degree = [16]int{0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3}

// mix writes out = w from, for the named fields; channelsIn and channelsOut name their numbers of channels.
func (t *target) mix(out, from, matrices, channelsIn, channelsOut string) {
	b, w := t.arg(out), t.arg(matrices)
	in := t.arg(channelsIn)
	matrix := t.scale(in) // bytes of w for 16 outputs
	t.SHLQ(imm(6), matrix)
	inputs, groups := t.shifted(in, 4), t.shifted(t.arg(channelsOut), 4)
	t.loop("group", groups, 1, func() {
		for first := 0; first < t.perRow(); first += t.tileVectors() {
			for _, pass := range t.rowPasses() {
				t.mixTile(b, from, w, inputs, first, pass)
			}
		}
		t.bump(b, 16*t.row())
		t.ADDQ(matrix, w)
	})
}

func (t *target) mixTile(b gp, from string, w, inputs gp, first int, pass [2]int) {
	const unroll = 2
	vectors := t.tileVectors()
	sum := t.tile(pass[1]-pass[0], vectors)
	a, p, outer := t.arg(from), t.move(w), t.move(inputs)
	t.loop("inputs", outer, 1, func() {
		inner := t.set(16)
		t.loop("input", inner, unroll, func() {
			for u := range unroll {
				rows := map[int][]vec{}
				for k := range sum {
					lm := pass[0] + k
					l := degree[lm]
					if rows[l] == nil {
						for v := range vectors {
							rows[l] = append(rows[l], t.load(at(p, (4*u+l)*t.row()+(first+v)*t.width())))
						}
					}
					t.outer(sum[k], bcast{at(a, lm*t.row()+u*t.elem)}, rows[l])
				}
			}
			t.bump(a, unroll*t.elem)
			t.bump(p, unroll*4*t.row())
		})
		t.bump(a, 15*t.row())
	})
	for k := range sum {
		for v := range vectors {
			t.store(sum[k][v], at(b, (pass[0]+k)*t.row()+(first+v)*t.width()))
		}
	}
}
