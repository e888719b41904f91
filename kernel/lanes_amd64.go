//go:build !purego

package kernel

import (
	"math"
	"unsafe"
)

// together is the most atoms whose readout a back end computes at once.
const together = 4

// lanes is the memory of the assembly: sites of atoms whose invariants wait for the readout, which is faster for
// several at once.
type lanes[F Float] struct {
	sites [together]site[F]
	slots int            // neighbours that every site has room for
	count int            // sites in use
	atom  [together]int  // their atoms
	types [together]byte // and species
	list  [together]*site[F]
	sums  [6][8]float64 // strain
	rows  []*float64    // [S][S] spline rows of a gradient
}

// blockRows is the most rows that a block of neighbours has.
const blockRows = 26

// reserve makes room for the neighbours of the atoms lo <= i < hi and starts the sum of the strain.
func (s *Scratch[F]) reserve(l *Layer[F], a *Atoms[F], lo, hi int) *lanes[F] {
	v := &s.lanes
	most := 0
	for i := lo; i < hi; i++ {
		most = max(most, int(a.Start[i+1]-a.Start[i]))
	}
	grow := most > v.slots
	if grow {
		v.slots = most + most/4
	}
	for w := range v.sites {
		site := &v.sites[w]
		if site.a == nil {
			site.channels(l.Shape)
		}
		if grow {
			site.grow(v.slots)
		}
		site.last, site.rowBytes, site.per = l.Intervals-1, l.packed.rowBytes, l.packed.perInterval
		site.strain, site.weight = &v.sums, 1
		if len(a.X) > 0 {
			site.x, site.types = &a.X[0], &a.Type[0]
		}
	}
	v.sums, v.count = [6][8]float64{}, 0
	return v
}

// room is the start of n aligned numbers.
func room[T any](n int) *T { return &aligned[T](n)[0] }

func (v *site[F]) channels(s Shape) {
	v.N, v.K, v.H, v.features = s.Channels, s.Mixed, s.Hidden, s.Features()
	v.a, v.ga, v.gat = room[F](16*v.N), room[F](16*v.N), room[F](16*16)
	v.b, v.gb, v.t, v.gt = room[F](16*v.K), room[F](16*v.K), room[F](16*v.K), room[F](16*v.K)
	components := 0
	for _, c := range s.Couplings() {
		components += 2*c.L + 1
	}
	v.u = room[F](components * v.K)
	v.f, v.gf = room[F](v.features), room[F](v.features)
	v.act, v.gh = room[F](v.H), room[F](v.H)
}

// grow makes room for n neighbours, whole vectors of them and one vector behind.
func (v *site[F]) grow(n int) {
	n = (n+15)/16*16 + 16
	v.dx, v.dy, v.dz = room[F](n), room[F](n), room[F](n)
	v.to, v.edge, v.offset = room[int32](n), room[int32](n), room[int32](n)
	v.block = room[F](n * blockRows)
	v.r, v.dr = room[F](n*v.N), room[F](n*v.N)
	v.p, v.q = room[F](16*n), room[F](16*n)
}

// place prepares the next site for atom i; it returns nil if the atom has no edges.
func (v *lanes[F]) place(l *Layer[F], a *Atoms[F], i int) *site[F] {
	first, end := a.Start[i], a.Start[i+1]
	if first == end {
		return nil
	}
	s := &v.sites[v.count]
	s.element = l.packed.elements[a.Type[i]]
	s.xi, s.j, s.listed = &a.X[i], &a.J[first], int(end-first)
	if len(a.Edge) > 0 { // not needed for a gradient
		s.edges = &a.Edge[first]
	}
	v.types[v.count] = a.Type[i]
	return s
}

// add keeps the site that was placed last: atom i waits.
func (v *lanes[F]) add(i int) *site[F] {
	v.atom[v.count] = i
	v.count++
	return &v.sites[v.count-1]
}

// all is the set of sites in use, as bits.
func (v *lanes[F]) all() uint { return 1<<v.count - 1 }

// take lists the sites of one species and removes them from the set; it returns their number.
func (v *lanes[F]) take(left *uint) (n int) {
	var species byte
	for k := range v.count {
		switch {
		case *left>>k&1 == 0:
			continue
		case n == 0:
			species = v.types[k]
		case v.types[k] != species:
			continue
		}
		v.list[n] = &v.sites[k]
		*left &^= 1 << k
		n++
	}
	return n
}

// activations are those of the readout.
func (v *site[F]) activations() []F { return unsafe.Slice(v.act, v.H) }

// guard writes what there is to say of atom i.
func (v *site[F]) guard(l *Layer[F], a *Atoms[F], i int) {
	a.Guard[i] = Guard{Neighbors: int32(v.n)}
	if v.gradeT != nil {
		a.Guard[i].Grade = math.Sqrt(l.grading.constant[a.Type[i]] + v.grade)
	}
}

// start prepares a gradient.
func (v *lanes[F]) start(l *Layer[F], g *Parameters, weight F) {
	v.rows = v.rows[:0]
	for pair := range l.Species * l.Species {
		v.rows = append(v.rows, &g.Rows[pair*l.SplineRows()*l.Channels])
	}
	for w := range v.sites {
		v.sites[w].weight = weight
	}
}

// receive says where the gradients of an atom of species z go.
func (v *site[F]) receive(l *Layer[F], g *Parameters, rows []*float64, z int) {
	v.dPairs = &rows[z*l.Species]
	v.dMix = &g.Mix[z*4*v.N*v.K]
	v.dCouple = &g.Couple[z*len(l.couplings)*v.K]
	v.dA, v.dW = &g.A[z*v.features], &g.W[z*v.H*v.features]
	v.dD, v.dB = &g.D[z*v.H], &g.B[z*v.H]
}

func (v *lanes[F]) addStrain(strain *[6]float64) {
	for k := range v.sums {
		for _, x := range v.sums[k] {
			strain[k] += x
		}
	}
}

// coreForces adds half the core energy of atom i with its neighbours, and its forces.
func (v *site[F]) coreForces(l *Layer[F], a *Atoms[F], i int, strain *[6]float64) {
	dx, dy, dz := unsafe.Slice(v.dx, v.n), unsafe.Slice(v.dy, v.n), unsafe.Slice(v.dz, v.n)
	edge, most := unsafe.Slice(v.edge, v.n), l.packed.limits[a.Type[i]][1]
	for q := range dx {
		if dx[q]*dx[q]+dy[q]*dy[q]+dz[q]*dz[q] < most {
			corePair(l.Core, a, i, a.Start[i]+edge[q], strain)
		}
	}
}
