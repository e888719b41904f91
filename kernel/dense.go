package kernel

// vecmat adds cᵀ m to y: y[k] += sum_q c[q*stride] m[q][k], q < rows, m row-major with len(y) columns.
// Four rows at a time keep y in registers.
func vecmat[F Float](y, c []F, stride, rows int, m []F) {
	n := len(y)
	q := 0
	for ; q+4 <= rows; q += 4 {
		c0, c1, c2, c3 := c[q*stride], c[(q+1)*stride], c[(q+2)*stride], c[(q+3)*stride]
		m0, m1, m2, m3 := m[q*n:][:n], m[(q+1)*n:][:n], m[(q+2)*n:][:n], m[(q+3)*n:][:n]
		for k := range y {
			y[k] += (c0*m0[k] + c1*m1[k]) + (c2*m2[k] + c3*m3[k])
		}
	}
	for ; q < rows; q++ {
		c0, m0 := c[q*stride], m[q*n:][:n]
		for k := range y {
			y[k] += c0 * m0[k]
		}
	}
}

// matvec writes m x to y: y[q*stride] = sum_k m[q][k] x[k], q < rows.
func matvec[F Float](y []F, stride, rows int, m, x []F) {
	n := len(x)
	q := 0
	for ; q+4 <= rows; q += 4 {
		m0, m1, m2, m3 := m[q*n:][:n], m[(q+1)*n:][:n], m[(q+2)*n:][:n], m[(q+3)*n:][:n]
		var s0, s1, s2, s3 F
		for k, v := range x {
			s0 += m0[k] * v
			s1 += m1[k] * v
			s2 += m2[k] * v
			s3 += m3[k] * v
		}
		y[q*stride], y[(q+1)*stride], y[(q+2)*stride], y[(q+3)*stride] = s0, s1, s2, s3
	}
	for ; q < rows; q++ {
		m0 := m[q*n:][:n]
		var s F
		for k, v := range x {
			s += m0[k] * v
		}
		y[q*stride] = s
	}
}
