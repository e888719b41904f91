package main

import (
	"fmt"
	"sync"
	"sync/atomic"

	"mlff/model"
)

// batch runs many structures, several at a time. The error is that of the first structure that has one.
func (t *state) batch(requests []request, answers []answer) (err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	defer func() { put(t.message, err) }()
	defer guard(&err)
	if t.closed {
		return errFreed
	}
	if err := t.hire(len(requests)); err != nil {
		return err
	}
	errs := make([]error, len(requests))
	var next atomic.Int64
	var group sync.WaitGroup
	for _, r := range t.crew {
		group.Go(func() {
			for k := next.Add(1) - 1; k < int64(len(requests)); k = next.Add(1) - 1 {
				errs[k] = r.runGuarded(&requests[k], &answers[k])
			}
		})
	}
	group.Wait()
	for k, e := range errs {
		if e != nil {
			return fmt.Errorf("structure %d: %w", k, e)
		}
	}
	return nil
}

func (r *runner) runGuarded(q *request, a *answer) (err error) {
	defer guard(&err)
	return r.run(q, a)
}

// hire makes one potential for each thread, each running on its own.
func (t *state) hire(structures int) error {
	threads := t.options.Threads
	if threads <= 0 {
		threads = model.DefaultThreads()
	}
	for len(t.crew) < min(threads, structures) {
		o := t.options
		o.Threads = 1
		p, err := t.student.Potential(o)
		if err != nil {
			return err
		}
		t.crew = append(t.crew, &runner{potential: p})
	}
	return nil
}
