//go:build !purego

package kernel

import "math"

// waiting is the number of atoms whose gradient with respect to the readout's matrix is added at once.
const waiting = 4

// lanes is the memory of the assembly for one atom. Neighbours inside the cutoff lie one after the other; what is longer
// than a vector starts at a cache line. Blocks, p and q are laid out as functions basis and adjoint say.
type lanes[F Float] struct {
	slots            int // capacity
	dx, dy, dz       []F // [slots] d, Å
	to, edge, offset []int32
	block            []F // harmonics, directions and spline positions
	r, dr            []F // [slots][N] R_n and its slope per interval
	p, q             []F // dE/dA along harmonics [16], and along r, of every slot

	a, ga, gat []F // [N/16][16][16] density, dE/dA and its transpose
	b, gb      []F // [K/16][16][16] mixed density
	t, gt      []F // [K/16][16][16] coupled tensors
	u          []F // [K/16][components][16] what a coupling contributes to t before v
	f, gf      []F // [waiting][F] invariants, [F] dE/df
	act, gh    []F // [H] silu(pre), [waiting][H] dE/dpre

	rows   []*float64    // [S][S] spline rows of a gradient
	strain [6][8]float64 // sums of d ⊗ g; the lanes are added up at the end
}

// blockRows is the most rows that a block of neighbours has (function basis).
const blockRows = 26

// reserve makes room for the neighbours of the atoms lo <= i < hi and starts the sum of the strain.
func (s *Scratch[F]) reserve(l *Layer[F], a *Atoms[F], lo, hi int) *lanes[F] {
	v := &s.lanes
	if v.a == nil {
		v.channels(l.Shape)
	}
	most := 0
	for i := lo; i < hi; i++ {
		most = max(most, int(a.Start[i+1]-a.Start[i]))
	}
	if most > v.slots {
		v.grow(l.Shape, most+most/4)
	}
	v.strain = [6][8]float64{}
	return v
}

func (v *lanes[F]) channels(s Shape) {
	N, K, H, features := s.Channels, s.Mixed, s.Hidden, s.Features()
	v.a, v.ga, v.gat = aligned[F](16*N), aligned[F](16*N), aligned[F](16*N)
	v.b, v.gb, v.t, v.gt = aligned[F](16*K), aligned[F](16*K), aligned[F](16*K), aligned[F](16*K)
	components := 0
	for _, c := range s.Couplings() {
		components += 2*c.L + 1
	}
	v.u = aligned[F](components * K)
	v.f, v.gf = aligned[F](waiting*features), aligned[F](features)
	v.act, v.gh = aligned[F](H), aligned[F](waiting*H)
}

// grow makes room for n slots, whole vectors of them and one vector behind.
func (v *lanes[F]) grow(s Shape, n int) {
	v.slots = n
	n = (n+15)/16*16 + 16
	v.dx, v.dy, v.dz = aligned[F](n), aligned[F](n), aligned[F](n)
	v.to, v.edge, v.offset = aligned[int32](n), aligned[int32](n), aligned[int32](n)
	v.block = aligned[F](n * blockRows)
	v.r, v.dr = aligned[F](n*s.Channels), aligned[F](n*s.Channels)
	v.p, v.q = aligned[F](16*n), aligned[F](16*n)
}

// rowsOf finds the spline rows of all pairs in g.
func (v *lanes[F]) rowsOf(l *Layer[F], g *Parameters) []*float64 {
	v.rows = v.rows[:0]
	for pair := range l.Species * l.Species {
		v.rows = append(v.rows, &g.Rows[pair*l.SplineRows()*l.Channels])
	}
	return v.rows
}

func (v *lanes[F]) addStrain(strain *[6]float64) {
	for k := range v.strain {
		for _, x := range v.strain[k] {
			strain[k] += x
		}
	}
}

// coreForces adds half the core energy of atom i with its n neighbours, and its forces.
func (v *lanes[F]) coreForces(core *Core, a *Atoms[F], i, n int, strain *[6]float64) {
	for q := range n {
		d := [3]F{v.dx[q], v.dy[q], v.dz[q]}
		x, y, z := float64(d[0]), float64(d[1]), float64(d[2])
		r, to := math.Sqrt(x*x+y*y+z*z), a.Type[v.to[q]]
		if r >= core.Range(a.Type[i], to) {
			continue
		}
		e, de := core.Energy(a.Type[i], to, r)
		a.Energy[i] += e / 2
		c := de / (2 * r)
		g, h := &a.Edge[a.Start[i]+v.edge[q]], [4]F{F(c * x), F(c * y), F(c * z)}
		g[0], g[1], g[2] = g[0]+h[0], g[1]+h[1], g[2]+h[2]
		addStrain(strain, d, h)
	}
}
