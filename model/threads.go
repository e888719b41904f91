package model

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// spin is how long an idle worker polls for the next round before it parks: longer than the gap between the rounds of
// an MD step, short enough to leave the processor to others.
const spin = 50 * time.Microsecond

// pool runs numbered units of work on persistent workers. Which worker takes which unit is open; units must write to
// places of their own.
type pool struct {
	threads int
	work    func(worker, unit int) // of the current round; nil between rounds, so that an idle pool holds nothing alive
	units   int32
	next    atomic.Int32 // unit to take next
	working atomic.Int32 // workers still in the round
	round   atomic.Uint32
	closed  atomic.Bool
	parked  []atomic.Bool
	wake    []chan struct{}
	failure atomic.Pointer[error]
}

// newPool starts threads-1 workers; the caller of run is the last. 0 means all processors this process may use, which
// the Go run time takes from affinity and cgroup quota.
func newPool(threads int) *pool {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := &pool{threads: threads, parked: make([]atomic.Bool, threads), wake: make([]chan struct{}, threads)}
	for w := 1; w < threads; w++ {
		p.wake[w] = make(chan struct{}, 1)
		go p.serve(w)
	}
	return p
}

// close ends the workers; the pool must not be used afterwards.
func (p *pool) close() {
	p.closed.Store(true)
	p.announce()
}

// run calls work(worker, unit) for every unit < units and returns when all are done. A panic in a unit becomes an error.
func (p *pool) run(units int, work func(worker, unit int)) error {
	p.work, p.units = work, int32(units)
	p.next.Store(0)
	if p.threads > 1 && units > 1 {
		p.working.Store(int32(p.threads - 1))
		p.announce()
	}
	p.drain(0)
	for p.working.Load() != 0 {
		runtime.Gosched()
	}
	p.work = nil
	if err := p.failure.Swap(nil); err != nil {
		return *err
	}
	return nil
}

func (p *pool) announce() {
	p.round.Add(1)
	for w := 1; w < p.threads; w++ {
		if p.parked[w].CompareAndSwap(true, false) {
			p.wake[w] <- struct{}{}
		}
	}
}

func (p *pool) drain(worker int) {
	defer func() {
		if r := recover(); r != nil {
			err := fmt.Errorf("internal failure: %v\n%s", r, debug.Stack())
			p.failure.Store(&err)
			p.next.Store(p.units)
		}
	}()
	for {
		unit := p.next.Add(1) - 1
		if unit >= p.units {
			return
		}
		p.work(worker, int(unit))
	}
}

func (p *pool) serve(worker int) {
	for seen := uint32(0); ; {
		seen = p.await(worker, seen)
		if p.closed.Load() {
			return
		}
		p.drain(worker)
		p.working.Add(-1)
	}
}

// await returns the number of the next round after seen.
func (p *pool) await(worker int, seen uint32) uint32 {
	for {
		for start := time.Now(); time.Since(start) < spin; runtime.Gosched() {
			for range 32 {
				if r := p.round.Load(); r != seen {
					return r
				}
			}
		}
		p.parked[worker].Store(true)
		if p.round.Load() == seen || !p.parked[worker].CompareAndSwap(true, false) {
			<-p.wake[worker] // whoever cleared parked sends, perhaps so late that this worker has done the round already
		}
	}
}
