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
// Where all local atoms are centres, in order, and none is hidden from the student, targets are simply the caller's atoms:
// then positions are read and forces written where they lie.
type part[F kernel.Float] struct {
	*engine[F]
	local, all int
	direct     bool           // targets are the caller's atoms
	order      []int32        // [targets] index in the caller's list; of the local atoms alone if direct
	index      []int32        // [all] target of the caller's atom, -1: none; unused if direct
	start, in  []int32        // edges that lead to a target: in[start[t]:start[t+1]], ascending
	guards     []kernel.Guard // [centres] for grades
	x, sums    [][3]float64   // [targets] memory for positions and forces; unused if direct
	out        *Part

	forcesPart, gatherPart func(worker, block int)
}

func (e *engine[F]) newPart() partEngine {
	o := Options{Grade: e.watch != nil, Skin: -1}
	p := &part[F]{engine: newEngine(e.model, e.kernel, o, e.pool)}
	p.forcesPart, p.gatherPart = p.forcesPartBlock, p.gatherPartBlock
	return p
}

func (p *part[F]) evaluatePart(x [][3]float64, out *Part) error {
	if len(x) != p.all || len(out.Energies) != p.local || len(out.Forces) != p.all {
		return fmt.Errorf("%d positions for a list of %d atoms and ghosts", len(x), p.all)
	}
	p.begin(x, out)
	centers, targets := len(p.atoms.Energy), len(p.start)-1
	err := p.pool.run((centers+blockAtoms-1)/blockAtoms, p.forcesPart)
	if err == nil {
		err = p.pool.run((targets+gatherTargets-1)/gatherTargets, p.gatherPart)
	}
	if err == nil {
		err = p.sumPart(out)
	}
	p.out, p.own, p.atoms.X = nil, nil, nil // the caller's memory may go
	return err
}

// begin says where positions are and forces go.
func (p *part[F]) begin(x [][3]float64, out *Part) {
	p.out, p.atoms.Guard = out, nil
	if p.watch != nil && out.Grades != nil {
		p.atoms.Guard = p.guards
	}
	if p.direct {
		p.atoms.X, p.own = x, out.Forces
		return
	}
	p.atoms.X, p.own = p.x, p.sums
	for t, i := range p.order {
		p.x[t] = x[i]
	}
	clear(out.Energies)
	clear(out.Forces)
}

// forcesPartBlock is forcesBlock of the centres.
func (p *part[F]) forcesPartBlock(worker, block int) {
	lo := block * blockAtoms
	hi := min(lo+blockAtoms, len(p.atoms.Energy))
	p.strain[block] = p.kernel.Forces(p.layer, &p.atoms, lo, hi, p.scratch[worker])
	kernel.Outgoing(p.own, p.atoms.Edge, p.atoms.Start, lo, hi)
}

// gatherTargets is the unit of parallel work where forces are gathered.
const gatherTargets = 64

// gatherPartBlock completes F_t = sum_out g - sum_in g.
func (p *part[F]) gatherPartBlock(_, block int) {
	lo := block * gatherTargets
	hi := min(lo+gatherTargets, len(p.start)-1)
	a, e0 := &p.atoms, p.model.Tensor("energy.E0")
	if ghosts := max(lo, len(a.Energy)); ghosts < hi {
		clear(p.own[ghosts:hi])
	}
	kernel.Incoming(p.own, a.Edge, p.start, p.in, lo, hi)
	if !p.direct {
		for t := lo; t < hi; t++ {
			p.out.Forces[p.order[t]] = p.own[t]
		}
	}
	for t := lo; t < min(hi, len(a.Energy)); t++ {
		p.out.Energies[p.order[t]] = e0[a.Type[t]] + a.Energy[t]
	}
}

// virialsPart writes W_t = -sum_in d ⊗ g edge by edge.
func (p *part[F]) virialsPart(out [][3][3]float64) {
	clear(out)
	a := &p.atoms
	for i := range a.Energy {
		for k := a.Start[i]; k < a.Start[i+1]; k++ {
			t, g := a.J[k], &a.Edge[k]
			d, w := structure.Sub(a.X[t], a.X[i]), &out[p.caller(t)]
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
	for i := range out.Forces {
		f := &out.Forces[i]
		total += f[0] + f[1] + f[2]
	}
	if math.IsNaN(total) || math.IsInf(total, 0) {
		return p.whatIsWrong()
	}
	if out.Virials != nil {
		p.virialsPart(out.Virials)
	}
	if p.atoms.Guard != nil {
		clear(out.Grades)
		for t := range p.atoms.Guard {
			g := p.atoms.Guard[t].Grade
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
			return &PartError{Atom: int(p.caller(int32(t))), Other: -1}
		}
	}
	for i := range a.Energy {
		for _, t := range a.J[a.Start[i]:a.Start[i+1]] {
			if d := structure.Sub(a.X[t], a.X[i]); math.Sqrt(d[0]*d[0]+d[1]*d[1]+d[2]*d[2]) < 1e-3 {
				return &PartError{Atom: int(p.caller(int32(i))), Other: int(p.caller(t))}
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
