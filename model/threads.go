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
// places of their own. A round is over once its units are done, whether all workers came or not: on a machine with other
// work to do, nobody waits for a worker that the system has put off.
type pool struct {
	threads  int
	work     func(worker, unit int) // of the current round; nil between rounds, so that an idle pool holds nothing alive
	shares   []share
	gate     atomic.Uint64 // number of the round, whether it is over for late workers, workers in it
	closed   atomic.Bool
	parked   []atomic.Bool
	wake     []chan struct{}
	waiting  atomic.Bool // the caller sleeps until the last worker leaves
	finished chan struct{}
	failure  atomic.Pointer[error]
}

// share is the units that a worker does first, before it helps others: the same ones in each round, so that what they
// wrote still lies in its cache.
type share struct {
	next atomic.Int32 // unit to take next
	end  int32
	_    [56]byte // keeps two shares off one cache line
}

// Parts of pool.gate.
const (
	gateRound   = 1 << 16
	gateOver    = 1 << 15
	gateWorkers = gateOver - 1
)

// newPool starts threads-1 workers; the caller of run is the last. 0 means DefaultThreads.
func newPool(threads int) *pool {
	if threads <= 0 {
		threads = DefaultThreads()
	}
	p := &pool{threads: threads, parked: make([]atomic.Bool, threads), shares: make([]share, threads), wake: make([]chan struct{}, threads), finished: make(chan struct{}, 1)}
	p.gate.Store(gateOver)
	for w := 1; w < threads; w++ {
		p.wake[w] = make(chan struct{}, 1)
		go p.serve(w)
	}
	return p
}

// close ends the workers; the pool must not be used afterwards.
func (p *pool) close() {
	p.closed.Store(true)
	p.announce(gateOver)
}

// run calls work(worker, unit) for every unit < units and returns when all are done. A panic in a unit becomes an error.
func (p *pool) run(units int, work func(worker, unit int)) error {
	p.work = work
	for w := range p.shares {
		p.shares[w].next.Store(int32(units * w / p.threads))
		p.shares[w].end = int32(units * (w + 1) / p.threads)
	}
	shared := p.threads > 1 && units > 1
	if shared {
		p.announce(0)
	}
	p.drain(0)
	if shared {
		p.gate.Or(gateOver)
		p.await()
	}
	p.work = nil
	if err := p.failure.Swap(nil); err != nil {
		return *err
	}
	return nil
}

// announce begins a round. No worker is in the last one.
func (p *pool) announce(over uint64) {
	p.gate.Store(p.gate.Load()/gateRound*gateRound + gateRound + over)
	for w := 1; w < p.threads; w++ {
		if p.parked[w].CompareAndSwap(true, false) {
			p.wake[w] <- struct{}{}
		}
	}
}

// await returns when no worker is left in the round.
func (p *pool) await() {
	for {
		for start := time.Now(); time.Since(start) < spin; runtime.Gosched() {
			for range 32 {
				if p.gate.Load()&gateWorkers == 0 {
					return
				}
			}
		}
		p.waiting.Store(true)
		if p.gate.Load()&gateWorkers == 0 && p.waiting.CompareAndSwap(true, false) {
			return
		}
		<-p.finished // whoever cleared waiting sends, perhaps so late that this is another round
	}
}

func (p *pool) drain(worker int) {
	defer func() {
		if r := recover(); r != nil {
			err := fmt.Errorf("internal failure: %v\n%s", r, debug.Stack())
			p.failure.Store(&err)
			for k := range p.shares {
				p.shares[k].next.Store(p.shares[k].end)
			}
		}
	}()
	for k := range p.shares {
		s := &p.shares[(worker+k)%p.threads]
		for unit := s.next.Add(1) - 1; unit < s.end; unit = s.next.Add(1) - 1 {
			p.work(worker, int(unit))
		}
	}
}

func (p *pool) serve(worker int) {
	for seen := uint64(0); ; {
		seen = p.following(worker, seen)
		if p.closed.Load() {
			return
		}
		if p.enter(seen) {
			p.drain(worker)
			p.leave()
		}
	}
}

// enter joins a round unless it is over.
func (p *pool) enter(round uint64) bool {
	for {
		g := p.gate.Load()
		if g/gateRound != round || g&gateOver != 0 {
			return false
		}
		if p.gate.CompareAndSwap(g, g+1) {
			return true
		}
	}
}

func (p *pool) leave() {
	if g := p.gate.Add(^uint64(0)); g&gateWorkers == 0 && p.waiting.CompareAndSwap(true, false) {
		p.finished <- struct{}{}
	}
}

// following returns the number of the next round after seen.
func (p *pool) following(worker int, seen uint64) uint64 {
	for {
		for start := time.Now(); time.Since(start) < spin; runtime.Gosched() {
			for range 32 {
				if r := p.gate.Load() / gateRound; r != seen {
					return r
				}
			}
		}
		p.parked[worker].Store(true)
		if p.gate.Load()/gateRound == seen || !p.parked[worker].CompareAndSwap(true, false) {
			<-p.wake[worker] // whoever cleared parked sends, perhaps so late that this worker has done the round already
		}
	}
}
