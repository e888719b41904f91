package model

import (
	"mlff/kernel"
	"mlff/neighbor"
	"mlff/structure"
)

// ListReach is how far beyond the cutoff [Å] training lists reach, so that the displaced evaluations of the training
// gradient, which move no pair by more than 1e-4 Å, find all their neighbours.
const ListReach = 2e-4

// Sample is a frame prepared for training: its neighbour list and species. It is immutable.
type Sample struct {
	s     structure.Structure
	list  *neighbor.List
	types []uint8 // [targets]
}

// Prepare builds the list of s, which must not change afterwards.
func (m *Model) Prepare(s *structure.Structure) (*Sample, error) {
	types, err := m.types(s.Numbers, nil)
	if err != nil {
		return nil, err
	}
	list := neighbor.New(m.config.Cutoff+ListReach, 0)
	if _, err := list.Update(s); err != nil {
		return nil, err
	}
	list = list.Compact()
	all := make([]uint8, len(list.Owner))
	for t, owner := range list.Owner {
		all[t] = types[owner]
	}
	return &Sample{s: *s, list: list, types: all}, nil
}

// Len is the number of atoms.
func (s *Sample) Len() int { return s.s.Len() }

// Neighbors writes the number of neighbours of every atom into out, resized.
func (s *Sample) Neighbors(out []int) []int {
	out = out[:0]
	for i := range s.Len() {
		out = append(out, int(s.list.Start[i+1]-s.list.Start[i]))
	}
	return out
}

// slots is the number of accumulators a gradient is spread over, and so the most threads that help; fixed, because the
// order of summation must not depend on the threads.
const slots = 16

// Gradient evaluates samples in float64 and accumulates gradients by the parameters, the same bits for any number of
// threads. One goroutine at a time.
type Gradient struct {
	model   *Model
	pool    *pool
	kernel  kernel.Trainer
	layer   *kernel.Layer[float64]
	scratch []*kernel.Scratch[float64]
	sums    [slots]*kernel.Parameters
	strain  [slots][6]float64
	e0      []float64
	atoms   kernel.Atoms[float64]

	sample *Sample
	move   displacement
	weight float64
	out    *structure.Result // of the current call of EnergyForces

	positions, forces, gather, params func(worker, slot int)
}

// NewGradient prepares to train m with the given number of threads (0: all processors).
func NewGradient(m *Model, threads int) (*Gradient, error) { return NewGradientOn(m, threads, "") }

// NewGradientOn does so on the named back end; "": the fastest.
func NewGradientOn(m *Model, threads int, name string) (*Gradient, error) {
	set, err := kernel.Choose(name, m.config.Shape)
	if err != nil {
		return nil, err
	}
	g := &Gradient{model: m, pool: newPool(threads), kernel: set.Double, e0: make([]float64, m.config.Species)}
	for range g.pool.threads {
		g.scratch = append(g.scratch, kernel.NewScratch[float64](m.config.Shape))
	}
	for k := range g.sums {
		g.sums[k] = kernel.NewParameters(m.config.Shape)
	}
	g.positions, g.forces, g.gather, g.params = g.positionsSlot, g.forcesSlot, g.gatherSlot, g.paramsSlot
	g.Refresh()
	return g, nil
}

// Close ends the threads.
func (g *Gradient) Close() { g.pool.close() }

// Refresh takes over the model's current parameters; call it after every change.
func (g *Gradient) Refresh() { g.layer = newLayer[float64](g.model, 0) }

// EnergyForces writes energy, forces and virial of a sample.
func (g *Gradient) EnergyForces(s *Sample, out *structure.Result) error {
	if err := g.place(s, nil, [3][3]float64{}, 0); err != nil {
		return err
	}
	n := s.Len()
	out.Resize(n)
	g.out = out
	err := g.pool.run(slots, g.forces)
	if err == nil {
		err = g.pool.run(slots, g.gather)
	}
	g.out = nil
	if err != nil {
		return err
	}
	out.Energy, out.Virial = 0, [3][3]float64{}
	for _, v := range out.Energies {
		out.Energy += v
	}
	var strain [6]float64
	for _, b := range g.strain {
		for k := range strain {
			strain[k] -= b[k]
		}
	}
	out.Virial = structure.Tensor(strain)
	return nil
}

// Accumulate adds weight · dE/d(parameters) of a sample whose atoms are displaced by step · u [N] and whose space is
// deformed by step · strain, with the neighbours of the undisturbed sample: x -> x + step (x strain + u). The sum is
// kept inside until Reduce.
func (g *Gradient) Accumulate(s *Sample, u [][3]float64, strain [3][3]float64, step, weight float64) error {
	if err := g.place(s, u, strain, step); err != nil {
		return err
	}
	g.weight = weight
	for _, z := range s.types[:s.Len()] {
		g.e0[z] += weight
	}
	return g.pool.run(slots, g.params)
}

