package kernel

// readoutGradient adds weight dE/d(a, W, d, b); it follows readout.
func readoutGradient[F Float](l *Layer[F], z int, weight F, g *Parameters, s *Scratch[F]) {
	H, n := l.Hidden, l.Features()
	da := g.A[z*n:][:n]
	for k, f := range s.f {
		da[k] += float64(weight * f)
	}
	for h, gh := range s.gh {
		_, atRest := silu(l.D[z*H+h])
		g.B[z*H+h] += float64(weight * (s.act[h] - l.SiluD[z*H+h]))
		g.D[z*H+h] += float64(gh - weight*l.B[z*H+h]*atRest)
		addScaled(g.W[(z*H+h)*n:][:n], gh, s.f)
	}
}

// mixingGradient adds dE/dW[l][n][k] = sum_m A_lm,n dE/dB_lm,k.
func mixingGradient[F Float](l *Layer[F], z int, g *Parameters, s *Scratch[F]) {
	N, K := l.Channels, l.Mixed
	for lm := range l.LM() {
		w := g.Mix[(z*(l.LMax+1)+degree[lm])*N*K:][:N*K]
		for n, a := range s.a[lm*N:][:N] {
			addScaled(w[n*K:][:K], a, s.gb[lm*K:][:K])
		}
	}
}

// radialGradient adds dE/dw_bn = sum_slots S_b(r) sum_lm Y_lm dE/dA_lm,n.
func radialGradient[F Float](g *Parameters, s *Scratch[F], n int) {
	N, LM := s.shape.Channels, s.shape.LM()
	for q := range n {
		clear(s.gr)
		vecmat(s.gr, s.y[q*LM:], 1, LM, s.ga)
		w, _ := bspline(s.t[q])
		for b, c := range w {
			addScaled(g.Rows[int(s.row[q])+b*N:][:N], c, s.gr)
		}
	}
}

// addScaled adds c x to y.
func addScaled[F Float](y []float64, c F, x []F) {
	y = y[:len(x)]
	for k, v := range x {
		y[k] += float64(c * v)
	}
}
