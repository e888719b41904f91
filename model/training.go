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

	sample         *Sample
	weight         float64
	forces, params func(worker, slot int)
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
	g.forces, g.params = g.forcesSlot, g.paramsSlot
	g.Refresh()
	return g, nil
}

// Close ends the threads.
func (g *Gradient) Close() { g.pool.close() }

// Refresh takes over the model's current parameters; call it after every change.
func (g *Gradient) Refresh() { g.layer = newLayer[float64](g.model, 0) }

// EnergyForces writes energy, forces and virial of a sample.
func (g *Gradient) EnergyForces(s *Sample, out *structure.Result) error {
	g.place(s, nil, [3][3]float64{}, 0)
	if err := g.pool.run(slots, g.forces); err != nil {
		return err
	}
	n := s.Len()
	out.Resize(n)
	out.Energy, out.Virial = 0, [3][3]float64{}
	e0 := g.model.Tensor("energy.E0")
	for i := range n {
		var f [3]float64
		for _, v := range g.atoms.Edge[s.list.Start[i]:s.list.Start[i+1]] {
			f[0], f[1], f[2] = f[0]+v[0], f[1]+v[1], f[2]+v[2]
		}
		for _, edge := range s.list.In[s.list.InStart[i]:s.list.InStart[i+1]] {
			v := &g.atoms.Edge[edge]
			f[0], f[1], f[2] = f[0]-v[0], f[1]-v[1], f[2]-v[2]
		}
		out.Forces[i] = f
		out.Energies[i] = e0[s.types[i]] + g.atoms.Energy[i]
		out.Energy += out.Energies[i]
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
	g.place(s, u, strain, step)
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
	g.place(s, nil, [3][3]float64{}, 0)
	return out[:n], g.pool.run(slots, g.forces)
}

// place writes the positions of all targets.
func (g *Gradient) place(s *Sample, u [][3]float64, strain [3][3]float64, step float64) {
	g.sample = s
	a := &g.atoms
	a.X = s.list.Positions(&s.s, a.X)
	if step != 0 {
		for t := range a.X {
			d := structure.Add(structure.Mul(a.X[t], strain), u[s.list.Owner[t]])
			a.X[t] = structure.Add(a.X[t], structure.Scale(step, d))
		}
	}
	a.Type, a.Start, a.J = s.types, s.list.Start, s.list.J
	if cap(a.Energy) < s.Len() {
		a.Energy = make([]float64, s.Len())
	}
	a.Energy = a.Energy[:s.Len()]
	if cap(a.Edge) < len(a.J) {
		a.Edge = make([][4]float64, len(a.J))
	}
	a.Edge = a.Edge[:len(a.J)]
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

func (g *Gradient) paramsSlot(worker, slot int) {
	lo, hi := g.share(slot)
	g.kernel.Gradient(g.layer, &g.atoms, lo, hi, g.weight, g.sums[slot], g.scratch[worker])
}
