package benchmark

import (
	"context"
	"math"
	"sync"

	"mlff/md"
	"mlff/structure"
)

// Conservation is what the total energy does in runs at constant energy that differ in their seeds only.
type Conservation struct {
	Slopes []float64 // of each run over its last 80 %, meV/atom/ps
	Errors []float64 // what each run says of its own slope (md.Drift)
	Drift  float64   // size of the mean slope
	Error  float64   // standard error of the mean, from the scatter between the runs
	Ratio  float64   // RMS fluctuation over that with half the time step, mean over runs; NaN: not measured
}

// Conserve makes a run from s for every seed, at most so many at a time, each with a potential of its own. The options are
// those of Measure, at constant energy. ratio also measures the fluctuation with half the time step over a tenth of the time.
func Conserve(ctx context.Context, open func() (structure.Potential, error), s structure.Structure, o Options, seeds []uint64, at int, ratio bool) (*Conservation, error) {
	n := len(seeds)
	c := &Conservation{Slopes: make([]float64, n), Errors: make([]float64, n)}
	ratios, errs := make([]float64, n), make([]error, n)
	slots := make(chan struct{}, max(1, at))
	var group sync.WaitGroup
	for k, seed := range seeds {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			run := o.withDefaults(&s)
			run.Seed = seed
			c.Slopes[k], c.Errors[k], ratios[k], errs[k] = conserve(ctx, open, s, run, ratio)
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	c.Drift = math.Abs(mean(c.Slopes))
	c.Error = mean(c.Slopes) * relativeError(c.Slopes)
	c.Error = math.Abs(c.Error)
	c.Ratio = mean(ratios)
	return c, nil
}

// conserve is one run: slope and its error, meV/atom/ps, and the ratio of fluctuations, NaN where it is not wanted.
func conserve(ctx context.Context, open func() (structure.Potential, error), s structure.Structure, o Options, ratio bool) (slope, deviation, fluctuations float64, err error) {
	p, err := open()
	if err != nil {
		return 0, 0, 0, err
	}
	if c, ok := p.(interface{ Close() }); ok {
		defer c.Close()
	}
	m, err := start(ctx, p, s, o)
	if err != nil {
		return 0, 0, 0, err
	}
	begin := m.State()
	time, energy, err := totals(ctx, m, o.Steps)
	if err != nil {
		return 0, 0, 0, err
	}
	first, scale := len(time)/5, 1e6/float64(s.Len())
	slope, deviation = md.Drift(time[first:], energy[first:]) // eV/fs
	if !ratio {
		return slope * scale, deviation * scale, math.NaN(), nil
	}
	fluctuations, err = halved(ctx, p, begin, energy[:o.Steps/10], o.Timestep)
	return slope * scale, deviation * scale, fluctuations, err
}

// halved is the fluctuation of energies over that of a run from the same state with half the time step.
func halved(ctx context.Context, p structure.Potential, begin *md.State, coarse []float64, timestep float64) (float64, error) {
	m, err := md.Resume(p, begin)
	if err != nil {
		return 0, err
	}
	if err := m.Switch(md.Options{Timestep: timestep / 2}); err != nil {
		return 0, err
	}
	_, fine, err := totals(ctx, m, 2*len(coarse))
	return deviationOf(coarse) / deviationOf(fine), err
}

// totals makes steps and notes time [fs] and total energy [eV] after each.
func totals(ctx context.Context, m *md.Simulation, steps int) (time, energy []float64, err error) {
	time, energy = make([]float64, 0, steps), make([]float64, 0, steps)
	for range steps {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if err := m.Step(); err != nil {
			return nil, nil, err
		}
		time, energy = append(time, m.Time()), append(energy, m.Conserved())
	}
	return time, energy, nil
}

func mean(v []float64) float64 {
	var sum float64
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// deviationOf is the standard deviation of v about its mean.
func deviationOf(v []float64) float64 {
	zero := mean(v)
	var square float64
	for _, x := range v {
		square += (x - zero) * (x - zero)
	}
	return math.Sqrt(square / float64(len(v)))
}
