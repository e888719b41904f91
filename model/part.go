package model

import (
	"fmt"
	"math"
	"runtime"

	"mlff/kernel"
	"mlff/structure"
)

// NeighborList is a neighbour list that somebody else keeps, such as one process of a parallel simulation: its own
// atoms, then ghosts, which are atoms of other processes or periodic images.
type NeighborList struct {
	Local, Ghost int
	Numbers      []int32             // [Local+Ghost] atomic numbers; 0: not there for the student
	Centers      []int32             // local atoms that have neighbours here, each once; nil: all
	Neighbors    func(i int) []int32 // of a local atom: indices < Local+Ghost after masking; all within the cutoff, others may be there
	Mask         int32               // of the bits of a neighbour that are its index
}

// Part is what a student says about one part of a structure.
type Part struct {
	Energies []float64       // [Local] eV
	Forces   [][3]float64    // [Local+Ghost] eV/Å; those of ghosts belong to the atoms that they stand for
	Virials  [][3][3]float64 // [Local+Ghost] as Potential.Virials; nil: not wanted
	Grades   []float64       // [Local]; nil: not wanted
	Energy   float64         // sum of Energies, eV
	Virial   [3][3]float64   // of these energies, eV; that of the structure is the sum over its parts
	Grade    float64         // the largest
}

// SetList takes over a list, which must be set again after each change of atoms, species or neighbours. The list is
// checked and copied.
func (p *Potential) SetList(l *NeighborList) error {
	if p.part == nil {
		p.part = p.engine.newPart()
	}
	err := p.part.setList(l)
	runtime.KeepAlive(p)
	return err
}

// EvaluatePart evaluates the list that was set last, at positions [Local+Ghost] in Å. It allocates nothing.
func (p *Potential) EvaluatePart(x [][3]float64, out *Part) error {
	if p.part == nil {
		return structure.Hint(fmt.Errorf("no neighbour list was set"), "set one before each evaluation that follows a change")
	}
	err := p.part.evaluatePart(x, out)
	runtime.KeepAlive(p)
	return err
}

type partEngine interface {
	setList(l *NeighborList) error
	evaluatePart(x [][3]float64, out *Part) error
}

// part runs the engine over a NeighborList. Its targets are the centres, then all else that a centre has as neighbour.
type part[F kernel.Float] struct {
	*engine[F]
	local, all int
	order      []int32 // [targets] index in the caller's list
	index      []int32 // [all] target of the caller's atom, -1: none
	start, in  []int32 // edges that lead to a target: in[start[t]:start[t+1]], ascending
	hidden     []F     // [centres][H], where grades are wanted
	out        *Part

	forcesPart, gatherPart func(worker, block int)
}

func (e *engine[F]) newPart() partEngine {
	o := Options{Grade: e.grade != nil, Skin: -1}
	p := &part[F]{engine: newEngine(e.model, e.kernel, o, e.pool)}
	p.forcesPart, p.gatherPart = p.forcesPartBlock, p.gatherPartBlock
	return p
}

func (p *part[F]) setList(l *NeighborList) error {
	p.order = p.order[:0]
	p.local, p.all = 0, 0
	if err := p.number(l); err != nil {
		return err
	}
	if err := p.connect(l); err != nil {
		p.order = p.order[:0]
		return err
	}
	p.local, p.all = l.Local, l.Local+l.Ghost
	p.invert()
	p.resizePart()
	return nil
}

// number makes targets of the centres.
func (p *part[F]) number(l *NeighborList) error {
	all := l.Local + l.Ghost
	if l.Local < 0 || l.Ghost < 0 || all > math.MaxInt32 || len(l.Numbers) != all {
		return fmt.Errorf("a list of %d atoms and %d ghosts with %d atomic numbers", l.Local, l.Ghost, len(l.Numbers))
	}
	p.index = sized(p.index, all)
	for i := range p.index {
		p.index[i] = -1
	}
	if l.Centers == nil {
		for i := range l.Local {
			p.add(l, int32(i))
		}
		return nil
	}
	for _, i := range l.Centers {
		if i < 0 || int(i) >= l.Local || p.index[i] >= 0 {
			return fmt.Errorf("centre %d of a list of %d atoms is none of them, or there twice", i, l.Local)
		}
		p.add(l, i)
	}
	return nil
}