// Reduce adds what was accumulated to grad, laid out as Params, and starts afresh.
func (g *Gradient) Reduce(grad []float64) {
	for _, p := range g.sums[1:] {
		g.sums[0].Add(p)
		p.Zero()
	}
	g.model.addGradient(0, g.sums[0], grad)
	g.sums[0].Zero()
	for z, v := range g.e0 { // energy.E0 comes first in Params
		grad[z] += v
		g.e0[z] = 0
	}
}

// Hidden writes the activations silu(W f + d) of a sample's atoms into out, [N][H], resized.
func (g *Gradient) Hidden(s *Sample, out []float64) ([]float64, error) {
	n := s.Len() * g.layer.Hidden
	if cap(out) < n {
		out = make([]float64, n)
	}
	g.atoms.Hidden = out[:n]
	defer func() { g.atoms.Hidden = nil }()
	if err := g.place(s, nil, [3][3]float64{}, 0); err != nil {
		return nil, err
	}
	return out[:n], g.pool.run(slots, g.forces)
}

// place writes the positions of all targets, displaced as Accumulate says.
func (g *Gradient) place(s *Sample, u [][3]float64, strain [3][3]float64, step float64) error {
	g.sample, g.move = s, displacement{u, strain, step}
	a := &g.atoms
	a.X = sized(a.X, len(s.list.Owner))
	a.Type, a.Start, a.J = s.types, s.list.Start, s.list.J
	a.Energy, a.Edge = sized(a.Energy, s.Len()), sized(a.Edge, len(a.J))
	return g.pool.run(slots, g.positions)
}

// displacement takes x to x + step (x strain + u).
type displacement struct {
	u      [][3]float64 // [N]
	strain [3][3]float64
	step   float64
}

// apply displaces targets t of atoms owner[t].
func (d *displacement) apply(x [][3]float64, owner []int32, first, end int) {
	s := &d.strain
	for t := first; t < end; t++ { // for every sample, and written out for speed
		p, u := &x[t], &d.u[owner[t]]
		p[0], p[1], p[2] = p[0]+d.step*(p[0]*s[0][0]+p[1]*s[1][0]+p[2]*s[2][0]+u[0]),
			p[1]+d.step*(p[0]*s[0][1]+p[1]*s[1][1]+p[2]*s[2][1]+u[1]),
			p[2]+d.step*(p[0]*s[0][2]+p[1]*s[1][2]+p[2]*s[2][2]+u[2])
	}
}

func (g *Gradient) positionsSlot(_, slot int) {
	lo, hi := g.share(slot)
	list, x := g.sample.list, g.atoms.X
	list.Place(&g.sample.s, x, lo, hi)
	if g.move.step != 0 {
		first, end := list.Images(lo, hi)
		g.move.apply(x, list.Owner, lo, hi)
		g.move.apply(x, list.Owner, first, end)
	}
}

// share is the atoms of one slot: contiguous, as equal as they come.
func (g *Gradient) share(slot int) (lo, hi int) {
	n := g.sample.Len()
	return slot * n / slots, (slot + 1) * n / slots
}

func (g *Gradient) forcesSlot(worker, slot int) {
	lo, hi := g.share(slot)
	g.strain[slot] = g.kernel.Forces(g.layer, &g.atoms, lo, hi, g.scratch[worker])
}

// gatherSlot sums F_i = sum_out g - sum_in g, and E_i. Unlike the forces of a simulation, those of a loss are not rounded:
// its gradient is a difference of them.
func (g *Gradient) gatherSlot(_, slot int) {
	lo, hi := g.share(slot)
	list, edges, e0 := g.sample.list, g.atoms.Edge, g.model.Tensor("energy.E0")
	for i := lo; i < hi; i++ {
		var x, y, z float64
		for k := list.Start[i]; k < list.Start[i+1]; k++ {
			v := &edges[k]
			x, y, z = x+v[0], y+v[1], z+v[2]
		}
		for _, k := range list.In[list.InStart[i]:list.InStart[i+1]] {
			v := &edges[k]
			x, y, z = x-v[0], y-v[1], z-v[2]
		}
		g.out.Forces[i] = [3]float64{x, y, z}
		g.out.Energies[i] = e0[g.sample.types[i]] + g.atoms.Energy[i]
	}
}

func (g *Gradient) paramsSlot(worker, slot int) {
	lo, hi := g.share(slot)
	g.kernel.Gradient(g.layer, &g.atoms, lo, hi, g.weight, g.sums[slot], g.scratch[worker])
}
