package model

import (
	"errors"
	"fmt"
	"math"
	"runtime"

	"mlff/kernel"
	"mlff/neighbor"
	"mlff/structure"
)

// Options say how a student is run. The zero value is right for MD.
type Options struct {
	Threads   int     // 0: all processors
	Precision string  // "float32" (default) or "float64"
	Skin      float64 // Å, extra reach of the neighbour list; 0: 0.8 Å. Negative: none
	Kernel    string  // back end; "": the fastest
	Grade     bool    // compute extrapolation grades and alarms
}

// defaultSkin [Å] weighs pairs that are looked at in vain against rebuilds: steps of the reference system of package
// benchmark, whose atoms move like those of a hot gas, take 1 to 2 % less time at 0.7 or 0.8 Å than at 1 Å, on one thread
// and on two; with atoms of hydrogen there is no difference.
const defaultSkin = 0.8

// blockAtoms is the unit of parallel work: small enough to balance 200 atoms over a few threads.
const blockAtoms = 4

// gatherAtoms and placeAtoms are the same for the sum of forces and the positions of images, which are less work.
const (
	gatherAtoms = 16
	placeAtoms  = 64
)

// Potential runs a student: energy, forces and virial of one structure after another. It keeps the neighbour list and
// all memory between calls. One goroutine at a time.
type Potential struct {
	model  *Model
	pool   *pool
	engine interface {
		evaluate(s *structure.Structure, out *structure.Result) error
		name() string
		list() *neighbor.List
		grades() []float64
		alarms() []Alarm
		frame() (float64, Alarm)
		virials(out [][3][3]float64)
		edgeBytes() int
		newPart() partEngine
	}
	part partEngine // for lists that somebody else keeps; nil until the first
}

// Potential prepares to run the model. Close it to end its threads at once; a forgotten one ends with the next
// garbage collection.
func (m *Model) Potential(o Options) (*Potential, error) {
	if o.Grade && m.grade == nil {
		return nil, structure.Hint(errors.New("the student's extrapolation grade was never calibrated"), "distil it again, or run without grades")
	}
	set, err := kernel.Choose(o.Kernel, m.config.Shape)
	if err != nil {
		return nil, err
	}
	p := &Potential{model: m, pool: newPool(o.Threads)}
	switch o.Precision {
	case "", "float32":
		p.engine = newEngine(m, set.Single, o, p.pool)
	case "float64":
		p.engine = newEngine[float64](m, set.Double, o, p.pool)
	default:
		return nil, fmt.Errorf("precision %q: must be float32 or float64", o.Precision)
	}
	runtime.AddCleanup(p, (*pool).close, p.pool)
	return p, nil
}

// Close ends the threads.
func (p *Potential) Close() { p.pool.close() }

// Model is what the potential runs.
func (p *Potential) Model() *Model { return p.model }

// Kernel names the back end in use.
func (p *Potential) Kernel() string { return p.engine.name() }

// List is the neighbour list of the last call; it must not be changed.
func (p *Potential) List() *neighbor.List { return p.engine.list() }

// Grades are the extrapolation grades of the atoms of the last call, nil unless asked for; valid until the next call.
func (p *Potential) Grades() []float64 { return p.engine.grades() }

// Evaluate writes energy, per-atom energies, forces and virial of s into out. It allocates nothing while the number of
// atoms and neighbours does not grow. Errors: *UnknownSpeciesError, *neighbor.CoincidentError, positions or a cell that
// are not finite, and results that are not.
func (p *Potential) Evaluate(s *structure.Structure, out *structure.Result) error {
	err := p.engine.evaluate(s, out)
	runtime.KeepAlive(p) // or the cleanup might end the threads at work
	return err
}

// engine is a Potential in one precision.
type engine[F kernel.Float] struct {
	model   *Model
	pool    *pool
	kernel  kernel.Kernel[F]
	layer   *kernel.Layer[F]
	pairs   *neighbor.List
	atoms   kernel.Atoms[F]
	numbers []int // whose species indices atoms.Type holds
	scratch []*kernel.Scratch[F]
	strain  [][6]float64 // [blocks] sum d ⊗ g
	watch   *watch       // grades and alarms; nil: not asked for

	of                    *structure.Structure // of the current call
	out                   *structure.Result
	own                   [][3]float64 // [atoms] for the sums along the atoms' own edges, nil: not wanted
	place, forces, gather func(worker, block int)
}

func newEngine[F kernel.Float](m *Model, k kernel.Kernel[F], o Options, p *pool) *engine[F] {
	skin := o.Skin
	if skin == 0 {
		skin = defaultSkin
	}
	e := &engine[F]{model: m, pool: p, kernel: k, layer: newLayer[F](m, 0), pairs: neighbor.New(m.config.Cutoff, max(skin, 0))}
	for range p.threads {
		e.scratch = append(e.scratch, kernel.NewScratch[F](m.config.Shape))
	}
	if o.Grade {
		e.layer.SetGrade(m.inverseGrade())
		e.watch = newWatch(m)
	}
	e.place, e.forces, e.gather = e.placeBlock, e.forcesBlock, e.gatherBlock
	return e
}

