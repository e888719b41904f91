package kernel

import "math"

// mixing writes B_lm,k = sum_n W[l][n][k] A_lm,n.
func mixing[F Float](l *Layer[F], z int, s *Scratch[F]) {
	N, K := l.Channels, l.Mixed
	clear(s.b)
	for lm := range l.LM() {
		vecmat(s.b[lm*K:][:K], s.a[lm*N:], 1, N, l.mix(l.Mix, z, lm))
	}
}

// mixingReverse writes dE/dA from dE/dB.
func mixingReverse[F Float](l *Layer[F], z int, s *Scratch[F]) {
	N, K := l.Channels, l.Mixed
	clear(s.ga)
	for lm := range l.LM() {
		vecmat(s.ga[lm*N:][:N], s.gb[lm*K:], 1, K, l.mix(l.MixT, z, lm))
	}
}

// mix is the mixing matrix of species z that row lm of the density belongs to.
func (l *Layer[F]) mix(w []F, z, lm int) []F {
	size := l.Channels * l.Mixed
	return w[(z*(l.LMax+1)+degree[lm])*size:][:size]
}

var degree = [MaxLM]int{0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3} // l of a flat index lm

// invariants writes f: B_00, then p_l = sum_m B_lm²/sqrt(2l+1), then q_L = t_L·B_L, then s_L = t_L·t_L.
func invariants[F Float](l *Layer[F], z int, s *Scratch[F]) {
	K := l.Mixed
	clear(s.f)
	copy(s.f[:K], s.b)
	for lm := 1; lm < l.LM(); lm++ {
		c := F(1 / math.Sqrt(float64(2*degree[lm]+1)))
		p := s.f[degree[lm]*K:][:K]
		for k, b := range s.b[lm*K:][:K] {
			p[k] += c * b * b
		}
	}
	couple(l, z, s)
	for L := 1; L <= l.LT; L++ {
		q, r := s.f[(l.LMax+L)*K:][:K], s.f[(l.LMax+l.LT+L)*K:][:K]
		for lm := L * L; lm < (L+1)*(L+1); lm++ {
			t, b := s.t3[(lm-1)*K:][:K], s.b[lm*K:][:K]
			for k := range t {
				q[k] += t[k] * b[k]
				r[k] += t[k] * t[k]
			}
		}
	}
}

// couple writes t_LM = sum_c v_c u_c, u_c = sum G B_a B_b; t_LM lies at row lm-1, as t_00 does not exist.
func couple[F Float](l *Layer[F], z int, s *Scratch[F]) {
	K := l.Mixed
	clear(s.t3)
	clear(s.u3)
	for c, coupling := range l.couplings {
		v := l.Couple[(z*len(l.couplings)+c)*K:][:K]
		for m, terms := range l.terms[c] {
			u := s.u3[(c*(2*l.LT+1)+m)*K:][:K]
			for _, term := range terms {
				a, b, g := s.b[term.A*K:][:K], s.b[term.B*K:][:K], F(term.Coef)
				for k := range u {
					u[k] += g * a[k] * b[k]
				}
			}
			t := s.t3[(coupling.L*coupling.L+m-1)*K:][:K]
			for k := range t {
				t[k] += v[k] * u[k]
			}
		}
	}
}

// invariantsReverse writes dE/dB from dE/df; if dv is not nil it adds dE/dv.
func invariantsReverse[F Float](l *Layer[F], z int, s *Scratch[F], dv []float64) {
	K := l.Mixed
	copy(s.gb[:K], s.gf)
	for lm := 1; lm < l.LM(); lm++ {
		c := F(2 / math.Sqrt(float64(2*degree[lm]+1)))
		gp, gb := s.gf[degree[lm]*K:][:K], s.gb[lm*K:][:K]
		for k, b := range s.b[lm*K:][:K] {
			gb[k] = c * gp[k] * b
		}
	}
	for L := 1; L <= l.LT; L++ {
		gq, gr := s.gf[(l.LMax+L)*K:][:K], s.gf[(l.LMax+l.LT+L)*K:][:K]
		for lm := L * L; lm < (L+1)*(L+1); lm++ {
			t, gt := s.t3[(lm-1)*K:][:K], s.gt[(lm-1)*K:][:K]
			b, gb := s.b[lm*K:][:K], s.gb[lm*K:][:K]
			for k := range t {
				gt[k] = gq[k]*b[k] + 2*gr[k]*t[k]
				gb[k] += gq[k] * t[k]
			}
		}
	}
	coupleReverse(l, z, s, dv)
}

// coupleReverse adds to dE/dB what reaches it through t, and to dv (if not nil) dE/dv_c = sum_M dE/dt_LM u_c.
func coupleReverse[F Float](l *Layer[F], z int, s *Scratch[F], dv []float64) {
	K := l.Mixed
	for c, coupling := range l.couplings {
		v := l.Couple[(z*len(l.couplings)+c)*K:][:K]
		for m, terms := range l.terms[c] {
			gt := s.gt[(coupling.L*coupling.L+m-1)*K:][:K]
			u := s.u3[(c*(2*l.LT+1)+m)*K:][:K]
			if dv != nil {
				for k := range gt {
					dv[c*K+k] += float64(gt[k] * u[k])
				}
			}
			for k := range u { // u is spent: reuse it for dE/du
				u[k] = v[k] * gt[k]
			}
			for _, term := range terms {
				a, b, g := s.b[term.A*K:][:K], s.b[term.B*K:][:K], F(term.Coef)
				ga, gb := s.gb[term.A*K:][:K], s.gb[term.B*K:][:K]
				for k := range u {
					w := g * u[k]
					ga[k] += w * b[k]
					gb[k] += w * a[k]
				}
			}
		}
	}
}

// readout returns E = a·f + b·(silu(W f + d) - silu(d)) and writes weight dE/df, the activations and weight dE/dpre.
func readout[F Float](l *Layer[F], z int, weight F, s *Scratch[F]) float64 {
	H, n := l.Hidden, l.Features()
	a, w := l.A[z*n:][:n], l.W[z*H*n:][:H*n]
	d, b, siluD := l.D[z*H:][:H], l.B[z*H:][:H], l.SiluD[z*H:][:H]
	matvec(s.act, 1, H, w, s.f)
	var energy F
	for h, x := range s.act {
		y, dy := silu(x + d[h])
		energy += b[h] * (y - siluD[h])
		s.act[h], s.gh[h] = y, weight*b[h]*dy
	}
	for k, f := range s.f {
		energy += a[k] * f
		s.gf[k] = weight * a[k]
	}
	vecmat(s.gf, s.gh, 1, H, w)
	return float64(energy)
}
