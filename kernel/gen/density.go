package main

const docDensity = `density:

	for s := range n {
		for lm := range 16 {
			for k := range N {
				a[lm][k] += y[s][lm] * r[s][k]
			}
		}
	}
`

// rowPasses splits the 16 rows of a density so that the sums of a pass, two vectors a row where a row has that many,
// stay in registers: ten or more of them, or they would wait for each other.
func (t *target) rowPasses() [][2]int {
	switch {
	case t.wide() && t.perRow() == 1:
		return [][2]int{{0, 16}}
	case t.wide():
		return [][2]int{{0, 9}, {9, 16}}
	}
	return [][2]int{{0, 6}, {6, 11}, {11, 16}}
}

// tileVectors is the vectors of a row in one pass.
func (t *target) tileVectors() int { return min(t.perRow(), 2) }

// density sums in passes over the neighbours.
func (t *target) density(passes ...[2]int) {
	a, r := t.arg("a"), t.arg("r")
	N := t.arg("N")
	stride, groups := t.scale(N), t.shifted(N, 4)
	t.loop("group", groups, 1, func() {
		for first := 0; first < t.perRow(); first += t.tileVectors() {
			for _, pass := range passes {
				t.densityTile(a, r, stride, first, pass)
			}
		}
		t.bump(a, 16*t.row())
		t.bump(r, t.row())
	})
}

// densityTile sums rows pass[0] <= lm < pass[1] of some vectors.
func (t *target) densityTile(a, r, stride gp, first int, pass [2]int) {
	vectors := t.tileVectors()
	sum := t.tile(pass[1]-pass[0], vectors)
	y, n, p := t.arg("block"), t.arg("n"), t.move(r)
	t.slots(n, 1, y, func() {
		var row []vec
		for v := range vectors {
			row = append(row, t.load(at(p, (first+v)*t.width())))
		}
		for k := range sum {
			lm := pass[0] + k
			if lm == 0 {
				for v := range row {
					t.addTo(sum[k][v], row[v])
				}
				continue
			}
			t.outer(sum[k], bcast{at(y, lm*t.width())}, row)
		}
		t.ADDQ(stride, p)
	})
	for k := range sum {
		for v := range vectors {
			t.store(sum[k][v], at(a, (pass[0]+k)*t.row()+(first+v)*t.width()))
		}
	}
}

// tile is rows x vectors sums, all 0.
func (t *target) tile(rows, vectors int) [][]vec {
	sum := make([][]vec, rows)
	for k := range sum {
		for range vectors {
			sum[k] = append(sum[k], t.zero())
		}
	}
	return sum
}

// outer adds number · row to sum.
func (t *target) outer(sum []vec, number bcast, row []vec) {
	if t.wide() && len(row) == 1 {
		t.fma(sum[0], number, row[0])
		return
	}
	x := t.all(number)
	for v := range row {
		t.fma(sum[v], x, row[v])
	}
}
