package main

// #include <stdint.h>
// #include "mlff.h"
import "C"

import (
	"time"
	"unsafe"

	"mlff/model"
	"mlff/structure"
)

// part is what a state keeps of a list that the caller keeps.
type part struct {
	local, all int // -1 before the first list
	largest    int // pairs that fitted into memory so far
	result     model.Part
	energies   []float64 // where the caller wants none
	forces     [][3]float64
}

//export mlffGoSetList
func mlffGoSetList(handle C.uintptr_t, list *C.mlff_list) C.int {
	t, held := states.get(uintptr(handle))
	if !held {
		return C.int(badArgument)
	}
	return C.int(codeOf(t.setList(list)))
}

func (t *state) setList(c *C.mlff_list) (err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	defer func() { put(t.message, err) }()
	defer guard(&err)
	if t.closed {
		return errFreed
	}
	l, err := listOf(c)
	if err != nil {
		return err
	}
	if err := t.part.fits(l); err != nil {
		return err
	}
	t.part.local, t.part.all = l.Local, l.Local+l.Ghost
	return t.potential.SetList(l)
}

// listOf looks at the caller's list as it lies.
func listOf(c *C.mlff_list) (*model.NeighborList, error) {
	switch {
	case c == nil:
		return nil, fail(badArgument, "no list")
	case c.size != C.sizeof_mlff_list:
		return nil, fail(badArgument, "mlff_list has size %d, must be %d: was size set, and is the header that of this library?", c.size, C.sizeof_mlff_list)
	case c.nlocal < 0 || c.nghost < 0 || c.ncenter < 0 || c.ncenter > c.nlocal:
		return nil, fail(badArgument, "a list of %d atoms, %d ghosts, %d centres", c.nlocal, c.nghost, c.ncenter)
	case c.nlocal+c.nghost > 0 && c.z == nil, c.ncenter > 0 && (c.numneigh == nil || c.firstneigh == nil):
		return nil, fail(badArgument, "a list without numbers or neighbours")
	}
	n := int(c.nlocal)
	l := &model.NeighborList{Local: n, Ghost: int(c.nghost), Numbers: list[int32](c.z, n+int(c.nghost)), Mask: int32(c.mask)}
	if l.Mask == 0 {
		l.Mask = -1
	}
	if c.center != nil {
		l.Centers = list[int32](c.center, int(c.ncenter))
	} else {
		l.Centers = firsts(int(c.ncenter))
	}
	numbers, first := list[int32](c.numneigh, n), list[*int32](c.firstneigh, n)
	l.Neighbors = func(i int) []int32 {
		if numbers[i] <= 0 {
			return nil
		}
		return unsafe.Slice(first[i], int(numbers[i]))
	}
	return l, nil
}

func firsts(n int) []int32 {
	l := make([]int32, n)
	for i := range l {
		l[i] = int32(i)
	}
	return l
}

// fits refuses a list too large for the memory there is, before anything is allocated.
func (p *part) fits(l *model.NeighborList) error {
	pairs := 0
	for _, i := range l.Centers {
		if i >= 0 && int(i) < l.Local {
			pairs += len(l.Neighbors(int(i)))
		}
	}
	if pairs <= p.largest {
		return nil
	}
	const pair, atom = 8 + 32, 200 // bytes, with some room
	if err := enough(int64(pairs)*pair + int64(l.Local+l.Ghost)*atom); err != nil {
		return err
	}
	p.largest = pairs
	return nil
}

//export mlffGoStage
func mlffGoStage(handle C.uintptr_t, stage C.int, x *C.double, result *C.mlff_result) C.int {
	t, held := states.get(uintptr(handle))
	if !held {
		return C.int(badArgument)
	}
	return C.int(codeOf(t.stage(int(stage), x, result)))
}

func (t *state) stage(stage int, x *C.double, r *C.mlff_result) (err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	defer func() { put(t.message, err) }()
	defer guard(&err)
	p := &t.part
	switch {
	case t.closed:
		return errFreed
	case stage != 0:
		return fail(badArgument, "stage %d: a student of one layer has stage 0 alone", stage)
	case r == nil || r.size != C.sizeof_mlff_result:
		return fail(badArgument, "no mlff_result to write to, or one of the wrong size: was size set?")
	case p.all > 0 && x == nil:
		return fail(badArgument, "%d atoms without positions", p.all)
	case r.grades != nil && !t.options.Grade:
		return fail(badArgument, "grades need the option grade")
	case r.flags != nil:
		return fail(badArgument, "flags are for whole structures")
	}
	out := p.direct(r)
	defer func() { *out = model.Part{} }() // the garbage collector must not meet pointers to what may be gone
	began := time.Now()
	if err := t.potential.EvaluatePart(list[[3]float64](x, p.all), out); err != nil {
		if codeOf(err) == failed {
			return &coded{notFinite, err}
		}
		return err
	}
	r.energy, r.grade, r.flag, r.seconds = C.double(out.Energy), C.double(out.Grade), 0, C.double(time.Since(began).Seconds())
	*(*[3][3]float64)(unsafe.Pointer(&r.virial)) = out.Virial
	return nil
}

// direct lets the results be written straight into the caller's memory where there is some.
func (p *part) direct(r *C.mlff_result) *model.Part {
	if len(p.energies) < p.local || len(p.forces) < p.all {
		p.energies, p.forces = make([]float64, p.local), make([][3]float64, p.all)
	}
	p.result = model.Part{Energies: p.energies[:p.local], Forces: p.forces[:p.all],
		Virials: list[[3][3]float64](r.virials, p.all), Grades: list[float64](r.grades, p.local)}
	if r.energies != nil {
		p.result.Energies = list[float64](r.energies, p.local)
	}
	if r.forces != nil {
		p.result.Forces = list[[3]float64](r.forces, p.all)
	}
	return &p.result
}

//export mlffGoDescribe
func mlffGoDescribe(handle C.uintptr_t, facts *C.mlff_facts) C.int {
	s, held := students.get(uintptr(handle))
	if !held || facts == nil || facts.size != C.sizeof_mlff_facts {
		return C.int(badArgument)
	}
	a, c := s.About(), s.Config()
	facts.cutoff, facts.threshold, facts.layers, facts.graded = C.double(c.Cutoff), C.double(a.Threshold), C.int(c.Layers), 0
	if a.Graded {
		facts.graded = 1
	}
	facts.nspecies = C.int(copy(unsafe.Slice((*int32)(unsafe.Pointer(&facts.z)), len(facts.z)), to32(c.Numbers)))
	return C.int(ok)
}

func to32(numbers []int) []int32 {
	out := make([]int32, len(numbers))
	for i, z := range numbers {
		out[i] = int32(z)
	}
	return out
}

//export mlffGoElement
func mlffGoElement(symbol *C.char, mass *C.double) C.int {
	z, known := structure.Number(C.GoString(symbol))
	if !known {
		return 0
	}
	if mass != nil {
		*mass = C.double(structure.Mass(z))
	}
	return C.int(z)
}