func (e *engine[F]) name() string         { return e.kernel.Name() }
func (e *engine[F]) list() *neighbor.List { return e.pairs }

func (e *engine[F]) grades() []float64 {
	if e.watch == nil {
		return nil
	}
	return e.watch.grades
}

func (e *engine[F]) evaluate(s *structure.Structure, out *structure.Result) error {
	if err := e.prepare(s); err != nil {
		return err
	}
	n := s.Len()
	out.Resize(n)
	if e.watch != nil {
		e.watch.resize(n)
		e.atoms.Guard = e.watch.guards
	}
	e.out, e.own = out, out.Forces
	blocks := (n + blockAtoms - 1) / blockAtoms
	err := e.pool.run(blocks, e.forces)
	if err == nil {
		err = e.pool.run((n+gatherAtoms-1)/gatherAtoms, e.gather)
	}
	e.out, e.own = nil, nil
	if err != nil {
		return err
	}
	return e.sum(out, blocks)
}

// prepare brings list, types and target positions up to date.
func (e *engine[F]) prepare(s *structure.Structure) error {
	fresh := len(e.numbers) != len(s.Numbers)
	for i := 0; !fresh && i < len(e.numbers); i++ {
		fresh = e.numbers[i] != s.Numbers[i]
	}
	if fresh {
		e.numbers = e.numbers[:0]
		types, err := e.model.types(s.Numbers, e.atoms.Type)
		if err != nil {
			return err
		}
		e.atoms.Type, e.numbers = types, append(e.numbers, s.Numbers...)
		if e.watch != nil {
			e.watch.begin(types)
		}
	}
	rebuilt, err := e.pairs.Update(s)
	if err != nil {
		e.numbers = e.numbers[:0]
		return err
	}
	a := &e.atoms
	a.X = sized(a.X, len(e.pairs.Owner))
	e.of = s
	err = e.pool.run((s.Len()+placeAtoms-1)/placeAtoms, e.place)
	e.of = nil
	if err != nil {
		return err
	}
	if rebuilt || fresh {
		a.Type = a.Type[:s.Len()]
		for _, owner := range e.pairs.Owner[s.Len():] {
			a.Type = append(a.Type, a.Type[owner])
		}
		e.resize(s.Len())
	}
	return nil
}

func (e *engine[F]) resize(n int) {
	a := &e.atoms
	a.Start, a.J = e.pairs.Start, e.pairs.J
	if cap(a.Energy) < n {
		a.Energy = make([]float64, n)
		e.strain = make([][6]float64, (n+blockAtoms-1)/blockAtoms)
	}
	a.Energy = a.Energy[:n]
	if edges := len(a.J); cap(a.Edge) < edges {
		a.Edge = make([][4]F, edges+edges/8)
	}
	a.Edge = a.Edge[:len(a.J)]
}

// placeBlock brings target positions up to date, on the worker that needs most of them.
func (e *engine[F]) placeBlock(_, block int) {
	lo := block * placeAtoms
	e.pairs.Place(e.of, e.atoms.X, lo, min(lo+placeAtoms, e.pairs.N))
}

// forcesBlock runs the kernel. It sums what pulls at an atom along its own edges while they are in the nearest cache.
func (e *engine[F]) forcesBlock(worker, block int) {
	lo := block * blockAtoms
	hi := min(lo+blockAtoms, len(e.atoms.Energy))
	e.strain[block] = e.kernel.Forces(e.layer, &e.atoms, lo, hi, e.scratch[worker])
	if e.own != nil {
		kernel.Outgoing(e.own, e.atoms.Edge, e.atoms.Start, lo, hi)
	}
}

// gatherBlock completes F_i = sum_out g - sum_in g in the fixed order of the list, and E_i = E0 + the learned part.
func (e *engine[F]) gatherBlock(_, block int) {
	lo := block * gatherAtoms
	hi := min(lo+gatherAtoms, len(e.atoms.Energy))
	kernel.Incoming(e.out.Forces, e.atoms.Edge, e.pairs.InStart, e.pairs.In, lo, hi)
	e0 := e.model.Tensor("energy.E0")
	for i := lo; i < hi; i++ {
		e.out.Energies[i] = e0[e.atoms.Type[i]] + e.atoms.Energy[i]
	}
}

// sum adds up energy and virial in index order and refuses what is not finite.
func (e *engine[F]) sum(out *structure.Result, blocks int) error {
	if e.watch != nil {
		e.watch.summarise(e.atoms.Type)
	}
	out.Energy = 0
	for _, v := range out.Energies {
		out.Energy += v
	}
	var s [6]float64
	for _, b := range e.strain[:blocks] {
		for k := range s {
			s[k] += b[k]
		}
	}
	for k := range s {
		s[k] = -s[k]
	}
	out.Virial = structure.Tensor(s)
	total := out.Energy
	for i := range out.Forces {
		f := &out.Forces[i]
		total += f[0] + f[1] + f[2]
	}
	if math.IsNaN(total) || math.IsInf(total, 0) {
		return structure.Hint(errors.New("energy or forces are not finite"), "look for atoms almost on top of each other")
	}
	return nil
}
