package main

// #cgo CFLAGS: -I${SRCDIR}/../include -O2 -Wall -Werror
// #include <stdint.h>
// #include "mlff.h"
import "C"

import (
	"unsafe"

	"mlff/model"
)

var (
	students table[*student]
	states   table[*state]
)

// chars is the caller's memory for a message.
func chars(p *C.char, n C.size_t) []byte {
	if p == nil {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(p)), int(min(n, 1<<20)))
}

// list is the caller's array of n, nil where there is none.
func list[T, P any](p *P, n int) []T {
	if p == nil {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(p)), n)
}

//export mlffGoLoad
func mlffGoLoad(path *C.char, bytes unsafe.Pointer, n C.size_t, handle *C.uintptr_t, message *C.char, size C.size_t) (status C.int) {
	var err error
	defer func() { put(chars(message, size), err); status = C.int(codeOf(err)) }()
	defer guard(&err)
	var s *student
	switch {
	case path != nil:
		s, err = load(C.GoString(path), nil)
	case bytes == nil:
		err = fail(badArgument, "neither a path nor bytes")
	default:
		s, err = load("", unsafe.Slice((*byte)(bytes), int(n)))
	}
	if err == nil {
		*handle = C.uintptr_t(students.add(s))
	}
	return
}

//export mlffGoFree
func mlffGoFree(handle C.uintptr_t) {
	if s, held := students.remove(uintptr(handle)); held {
		s.pinner.Unpin()
	}
}

//export mlffGoInfo
func mlffGoInfo(handle C.uintptr_t) *C.char {
	s, held := students.get(uintptr(handle))
	if !held {
		return nil
	}
	return (*C.char)(unsafe.Pointer(&s.info[0]))
}

//export mlffGoStateNew
func mlffGoStateNew(handle C.uintptr_t, options *C.mlff_options, out *C.uintptr_t, message *C.char, size C.size_t) (status C.int) {
	var err error
	defer func() { put(chars(message, size), err); status = C.int(codeOf(err)) }()
	defer guard(&err)
	s, held := students.get(uintptr(handle))
	if !held {
		err = fail(badArgument, "the model was freed")
		return
	}
	var o model.Options
	if o, err = optionsOf(options); err != nil {
		return
	}
	var t *state
	if t, err = newState(s, o); err == nil {
		*out = C.uintptr_t(states.add(t))
	}
	return
}

func optionsOf(c *C.mlff_options) (o model.Options, err error) {
	if c == nil {
		return o, nil
	}
	if c.size != C.sizeof_mlff_options {
		return o, fail(badArgument, "mlff_options has size %d, must be %d: was size set, and is the header that of this library?", c.size, C.sizeof_mlff_options)
	}
	if c.threads < 0 || c.threads > 4096 {
		return o, fail(badArgument, "%d threads", c.threads)
	}
	o = model.Options{Threads: int(c.threads), Grade: c.grade != 0, Skin: float64(c.skin)}
	switch c.precision {
	case 0, 32:
		o.Precision = "float32"
	case 64:
		o.Precision = "float64"
	default:
		return o, fail(badArgument, "precision %d: must be 32 or 64", c.precision)
	}
	return o, nil
}

//export mlffGoStateFree
func mlffGoStateFree(handle C.uintptr_t) {
	if t, held := states.remove(uintptr(handle)); held {
		t.close()
	}
}

//export mlffGoEval
func mlffGoEval(handle C.uintptr_t, n C.int, z *C.int, x, cell *C.double, pbc *C.int, result *C.mlff_result) C.int {
	t, held := states.get(uintptr(handle))
	if !held {
		return C.int(badArgument)
	}
	q, err := requestOf(int(n), z, x, cell, pbc, result)
	if err != nil {
		return t.refuse(err)
	}
	var a answer
	if err := t.evaluate(&q, &a); err != nil {
		return C.int(codeOf(err))
	}
	a.write(result)
	return C.int(ok)
}

// refuse notes an error found before the call.
func (t *state) refuse(err error) C.int {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	put(t.message, err)
	return C.int(codeOf(err))
}

func requestOf(n int, z *C.int, x, cell *C.double, pbc *C.int, r *C.mlff_result) (q request, err error) {
	switch {
	case r == nil:
		return q, fail(badArgument, "no result to write to")
	case r.size != C.sizeof_mlff_result:
		return q, fail(badArgument, "mlff_result has size %d, must be %d: was size set, and is the header that of this library?", r.size, C.sizeof_mlff_result)
	case n < 0:
		return q, fail(badArgument, "%d atoms", n)
	case n > 0 && (z == nil || x == nil):
		return q, fail(badArgument, "%d atoms without numbers or positions", n)
	}
	q = request{numbers: list[int32](z, n), positions: list[[3]float64](x, n),
		cell: (*[3][3]float64)(unsafe.Pointer(cell)), pbc: (*[3]int32)(unsafe.Pointer(pbc)),
		energies: list[float64](r.energies, n), forces: list[[3]float64](r.forces, n), virials: list[[3][3]float64](r.virials, n),
		grades: list[float64](r.grades, n), flags: list[uint8](r.flags, n)}
	return q, nil
}

func (a *answer) write(r *C.mlff_result) {
	r.energy, r.grade, r.flag, r.seconds = C.double(a.energy), C.double(a.grade), C.int(a.flag), C.double(a.seconds)
	*(*[3][3]float64)(unsafe.Pointer(&r.virial)) = a.virial
}

//export mlffGoEvalBatch
func mlffGoEvalBatch(handle C.uintptr_t, batch C.int, n, z *C.int, x, cell *C.double, pbc *C.int, result *C.mlff_result) C.int {
	t, held := states.get(uintptr(handle))
	if !held {
		return C.int(badArgument)
	}
	requests, err := requestsOf(list[int32](n, max(0, int(batch))), z, x, cell, pbc, list[C.mlff_result](result, max(0, int(batch))))
	if err != nil {
		return t.refuse(err)
	}
	answers := make([]answer, len(requests))
	if err := t.batch(requests, answers); err != nil {
		return C.int(codeOf(err))
	}
	results := list[C.mlff_result](result, len(requests))
	for k := range results {
		answers[k].write(&results[k])
	}
	return C.int(ok)
}

// requestsOf splits the arrays of a batch.
func requestsOf(n []int32, z *C.int, x, cell *C.double, pbc *C.int, results []C.mlff_result) ([]request, error) {
	if len(results) != len(n) {
		return nil, fail(badArgument, "a batch without numbers of atoms or results")
	}
	requests := make([]request, len(n))
	first := 0
	for k, atoms := range n {
		var err error
		requests[k], err = requestOf(int(atoms), at(z, first), at(x, 3*first), at(cell, 9*k), at(pbc, 3*k), &results[k])
		if err != nil {
			return nil, fail(badArgument, "structure %d: %w", k, err)
		}
		first += int(atoms)
	}
	return requests, nil
}

// at is p + k, NULL where p is.
func at[T any](p *T, k int) *T {
	if p == nil {
		return nil
	}
	return (*T)(unsafe.Add(unsafe.Pointer(p), k*int(unsafe.Sizeof(*p))))
}

//export mlffGoError
func mlffGoError(handle C.uintptr_t) *C.char {
	t, held := states.get(uintptr(handle))
	if !held {
		return nil
	}
	return (*C.char)(unsafe.Pointer(&t.message[0]))
}
