//go:build !purego

package kernel

import (
	"math"
	"unsafe"
)

// waiting is the number of atoms whose gradient by the matrix of the readout is added at once.
const waiting = 4

// lanes is the memory of the assembly: the site of one atom, and what keeps more than one.
type lanes[F Float] struct {
	site[F]
	slots int           // neighbours that the site has room for
	fs    []F           // [waiting][features] f of the atoms that wait
	ghs   []F           // [waiting][H] gh of those
	rows  []*float64    // [S][S] spline rows of a gradient
	sums  [6][8]float64 // strain
}

// blockRows is the most rows that a block of neighbours has.
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
	v.sums = [6][8]float64{}
	v.waiter(0)
	v.last, v.rowBytes, v.per = l.Intervals-1, l.packed.rowBytes, l.packed.perInterval
	if len(a.X) > 0 {
		v.x, v.types = &a.X[0], &a.Type[0]
	}
	return v
}

// room is the start of n aligned numbers.
func room[T any](n int) *T { return &aligned[T](n)[0] }

func (v *lanes[F]) channels(s Shape) {
	v.N, v.K, v.H, v.features = s.Channels, s.Mixed, s.Hidden, s.Features()
	v.a, v.ga, v.gat = room[F](16*v.N), room[F](16*v.N), room[F](16*16)
	v.b, v.gb, v.t, v.gt = room[F](16*v.K), room[F](16*v.K), room[F](16*v.K), room[F](16*v.K)
	components := 0
	for _, c := range s.Couplings() {
		components += 2*c.L + 1
	}
	v.u = room[F](components * v.K)
	v.fs, v.ghs = aligned[F](waiting*v.features), aligned[F](waiting*v.H)
	v.gf, v.act, v.strain = room[F](v.features), room[F](v.H), &v.sums
	v.weight = 1
}

// grow makes room for n neighbours, whole vectors of them and one vector behind.
func (v *lanes[F]) grow(s Shape, n int) {
	v.slots = n
	n = (n+15)/16*16 + 16
	v.dx, v.dy, v.dz = room[F](n), room[F](n), room[F](n)
	v.to, v.edge, v.offset = room[int32](n), room[int32](n), room[int32](n)
	v.block = room[F](n * blockRows)
	v.r, v.dr = room[F](n*s.Channels), room[F](n*s.Channels)
	v.p, v.q = room[F](16*n), room[F](16*n)
}

// place turns to atom i and tells whether it has edges.
func (v *lanes[F]) place(l *Layer[F], a *Atoms[F], i int) bool {
	first := a.Start[i]
	v.listed, v.n = int(a.Start[i+1]-first), 0
	if v.listed == 0 {
		return false
	}
	v.element = l.packed.elements[a.Type[i]]
	v.xi, v.j = &a.X[i], &a.J[first]
	return true
}

// activations are those of the last atom.
func (v *lanes[F]) activations() []F { return unsafe.Slice(v.act, v.H) }

// rowsOf finds the spline rows of all pairs in g.
func (v *lanes[F]) rowsOf(l *Layer[F], g *Parameters) []*float64 {
	v.rows = v.rows[:0]
	for pair := range l.Species * l.Species {
		v.rows = append(v.rows, &g.Rows[pair*l.SplineRows()*l.Channels])
	}
	return v.rows
}

// receive says where the gradients of an atom of species z go; it waits in place k.
func (v *lanes[F]) receive(l *Layer[F], g *Parameters, rows []*float64, z, k int) {
	v.dPairs = &rows[z*l.Species]
	v.dMix = &g.Mix[z*4*v.N*v.K]
	v.dCouple = &g.Couple[z*len(l.couplings)*v.K]
	v.dA, v.dW = &g.A[z*v.features], &g.W[z*v.H*v.features]
	v.dD, v.dB = &g.D[z*v.H], &g.B[z*v.H]
	v.waiter(k)
}

// waiter turns to place k of the atoms that wait.
func (v *lanes[F]) waiter(k int) {
	v.f, v.gh = &v.fs[k*v.features], &v.ghs[k*v.H]
}

func (v *lanes[F]) addStrain(strain *[6]float64) {
	for k := range v.sums {
		for _, x := range v.sums[k] {
			strain[k] += x
		}
	}
}

// coreForces adds half the core energy of atom i with its neighbours, and its forces.
func (v *lanes[F]) coreForces(core *Core, a *Atoms[F], i int, strain *[6]float64) {
	dx, dy, dz := unsafe.Slice(v.dx, v.n), unsafe.Slice(v.dy, v.n), unsafe.Slice(v.dz, v.n)
	to, edge := unsafe.Slice(v.to, v.n), unsafe.Slice(v.edge, v.n)
	for q := range dx {
		d := [3]F{dx[q], dy[q], dz[q]}
		x, y, z := float64(d[0]), float64(d[1]), float64(d[2])
		r, other := math.Sqrt(x*x+y*y+z*z), a.Type[to[q]]
		if r >= core.Range(a.Type[i], other) {
			continue
		}
		e, de := core.Energy(a.Type[i], other, r)
		a.Energy[i] += e / 2
		c := de / (2 * r)
		g, h := &a.Edge[a.Start[i]+edge[q]], [4]F{F(c * x), F(c * y), F(c * z)}
		g[0], g[1], g[2] = g[0]+h[0], g[1]+h[1], g[2]+h[2]
		addStrain(strain, d, h)
	}
}