func (p *part[F]) add(l *NeighborList, i int32) {
	if l.Numbers[i] != 0 {
		p.index[i] = int32(len(p.order))
		p.order = append(p.order, i)
	}
}

// connect copies the edges and makes targets of all that they lead to.
func (p *part[F]) connect(l *NeighborList) error {
	a := &p.atoms
	centers := len(p.order)
	a.Start, a.J = append(a.Start[:0], 0), a.J[:0]
	for k := range centers {
		for _, j := range l.Neighbors(int(p.order[k])) {
			j &= l.Mask
			if j < 0 || int(j) >= len(p.index) {
				return fmt.Errorf("neighbour %d of atom %d in a list of %d atoms and %d ghosts", j, p.order[k], l.Local, l.Ghost)
			}
			if p.index[j] < 0 {
				if p.add(l, j); p.index[j] < 0 {
					continue
				}
			}
			a.J = append(a.J, p.index[j])
		}
		if len(a.J) > math.MaxInt32 {
			return fmt.Errorf("more than 2^31 pairs of neighbours")
		}
		a.Start = append(a.Start, int32(len(a.J)))
	}
	return p.species(l)
}

// species finds the species of the targets.
func (p *part[F]) species(l *NeighborList) error {
	p.numbers = p.numbers[:0]
	for _, i := range p.order {
		p.numbers = append(p.numbers, int(l.Numbers[i]))
	}
	types, err := p.model.types(p.numbers, p.atoms.Type)
	if err == nil {
		p.atoms.Type = types
	}
	return err
}

// invert lists the edges by target.
func (p *part[F]) invert() {
	targets := len(p.order)
	p.start, p.in = sized(p.start, targets+1), sized(p.in, len(p.atoms.J))
	clear(p.start)
	for _, t := range p.atoms.J {
		p.start[t]++
	}
	end := int32(0)
	for t, n := range p.start {
		end += n
		p.start[t] = end
	}
	for k := len(p.atoms.J) - 1; k >= 0; k-- {
		t := p.atoms.J[k]
		p.start[t]--
		p.in[p.start[t]] = int32(k)
	}
}

func (p *part[F]) resizePart() {
	a, n := &p.atoms, len(p.atoms.Start)-1
	a.X = sized(a.X, len(p.order))
	a.Energy, a.Edge = sized(a.Energy, n), sized(a.Edge, len(a.J))
	p.strain = sized(p.strain, (n+blockAtoms-1)/blockAtoms)
	if p.grade != nil {
		p.hidden = sized(p.hidden, n*p.layer.Hidden)
		p.grade.resize(n)
	}
}

// sized is s with length n, with room to grow where it must be made anew.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/8)
	}
	return s[:n]
}

func (p *part[F]) evaluatePart(x [][3]float64, out *Part) error {
	if len(x) != p.all || len(out.Energies) != p.local || len(out.Forces) != p.all {
		return fmt.Errorf("%d positions for a list of %d atoms and ghosts", len(x), p.all)
	}
	bad := 0.0
	for t, i := range p.order {
		p.atoms.X[t] = x[i]
		bad += 0 * (x[i][0] + x[i][1] + x[i][2])
	}
	if bad != 0 { // NaN
		return p.whatIsWrong()
	}
	clear(out.Energies)
	clear(out.Forces)
	p.out, p.atoms.Hidden = out, nil
	if p.grade != nil && out.Grades != nil {
		p.atoms.Hidden = p.hidden
	}
	centers := len(p.atoms.Energy)
	err := p.pool.run((centers+blockAtoms-1)/blockAtoms, p.forcesPart)
	if err == nil {
		err = p.pool.run((len(p.order)+gatherTargets-1)/gatherTargets, p.gatherPart)
	}
	p.out = nil
	if err != nil {
		return err
	}
	return p.sumPart(out)
}

// forcesPartBlock is forcesBlock without alarms, which ask for whole structures, and with grades only where wanted.
func (p *part[F]) forcesPartBlock(worker, block int) {
	lo := block * blockAtoms
	hi := min(lo+blockAtoms, len(p.atoms.Energy))
	p.strain[block] = p.kernel.Forces(p.layer, &p.atoms, lo, hi, p.scratch[worker])
	if p.atoms.Hidden != nil {
		p.grade.block(&p.atoms, lo, hi)
	}
}

