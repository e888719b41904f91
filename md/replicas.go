package md

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"mlff/structure"
)

// Starts are the first states of n replicas: simulations that differ in their seeds only, o.Seed, o.Seed + 1, ... Errors
// are those of New.
func Starts(p structure.Potential, s structure.Structure, o Options, n int) ([]*State, error) {
	var states []*State
	for range n {
		m, err := New(p, s, o)
		if err != nil {
			return nil, err
		}
		states = append(states, m.State())
		o.Seed++
	}
	return states, nil
}

// Replicas takes simulations up at their states, at most so many at a time, each time with a potential that open makes and
// that is closed at the end if it has a method Close(). Every replica is run, also after ctx has ended or another one
// has failed; what becomes of it depends on its state only. The error is that of the first replica, in order, that has one.
func Replicas(ctx context.Context, states []*State, at int, open func() (structure.Potential, error), run func(ctx context.Context, k int, m *Simulation) error) error {
	errs := make([]error, len(states))
	var next atomic.Int64
	var group sync.WaitGroup
	for range max(1, min(at, len(states))) {
		group.Go(func() {
			p, failed := open()
			if c, ok := p.(interface{ Close() }); ok && failed == nil {
				defer c.Close()
			}
			for k := next.Add(1) - 1; k < int64(len(states)); k = next.Add(1) - 1 {
				if errs[k] = failed; failed == nil {
					errs[k] = replica(ctx, p, states[k], int(k), run)
				}
			}
		})
	}
	group.Wait()
	for k, err := range errs {
		if err != nil && len(states) > 1 {
			return fmt.Errorf("replica %d: %w", k, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func replica(ctx context.Context, p structure.Potential, s *State, k int, run func(ctx context.Context, k int, m *Simulation) error) error {
	m, err := Resume(p, s)
	if err != nil {
		return err
	}
	return run(ctx, k, m)
}
