package validate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"mlff/md"
	"mlff/structure"
)

// Walk says how student and teacher walk through the same state side by side: from the same start, with the same
// velocities and thermostat. Velocities are rescaled as a whole (Bussi), which leaves dynamics nearly untouched. Zero
// values are the defaults.
type Walk struct {
	Temperature float64 // K; 300
	Constant    bool    // pressure rather than volume, at zero pressure
	Duration    float64 // ps sampled of each run; 20
	Settling    float64 // ps before; 2
	Timestep    float64 // fs; 1, with hydrogen 0.5
	Interval    float64 // fs between samples, rounded to steps; 4 steps
	Seeds       int     // runs; 2
	Seed        uint64  // of the first
	Folder      string  // keeps the runs, so that one that was stopped goes on; empty: nothing is kept
}

func (w Walk) withDefaults(s *structure.Structure) Walk {
	w.Temperature = cmp.Or(w.Temperature, 300)
	w.Duration = cmp.Or(w.Duration, 20)
	w.Settling = cmp.Or(w.Settling, 2)
	w.Timestep = cmp.Or(w.Timestep, md.DefaultTimestep(s))
	w.Interval = w.Timestep * math.Max(1, math.Round(cmp.Or(w.Interval, 4*w.Timestep)/w.Timestep))
	w.Seeds = cmp.Or(w.Seeds, 2)
	return w
}

// every is the number of steps between samples.
func (w *Walk) every() int { return int(math.Round(w.Interval / w.Timestep)) }

// settlingSteps is a multiple of the steps between samples.
func (w *Walk) settlingSteps() int {
	return w.every() * int(math.Ceil(1000*w.Settling/w.Interval))
}

func (w *Walk) samples() int { return int(math.Round(1000 * w.Duration / w.Interval)) }

// steps of one run.
func (w *Walk) steps() int { return w.settlingSteps() + w.every()*w.samples() }

func (w *Walk) options(seed uint64) md.Options {
	o := md.Options{Timestep: w.Timestep, Ensemble: md.NVT, Thermostat: md.Rescaling, Temperature: w.Temperature, Seed: seed}
	if w.Constant {
		o.Ensemble = md.NPT
	}
	return o
}

// Sample is the state at one instant of a run.
type Sample struct {
	Energy     float64 // potential, eV
	Pressure   float64 // eV/Å³, the kinetic part included; NaN where there is none
	Cell       [3][3]float64
	Positions  [][3]float32 // [N] Å, unwrapped
	Velocities [][3]float32 // [N] Å/fs
}

// Trajectory is one run.
type Trajectory struct {
	Numbers  []int
	PBC      [3]bool
	Interval float64 // fs between samples
	Samples  []Sample
}

// Structure of the k-th sample.
func (t *Trajectory) Structure(k int) structure.Structure {
	s := structure.Structure{Numbers: t.Numbers, Cell: t.Samples[k].Cell, PBC: t.PBC, Positions: make([][3]float64, len(t.Numbers))}
	for i, x := range t.Samples[k].Positions {
		s.Positions[i] = [3]float64{float64(x[0]), float64(x[1]), float64(x[2])}
	}
	return s
}

func sampleOf(m *md.Simulation) Sample {
	s := Sample{Energy: m.Potential(), Pressure: m.Pressure(), Cell: m.Structure().Cell}
	s.Positions, s.Velocities = narrow(m.Structure().Positions), narrow(m.Velocities())
	return s
}

func narrow(v [][3]float64) [][3]float32 {
	out := make([][3]float32, len(v))
	for i, x := range v {
		out[i] = [3]float32{float32(x[0]), float32(x[1]), float32(x[2])}
	}
	return out
}

// Run makes all runs of one potential, at once: each has a potential of its own. The name tells runs apart that are kept
// in one folder: it should stand for the potential and the start.
func (w Walk) Run(ctx context.Context, name string, potential func() (structure.Potential, error), start *structure.Structure, progress func(done, total int)) ([]Trajectory, error) {
	w = w.withDefaults(start)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	runs := make([]Trajectory, w.Seeds)
	var group sync.WaitGroup
	var mutex sync.Mutex
	done, total := 0, w.Seeds*w.steps()
	for k := range runs {
		group.Go(func() {
			seen := 0
			err := w.one(ctx, fmt.Sprintf("%s-%d", name, k), w.Seed+uint64(k), potential, start, &runs[k], func(steps int) {
				mutex.Lock()
				defer mutex.Unlock()
				done, seen = done+steps-seen, steps
				progress(done, total)
			})
			if err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return runs, nil
}

// one makes one run, or goes on with what is kept of it.
func (w *Walk) one(ctx context.Context, name string, seed uint64, potential func() (structure.Potential, error), start *structure.Structure, t *Trajectory, told func(steps int)) error {
	p, err := potential()
	if err != nil {
		return err
	}
	t.Numbers, t.PBC, t.Interval = slices.Clone(start.Numbers), start.PBC, w.Interval
	keep, err := w.open(name, seed, start, t)
	if err != nil {
		return err
	}
	defer keep.close()
	var sim *md.Simulation
	if keep.state != nil {
		sim, err = md.Resume(p, keep.state)
	} else {
		sim, err = md.New(p, *start, w.options(seed))
	}
	if err != nil {
		return err
	}
	sample := md.Observer{Every: w.every(), Observe: func(m *md.Simulation) error {
		told(m.Steps())
		if m.Steps() <= w.settlingSteps() {
			return nil
		}
		t.Samples = append(t.Samples, sampleOf(m))
		return keep.add(m, &t.Samples[len(t.Samples)-1])
	}}
	err = sim.Run(ctx, w.steps()-sim.Steps(), sample)
	if ctx.Err() != nil || err == nil {
		return cmp.Or(keep.save(sim), ctx.Err())
	}
	return err
}
