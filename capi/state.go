package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"sync"
	"time"

	"mlff/model"
	"mlff/structure"
)

// student is a model that C knows.
type student struct {
	*model.Model
	info   []byte // JSON and a zero
	pinner runtime.Pinner
}

func load(path string, file []byte) (*student, error) {
	where := "the student in memory"
	var err error
	if path != "" {
		where = path
		if file, err = os.ReadFile(path); err != nil {
			return nil, structure.Hint(err, "check the spelling and the folder of the path")
		}
	}
	m, err := model.Parse(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	about := m.About()
	about.Bytes = int64(len(file))
	info, err := json.Marshal(about)
	if err != nil {
		return nil, err
	}
	s := &student{Model: m, info: append(info, 0)}
	s.pinner.Pin(&s.info[0])
	return s, nil
}

// state runs a student for C.
type state struct {
	mutex     sync.Mutex
	closed    bool
	student   *student
	options   model.Options
	potential *model.Potential
	crew      []*runner // for batches, made at the first
	main      runner
	message   []byte // C string
	part      part
	pinner    runtime.Pinner
}

// runner is one potential and its memory.
type runner struct {
	potential *model.Potential
	structure structure.Structure
	result    structure.Result
	forces    [][3]float64 // where the caller wants none
	energies  []float64
	largest   int // atoms that fitted into memory so far
}

func newState(s *student, o model.Options) (*state, error) {
	p, err := s.Potential(o)
	if err != nil {
		return nil, err
	}
	t := &state{student: s, options: o, potential: p, main: runner{potential: p}, message: make([]byte, 2048)}
	t.pinner.Pin(&t.message[0])
	return t, nil
}

// close waits for the call that is running.
func (t *state) close() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.closed = true
	t.potential.Close()
	for _, r := range t.crew {
		r.potential.Close()
	}
	t.pinner.Unpin()
}

// request is one structure and where its results go; slices are the caller's memory, nil where not wanted.
type request struct {
	numbers   []int32
	positions [][3]float64
	cell      *[3][3]float64
	pbc       *[3]int32
	energies  []float64
	forces    [][3]float64
	virials   [][3][3]float64
	grades    []float64
	flags     []uint8
}

// answer is what every evaluation gives.
type answer struct {
	energy  float64
	virial  [3][3]float64
	grade   float64
	flag    model.Alarm
	seconds float64
}

// evaluate runs one structure.
func (t *state) evaluate(q *request, a *answer) (err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	defer func() { put(t.message, err) }()
	defer guard(&err)
	if t.closed {
		return errFreed
	}
	return t.main.run(q, a)
}

var errFreed = fail(badArgument, "the state was freed")

func (r *runner) run(q *request, a *answer) error {
	defer r.release()
	if err := r.take(q); err != nil {
		return err
	}
	began := time.Now()
	if err := r.potential.Evaluate(&r.structure, &r.result); err != nil {
		return r.explain(err)
	}
	a.seconds = time.Since(began).Seconds()
	return r.give(q, a)
}

// take makes the structure of a request without copying its positions.
func (r *runner) take(q *request) error {
	s := &r.structure
	s.Numbers = s.Numbers[:0]
	for _, z := range q.numbers {
		s.Numbers = append(s.Numbers, int(z))
	}
	s.Positions = q.positions
	s.Cell, s.PBC = [3][3]float64{}, [3]bool{}
	if q.cell != nil {
		s.Cell = *q.cell
	}
	if q.pbc != nil {
		for k, p := range q.pbc {
			s.PBC[k] = p != 0
		}
	}
	n := len(q.numbers)
	if n > r.largest {
		if err := s.Check(); err != nil { // before the estimate makes use of it
			return &coded{badStructure, err}
		}
		if err := enough(r.potential.Memory(s)); err != nil {
			return err
		}
		r.largest, r.forces, r.energies = n, nil, nil
	}
	r.direct(q, n)
	return nil
}

// direct lets the results be written straight into the caller's memory where there is some.
func (r *runner) direct(q *request, n int) {
	if r.result.Forces = q.forces; q.forces == nil {
		if r.forces == nil {
			r.forces = make([][3]float64, r.largest)
		}
		r.result.Forces = r.forces
	}
	if r.result.Energies = q.energies; q.energies == nil {
		if r.energies == nil {
			r.energies = make([]float64, r.largest)
		}
		r.result.Energies = r.energies
	}
}

// release forgets the caller's memory: the garbage collector must not meet pointers to what may be gone.
func (r *runner) release() {
	r.structure.Positions, r.result.Forces, r.result.Energies = nil, nil, nil
}

// explain gives an error its code.
func (r *runner) explain(err error) error {
	if codeOf(err) != failed {
		return err
	}
	if bad := r.structure.Check(); bad != nil {
		return &coded{badStructure, structure.Hint(bad, "look at how the structure was made")}
	}
	return &coded{notFinite, err}
}

func (r *runner) give(q *request, a *answer) error {
	a.energy, a.virial = r.result.Energy, r.result.Virial
	a.grade, a.flag = r.potential.Frame()
	if math.IsNaN(a.grade) || math.IsInf(a.grade, 0) {
		return fail(notFinite, "the extrapolation grade is not finite")
	}
	if q.virials != nil {
		r.potential.Virials(q.virials)
	}
	grades, alarms := r.potential.Grades(), r.potential.Alarms()
	if grades == nil && (q.grades != nil || q.flags != nil) && len(q.numbers) > 0 {
		return fail(badArgument, "grades need the option grade")
	}
	copy(q.grades, grades)
	for i := range q.flags {
		q.flags[i] = uint8(alarms[i])
	}
	return nil
}
