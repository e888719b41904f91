package benchmark

import (
	"context"
	"math"
	"runtime"
	"time"

	"mlff/structure"
)

// work is one of several things that are timed in turns.
type work struct {
	name  string
	do    func() error
	ready func() error // before each round, not timed; nil: nothing
}

// timings of one work, ms: by the clock, and the time that its thread was running, which other programs on the machine
// do not change much; nil where the system does not tell.
type timings struct{ clock, thread []float64 }

// turns does each work once a round, n rounds. What disturbs the machine disturbs neighbours in a round alike. The first
// round of each is not counted.
func turns(ctx context.Context, n int, works ...work) ([]timings, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	times := make([]timings, len(works))
	for round := range n + 1 {
		for k, w := range works {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if w.ready != nil {
				if err := w.ready(); err != nil {
					return nil, err
				}
			}
			ran, known := threadTime()
			began := time.Now()
			if err := w.do(); err != nil {
				return nil, err
			}
			clock := time.Since(began)
			if round == 0 {
				continue
			}
			times[k].clock = append(times[k].clock, milliseconds(clock))
			if known {
				now, _ := threadTime()
				times[k].thread = append(times[k].thread, milliseconds(now-ran))
			}
		}
	}
	return times, nil
}

// figure is a median by the clock, and what an undisturbed machine would say.
type figure struct{ median, quiet float64 }

// ratio compares works of one thread each.
func ratio(above, below timings) figure {
	f := figure{median: median(divide(above.clock, below.clock))}
	f.quiet = median(divide(above.thread, below.thread))
	if len(above.thread) == 0 {
		f.quiet = leastRatio(above, below)
	}
	return f
}

// threadsRatio compares works of several threads: there, only the least times are undisturbed.
func threadsRatio(above, below timings) figure {
	return figure{median(divide(above.clock, below.clock)), leastRatio(above, below)}
}

func leastRatio(above, below timings) float64 {
	return spread(above.clock, 1).Min / spread(below.clock, 1).Min
}

// per is the time of one of n, µs, for a work of one thread.
func (t timings) per(n int) figure {
	f := figure{median(t.clock), spread(t.clock, 1).Min}
	if len(t.thread) > 0 {
		f.quiet = median(t.thread)
	}
	return figure{1e3 * f.median / float64(n), 1e3 * f.quiet / float64(n)}
}

func divide(a, b []float64) []float64 {
	var r []float64
	for k := range a {
		r = append(r, a[k]/b[k])
	}
	return r
}

// advance makes steps of dynamics.
func advance(ctx context.Context, p Subject, s structure.Structure, o Options, steps int) (work, error) {
	o = o.withDefaults(&s)
	m, err := start(ctx, p.Potential, s, o)
	if err != nil {
		return work{}, err
	}
	return work{name: p.Name, ready: m.Step, do: func() error { // one step wakes threads that went to sleep
		for range steps {
			if err := m.Step(); err != nil {
				return err
			}
		}
		return nil
	}}, nil
}

// ok tells whether a figure is a number.
func ok(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