// gatherTargets is the unit of parallel work where forces are gathered.
const gatherTargets = 64

// gatherPartBlock sums F_t = sum_out g - sum_in g, and W_t = -sum_in d ⊗ g where wanted.
func (p *part[F]) gatherPartBlock(_, block int) {
	lo := block * gatherTargets
	a, e0 := &p.atoms, p.model.Tensor("energy.E0")
	for t := lo; t < min(lo+gatherTargets, len(p.order)); t++ {
		var f [3]float64
		if t < len(a.Energy) {
			for _, g := range a.Edge[a.Start[t]:a.Start[t+1]] {
				f[0], f[1], f[2] = f[0]+float64(g[0]), f[1]+float64(g[1]), f[2]+float64(g[2])
			}
			p.out.Energies[p.order[t]] = e0[a.Type[t]] + a.Energy[t]
		}
		for _, k := range p.in[p.start[t]:p.start[t+1]] {
			g := &a.Edge[k]
			f[0], f[1], f[2] = f[0]-float64(g[0]), f[1]-float64(g[1]), f[2]-float64(g[2])
		}
		p.out.Forces[p.order[t]] = f
	}
}

// virialsPart writes W_t = -sum_in d ⊗ g edge by edge.
func (p *part[F]) virialsPart(out [][3][3]float64) {
	clear(out)
	a := &p.atoms
	for i := range a.Energy {
		for k := a.Start[i]; k < a.Start[i+1]; k++ {
			t, g := a.J[k], &a.Edge[k]
			d, w := structure.Sub(a.X[t], a.X[i]), &out[p.order[t]]
			for r := range d {
				w[r][0] -= d[r] * float64(g[0])
				w[r][1] -= d[r] * float64(g[1])
				w[r][2] -= d[r] * float64(g[2])
			}
		}
	}
}

func (p *part[F]) sumPart(out *Part) error {
	var s [6]float64
	for _, b := range p.strain {
		for k := range s {
			s[k] -= b[k]
		}
	}
	out.Virial = structure.Tensor(s)
	out.Energy, out.Grade = 0, 0
	for _, v := range out.Energies {
		out.Energy += v
	}
	total := out.Energy
	for _, f := range out.Forces {
		total += f[0] + f[1] + f[2]
	}
	if math.IsNaN(total) || math.IsInf(total, 0) {
		return p.whatIsWrong()
	}
	if out.Virials != nil {
		p.virialsPart(out.Virials)
	}
	if p.atoms.Hidden != nil {
		clear(out.Grades)
		for t, g := range p.grade.values {
			out.Grades[p.order[t]] = g
			out.Grade = max(out.Grade, g) // NaN stays NaN
		}
	}
	return nil
}

// whatIsWrong finds out why forces are not finite.
func (p *part[F]) whatIsWrong() error {
	a := &p.atoms
	for t, x := range a.X {
		if s := x[0] + x[1] + x[2]; math.IsNaN(s) || math.IsInf(s, 0) {
			return &PartError{Atom: int(p.order[t]), Other: -1}
		}
	}
	for i := range a.Energy {
		for _, t := range a.J[a.Start[i]:a.Start[i+1]] {
			if d := structure.Sub(a.X[t], a.X[i]); math.Sqrt(d[0]*d[0]+d[1]*d[1]+d[2]*d[2]) < 1e-3 {
				return &PartError{Atom: int(p.order[i]), Other: int(p.order[t])}
			}
		}
	}
	return structure.Hint(fmt.Errorf("energy or forces are not finite"), "look for atoms almost on top of each other")
}

// PartError names atoms of a NeighborList: one whose position is not finite, or two at the same place.
type PartError struct{ Atom, Other int } // Other is -1 for a position that is not finite

func (e *PartError) Error() string {
	if e.Other < 0 {
		return fmt.Sprintf("the position of atom %d is not finite", e.Atom)
	}
	return fmt.Sprintf("atoms %d and %d are at the same place", e.Atom, e.Other)
}
