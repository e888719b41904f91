package kernel

import "math"

// geometry collects the neighbours of atom i inside the cutoff into the slots of s and returns their number.
// Edges beyond it get g = 0.
func geometry[F Float](l *Layer[F], a *Atoms[F], i int, s *Scratch[F]) int {
	lo, hi := int(a.Start[i]), int(a.Start[i+1])
	s.grow(hi - lo)
	xi, zi := a.X[i], int(a.Type[i])
	cutoff, perInterval := F(l.Cutoff), F(float64(l.Intervals)/l.Cutoff)
	n := 0
	for e := lo; e < hi; e++ {
		j := a.J[e]
		xj := &a.X[j]
		d := [3]F{F(xj[0] - xi[0]), F(xj[1] - xi[1]), F(xj[2] - xi[2])}
		r := F(math.Sqrt(float64(d[0]*d[0] + d[1]*d[1] + d[2]*d[2])))
		if r >= cutoff {
			a.Edge[e] = [4]F{}
			continue
		}
		rinv := 1 / r
		q := r * perInterval
		b := min(int(q), l.Intervals-1) // q may round up to Intervals just below the cutoff
		s.edge[n], s.rinv[n], s.t[n], s.d[n] = int32(e), rinv, q-F(b), d
		s.u[n] = [3]F{d[0] * rinv, d[1] * rinv, d[2] * rinv}
		pair := zi*l.Species + int(a.Type[j])
		s.row[n] = int32((pair*l.SplineRows() + b) * l.Channels)
		n++
	}
	return n
}

// bspline is the weights of the four cubic B-splines at position t of an interval, and their derivatives by t.
func bspline[F Float](t F) (w, dw [4]F) {
	o := 1 - t
	w = [4]F{o * o * o / 6, (t*t*(3*t-6) + 4) / 6, (o*o*(3*o-6) + 4) / 6, t * t * t / 6}
	dw = [4]F{-o * o / 2, t * (3*t - 4) / 2, -o * (3*o - 4) / 2, t * t / 2}
	return w, dw
}

// radial writes R_n(r) = sum_b S_b(r) w_bn and dR_n/dr of n slots.
func radial[F Float](l *Layer[F], s *Scratch[F], n int) {
	N, perInterval := l.Channels, F(float64(l.Intervals)/l.Cutoff)
	for q := range n {
		w, dw := bspline(s.t[q])
		rows := l.Rows[s.row[q]:][:4*N]
		r0, r1, r2, r3 := rows[:N], rows[N:][:N], rows[2*N:][:N], rows[3*N:][:N]
		r, dr := s.r[q*N:][:N], s.dr[q*N:][:N]
		for k := range r {
			r[k] = (w[0]*r0[k] + w[1]*r1[k]) + (w[2]*r2[k] + w[3]*r3[k])
			dr[k] = perInterval * ((dw[0]*r0[k] + dw[1]*r1[k]) + (dw[2]*r2[k] + dw[3]*r3[k]))
		}
	}
}

// density writes A_lm,n = sum_j R_n(r) Y_lm(u) over n slots.
func density[F Float](s *Scratch[F], n int) {
	N, LM := s.shape.Channels, s.shape.LM()
	var y [MaxLM]F
	for q := range n {
		u := s.u[q]
		harmonics(u[0], u[1], u[2], &y)
		copy(s.y[q*LM:][:LM], y[:])
	}
	clear(s.a)
	for lm := range LM {
		vecmat(s.a[lm*N:][:N], s.y[lm:], LM, n, s.r)
	}
}

// edgeForces turns dE/dA into g = dE/dd of n slots and adds d ⊗ g to strain:
//
//	g = u sum_n R'_n g_n + (p - u (u·p))/r,  g_n = sum_lm Y_lm dE/dA_lm,n,  p = sum_lm dY_lm/du sum_n R_n dE/dA_lm,n
func edgeForces[F Float](a *Atoms[F], s *Scratch[F], n int, strain *[6]float64) {
	N, LM := s.shape.Channels, s.shape.LM()
	for q := range n {
		clear(s.gr)
		vecmat(s.gr, s.y[q*LM:], 1, LM, s.ga)
		matvec(s.p[:], 1, LM, s.ga, s.r[q*N:][:N])
		var radial F
		for k, dr := range s.dr[q*N:][:N] {
			radial += dr * s.gr[k]
		}
		u := s.u[q]
		px, py, pz := harmonicsGradient(u[0], u[1], u[2], &s.p)
		radial -= s.rinv[q] * (u[0]*px + u[1]*py + u[2]*pz)
		g := [4]F{u[0]*radial + s.rinv[q]*px, u[1]*radial + s.rinv[q]*py, u[2]*radial + s.rinv[q]*pz}
		a.Edge[s.edge[q]] = g
		addStrain(strain, s.d[q], g)
	}
}

func addStrain[F Float](strain *[6]float64, d [3]F, g [4]F) {
	strain[0] += float64(d[0] * g[0])
	strain[1] += float64(d[1] * g[1])
	strain[2] += float64(d[2] * g[2])
	strain[3] += float64(d[1] * g[2])
	strain[4] += float64(d[0] * g[2])
	strain[5] += float64(d[0] * g[1])
}

// coreForces adds half the core energy of atom i with its neighbours in n slots, and its forces.
func coreForces[F Float](l *Layer[F], a *Atoms[F], i int, s *Scratch[F], n int, strain *[6]float64) {
	if l.Core == nil {
		return
	}
	for q := range n {
		corePair(l.Core, a, i, s.edge[q], strain)
	}
}

// corePair adds half the core energy of an edge of atom i, and its force, in float64 from the positions: so close, the
// rounding of a distance to float32 would be felt. It notes a contact.
func corePair[F Float](core *Core, a *Atoms[F], i int, edge int32, strain *[6]float64) {
	j := a.J[edge]
	xi, xj := &a.X[i], &a.X[j]
	d := [3]float64{xj[0] - xi[0], xj[1] - xi[1], xj[2] - xi[2]}
	r := math.Sqrt(d[0]*d[0] + d[1]*d[1] + d[2]*d[2])
	if a.Guard != nil && r < core.shortest(a.Type[i], a.Type[j]) {
		a.Guard[i].Contact = true
	}
	if r >= core.Range(a.Type[i], a.Type[j]) {
		return
	}
	v, dv := core.Energy(a.Type[i], a.Type[j], r)
	a.Energy[i] += v / 2
	c := dv / (2 * r)
	h := [4]float64{c * d[0], c * d[1], c * d[2]}
	for k, x := range h[:3] {
		a.Edge[edge][k] += F(x)
	}
	addStrain(strain, d, h)
}
