package validate

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"mlff/md"
	"mlff/structure"
)

// Dynamics of the run that measures the drift; zero values are the defaults.
type Dynamics struct {
	Atoms       int     // wanted; the example is repeated to about as many; 216
	Temperature float64 // K; 300
	Timestep    float64 // fs; 1, with hydrogen 0.5
	Duration    float64 // ps at constant energy; 5
	Seed        uint64
}

const (
	thermalised  = 0.5 // ps of Langevin dynamics before the run
	thermalising = 10  // 1/ps, its friction: five relaxation times in 0.5 ps
	fitFrom      = 0.2 // of the run is left out of the fit
	tracePoints  = 500
)

// NVE is a run at constant energy and what its energy did.
type NVE struct {
	Drift           *float64 `json:"drift"`       // |slope| of the total energy, meV/atom/ps; null where no slope could be fitted
	Error           *float64 `json:"error"`       // its standard error
	Atoms           int      `json:"atoms"`       // in the repeated example
	Steps           int      `json:"steps"`       // made at constant energy
	Formula         string   `json:"formula"`     // of all atoms
	Timestep        float64  `json:"timestep"`    // fs
	Temperature     float64  `json:"temperature"` // of the thermostat, K
	MeanTemperature float64  `json:"mean_temperature"`
	Thermalised     float64  `json:"thermalised"` // ps of Langevin dynamics before
	From            float64  `json:"from"`        // ps; the fit begins here
	Slope           float64  `json:"slope"`       // meV/atom/ps, with its sign
	Offset          float64  `json:"offset"`      // of the fitted line at time 0, on the scale of the trace, meV/atom
	Fluctuation     float64  `json:"fluctuation"` // RMS about the fitted line, meV/atom
	Trace           Trace    `json:"trace"`
	Failure         string   `json:"failure,omitempty"` // why the run ended early
}

// Trace is the course of a run, thinned to some hundred points.
type Trace struct {
	Time        []float32 `json:"time"`        // ps
	Energy      []float32 `json:"energy"`      // total energy less its mean over the fitted part, meV/atom
	Temperature []float32 `json:"temperature"` // K
}

// KelvinPerNanosecond turns meV/atom/ps into K/ns, for 3 k_B per atom.
func KelvinPerNanosecond(drift float64) float64 { return drift / (3 * structure.KB) }

func (d Dynamics) withDefaults(s *structure.Structure) Dynamics {
	d.Atoms = cmp.Or(d.Atoms, 216)
	d.Temperature = cmp.Or(d.Temperature, 300)
	d.Timestep = cmp.Or(d.Timestep, md.DefaultTimestep(s))
	d.Duration = cmp.Or(d.Duration, 5)
	return d
}

// Conserve repeats the periodic example to about the wanted size, thermalises it for 0.5 ps with a Langevin thermostat
// and measures the drift of the total energy at constant energy. A run that breaks down says so in Failure.
func Conserve(ctx context.Context, p structure.Potential, example *structure.Structure, d Dynamics, progress func(done, total int)) (*NVE, error) {
	d = d.withDefaults(example)
	s := structure.Supercell(example, Repeats(example, d.Atoms))
	n := &NVE{Atoms: s.Len(), Formula: formula(s.Numbers), Timestep: d.Timestep, Temperature: d.Temperature, Thermalised: thermalised}
	run := recorder{atoms: s.Len()}
	err := run.simulate(ctx, p, s, d, progress)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		n.Failure = err.Error()
	}
	n.fit(&run)
	return n, nil
}

// recorder notes every step of the run at constant energy.
type recorder struct {
	atoms                     int
	time, energy, temperature []float64 // ps, meV/atom, K
}

func (r *recorder) simulate(ctx context.Context, p structure.Potential, s structure.Structure, d Dynamics, progress func(done, total int)) error {
	options := md.Options{Timestep: d.Timestep, Ensemble: md.NVT, Temperature: d.Temperature, Friction: thermalising, Seed: d.Seed}
	sim, err := md.New(p, s, options)
	if err != nil {
		return err
	}
	start := int(math.Round(1000 * thermalised / d.Timestep))
	steps := int(math.Ceil(1000 * d.Duration / d.Timestep))
	count := md.Observer{Every: 1, Observe: func(m *md.Simulation) error {
		progress(m.Steps(), start+steps)
		return nil
	}}
	if err := sim.Run(ctx, start, count); err != nil {
		return fmt.Errorf("while thermalising: %w", err)
	}
	options.Ensemble = md.NVE
	if err := sim.Switch(options); err != nil {
		return err
	}
	begin := sim.Time()
	r.note(sim, begin)
	return sim.Run(ctx, steps, count, md.Observer{Every: 1, Observe: func(m *md.Simulation) error {
		r.note(m, begin)
		return nil
	}})
}

func (r *recorder) note(m *md.Simulation, begin float64) {
	r.time = append(r.time, (m.Time()-begin)/1000)
	r.energy = append(r.energy, 1000*(m.Kinetic()+m.Potential())/float64(r.atoms))
	r.temperature = append(r.temperature, m.Temperature())
}

// fit takes the slope of the last 80 % of what was recorded.
func (n *NVE) fit(r *recorder) {
	n.Steps = max(len(r.time)-1, 0)
	if len(r.time) == 0 {
		return
	}
	n.MeanTemperature = mean(r.temperature)
	first := int(fitFrom * float64(len(r.time)))
	n.From = r.time[first]
	time, energy := r.time[first:], r.energy[first:]
	zero := mean(energy)
	if len(time) >= 10 { // fewer points have no slope worth stating
		slope, deviation := md.Drift(time, energy)
		if finite(slope, deviation) {
			size := math.Abs(slope)
			n.Drift, n.Error, n.Slope = &size, &deviation, slope
		}
	}
	n.Offset = -n.Slope * mean(time)
	sum := 0.0
	for k := range time {
		e := energy[k] - zero - n.Offset - n.Slope*time[k]
		sum += e * e
	}
	n.Fluctuation = math.Sqrt(sum / float64(len(time)))
	n.Trace = r.trace(zero)
}

// trace keeps every so many steps, and the last.
func (r *recorder) trace(zero float64) Trace {
	var t Trace
	every := max(1, len(r.time)/tracePoints)
	for k := range r.time {
		if k%every == 0 || k == len(r.time)-1 {
			t.Time = append(t.Time, single(r.time[k]))
			t.Energy = append(t.Energy, single(r.energy[k]-zero))
			t.Temperature = append(t.Temperature, single(r.temperature[k]))
		}
	}
	return t
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}
