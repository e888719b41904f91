package main

const docGrade = `Extrapolation grade, the columns of T dealt out to several sums:

	grade = 0
	for r := range H {
		v := gradeC[r] + sum_{k <= r} T[r][k] act[k]
		grade += v²
	}
`

func (t *target) grade() {
	matrix, c, act := t.arg("gradeT"), t.arg("gradeC"), t.arg("act")
	columns, blocks := t.GP64(), t.shifted(t.arg("H"), 4)
	t.XORQ(columns, columns)
	chains := 8 / t.perRow() // eight sums do not wait for each other
	grade := t.zero()
	t.loop("rows", blocks, 1, func() {
		t.bump(columns, 16)
		sum, h, n := t.tile(chains, t.perRow()), t.move(act), t.move(columns)
		t.loop("columns", n, chains, func() {
			for u := range chains {
				x := t.all(bcast{at(h, u*t.elem)})
				for v := range t.perRow() {
					t.fma(sum[u][v], at(matrix, u*t.row()+v*t.width()), x)
				}
			}
			t.bump(h, chains*t.elem)
			t.bump(matrix, chains*t.row())
		})
		for v := range t.perRow() {
			for half := chains / 2; half > 0; half /= 2 {
				for u := range half {
					t.addTo(sum[u][v], sum[u+half][v])
				}
			}
			t.addTo(sum[0][v], at(c, v*t.width()))
			t.fma(grade, sum[0][v], sum[0][v])
		}
		t.bump(c, t.row())
	})
	t.VMOVSD(t.totalDouble(grade), t.param("grade"))
}
