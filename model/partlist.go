package model

import (
	"fmt"
	"math"
)

// setList checks and copies a list. After an error there is none.
func (p *part[F]) setList(l *NeighborList) error {
	p.local, p.all = 0, 0
	p.start = append(p.start[:0], 0)
	p.atoms.Energy = p.atoms.Energy[:0]
	if err := p.number(l); err != nil {
		return err
	}
	if err := p.connect(l); err != nil {
		return err
	}
	if err := p.species(l); err != nil {
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
	p.order = p.order[:0]
	if p.direct = l.plain(); p.direct {
		for i := range l.Local {
			p.order = append(p.order, int32(i))
		}
		return nil
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

// plain tells whether all local atoms are centres, in order, and the student is to see everything.
func (l *NeighborList) plain() bool {
	if l.Centers != nil && len(l.Centers) != l.Local {
		return false
	}
	for k, i := range l.Centers {
		if int(i) != k {
			return false
		}
	}
	for _, z := range l.Numbers {
		if z == 0 {
			return false
		}
	}
	return true
}

func (p *part[F]) add(l *NeighborList, i int32) {
	if l.Numbers[i] != 0 {
		p.index[i] = int32(len(p.order))
		p.order = append(p.order, i)
	}
}

// caller is the index of a target in the caller's list.
func (p *part[F]) caller(t int32) int32 {
	if p.direct {
		return t
	}
	return p.order[t]
}

// connect copies the edges and makes targets of all that they lead to.
func (p *part[F]) connect(l *NeighborList) error {
	a := &p.atoms
	centers, all := len(p.order), l.Local+l.Ghost
	a.Start, a.J = append(a.Start[:0], 0), a.J[:0]
	for k := range centers {
		row := l.Neighbors(int(p.order[k]))
		first := len(a.J)
		for _, j := range row {
			j &= l.Mask
			if uint(j) >= uint(all) {
				return fmt.Errorf("neighbour %d of atom %d in a list of %d atoms and %d ghosts", j, p.order[k], l.Local, l.Ghost)
			}
			a.J = append(a.J, j)
		}
		if !p.direct {
			a.J = a.J[:first+p.renumber(l, a.J[first:])]
		}
		if len(a.J) > math.MaxInt32 {
			return fmt.Errorf("more than 2^31 pairs of neighbours")
		}
		a.Start = append(a.Start, int32(len(a.J)))
	}
	return nil
}

// renumber turns atoms of the caller into targets, leaving out the hidden ones, and returns how many remain.
func (p *part[F]) renumber(l *NeighborList, row []int32) (n int) {
	for _, j := range row {
		if p.index[j] < 0 {
			p.add(l, j)
		}
		if t := p.index[j]; t >= 0 {
			row[n] = t
			n++
		}
	}
	return n
}

// species finds the species of the targets.
func (p *part[F]) species(l *NeighborList) error {
	p.numbers = p.numbers[:0]
	if p.direct {
		for _, z := range l.Numbers {
			p.numbers = append(p.numbers, int(z))
		}
	} else {
		for _, i := range p.order {
			p.numbers = append(p.numbers, int(l.Numbers[i]))
		}
	}
	types, err := p.model.types(p.numbers, p.atoms.Type)
	if err == nil {
		p.atoms.Type = types
	}
	return err
}

// invert lists the edges by target.
func (p *part[F]) invert() {
	targets := len(p.numbers)
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
	if !p.direct {
		p.x, p.sums = sized(p.x, len(p.order)), sized(p.sums, len(p.order))
	}
	a.Energy, a.Edge = sized(a.Energy, n), sized(a.Edge, len(a.J))
	p.strain = sized(p.strain, (n+blockAtoms-1)/blockAtoms)
	if p.watch != nil {
		p.guards = sized(p.guards, n)
	}
}

// sized is s with length n, with room to grow where it must be made anew.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/8)
	}
	return s[:n]
}
