// Package benchmark measures what a potential costs in molecular dynamics: time per atom and step, memory, rebuilds of
// the neighbour list, and the drift of what should be conserved.
//
// A step is everything that a user waits for: the test of the skin, rebuilds, the kernel, the sums of forces, the
// integrator. Steps are timed one by one and added up in repeats; the median over the repeats is the figure to quote,
// the least says what an undisturbed machine would do. Figures that are held against each other (bars.go) are taken in
// turns within one run, because other work on a machine changes its speed within seconds.
package benchmark

import (
	"context"
	"fmt"
	"math"
	"time"

	"mlff/md"
	"mlff/neighbor"
	"mlff/structure"
)

// Subject is a potential to be measured. If it tells its kernel and its neighbour list, as students do, so does its Run.
type Subject struct {
	Name      string
	Potential structure.Potential
	Threads   int
	Device    string // "" for the processor
	Elsewhere bool   // in a process of its own, whose memory is not seen
}

// kernelNamer and listKeeper are what a student tells beyond energies and forces.
type (
	kernelNamer interface{ Kernel() string }
	listKeeper  interface{ List() *neighbor.List }
)

// Options of a measurement. Zero values mean defaults.
type Options struct {
	Ensemble    string  // of package md; "" = NVE
	Barostat    string  // of package md, where the ensemble is NPT
	Temperature float64 // K; 0 = 300
	Pressure    float64 // eV/Å³, where the ensemble is NPT
	Timestep    float64 // fs; 0 = the default of package md
	Steps       int     // timed; 0 = 1000
	WarmUp      int     // steps with a thermostat before them; 0 = half as many as Steps, at most 0.5 ps. Negative: none
	Repeats     int     // parts that the steps are timed in; 0 = 10
	Seed        uint64
}

func (o Options) withDefaults(s *structure.Structure) Options {
	if o.Ensemble == "" {
		o.Ensemble = md.NVE
	}
	if o.Temperature == 0 {
		o.Temperature = 300
	}
	if o.Timestep == 0 {
		o.Timestep = md.DefaultTimestep(s)
	}
	if o.Steps == 0 {
		o.Steps = 1000
	}
	if o.WarmUp == 0 {
		o.WarmUp = min(o.Steps/2, int(500/o.Timestep))
	}
	if o.Repeats == 0 {
		o.Repeats = 10
	}
	o.Repeats = max(1, min(o.Repeats, o.Steps))
	return o
}

// Spread sums up repeated timings.
type Spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
}

// Run is one measurement.
type Run struct {
	Potential string   `json:"potential"`
	Ensemble  string   `json:"ensemble"`
	Atoms     int      `json:"atoms"`
	Threads   int      `json:"threads"`
	Neighbors *float64 `json:"neighbors"` // closer than the cutoff, mean over atoms at the start and the end; null if the potential has no list
	Kernel    string   `json:"kernel,omitempty"`
	Time      Spread   `json:"us_per_atom_step"`
	RSS       *float64 `json:"rss_mib"`         // of the process after the run; null where the system does not tell
	Drift     *float64 `json:"conserved_drift"` // meV/atom/ps; null below 10 steps

	Steps      int      `json:"steps"`
	Timestep   float64  `json:"timestep"` // fs
	DriftError *float64 `json:"conserved_drift_error"`
	Rebuilds   *float64 `json:"rebuilds_per_step"` // share of steps that built the neighbour list anew
	NsPerDay   float64  `json:"ns_per_day"`        // from the median
	FirstCall  float64  `json:"first_call_ms"`     // the evaluation before the first step: memory, list
	Latency    Latency  `json:"step_ms"`
	WarmUp     int      `json:"warm_up_steps"`

	Through    string   `json:"through"`          // ThroughEngine or ThroughASE
	Device     string   `json:"device,omitempty"` // "cuda" where a teacher ran on a GPU
	Integrator string   `json:"integrator"`
	Call       Latency  `json:"call_ms"`     // what of each step was spent in the potential
	Overhead   *float64 `json:"overhead_us"` // mean step less the engine's (through ASE: of a student, less its engine's; else less the calculator's) share, µs
	Growth     []Memory `json:"rss_over_time,omitempty"`

	means []float64 // ms a step, of the repeats
}

// Whether integrator and potential are those of this program, or ASE drives a calculator.
const (
	ThroughEngine = "engine"
	ThroughASE    = "ase"
)

// Latency is the distribution of the time of a step, in ms.
type Latency struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
}

// Measure runs molecular dynamics from s and times it. Errors are those of package md.
func Measure(ctx context.Context, p Subject, s structure.Structure, o Options) (*Run, error) {
	o = o.withDefaults(&s)
	watch := &stopwatch{Potential: p.Potential}
	m, err := start(ctx, watch, s, o)
	if err != nil {
		return nil, err
	}
	run := &Run{Potential: p.Name, Ensemble: o.Ensemble, Atoms: s.Len(), Threads: p.Threads, Steps: o.Steps, Timestep: o.Timestep,
		FirstCall: milliseconds(watch.first), WarmUp: max(0, o.WarmUp), Through: ThroughEngine, Device: p.Device, Integrator: integratorOf(m.Options())}
	before, list := run.begin(p.Potential, m.Structure())
	steps, calls := make([]time.Duration, 0, o.Steps), make([]time.Duration, 0, o.Steps)
	times, energies := make([]float64, 0, o.Steps), make([]float64, 0, o.Steps)
	run.Growth = append(run.Growth, Memory{0, RSS()})
	for k := range o.Steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		spent, began := watch.spent, time.Now()
		if err := m.Step(); err != nil {
			return nil, err
		}
		steps = append(steps, time.Since(began))
		calls = append(calls, watch.spent-spent)
		if every := max(1, o.Steps/50); (k+1)%every == 0 {
			run.Growth = append(run.Growth, Memory{k + 1, RSS()})
		}
		times, energies = append(times, m.Time()), append(energies, m.Conserved())
	}
	run.timing(steps, calls, o)
	run.drift(times, energies)
	if list != nil {
		run.Rebuilds = number(float64(list.Builds()-before) / float64(o.Steps))
		run.Neighbors = number((*run.Neighbors + neighborsOf(list, m.Structure())) / 2)
	}
	run.RSS = number(RSS())
	if p.Elsewhere {
		run.RSS, run.Growth = nil, nil
	}
	return run, nil
}

// start makes the simulation and warms it up: half of what it costs at first is memory that is never asked for again.
func start(ctx context.Context, p structure.Potential, s structure.Structure, o Options) (*md.Simulation, error) {
	options := md.Options{Timestep: o.Timestep, Ensemble: md.NVT, Temperature: o.Temperature, Seed: o.Seed, Friction: 10}
	m, err := md.New(p, s, options)
	if err != nil {
		return nil, err
	}
	if err := m.Run(ctx, max(0, o.WarmUp)); err != nil {
		return nil, fmt.Errorf("while warming up: %w", err)
	}
	options.Ensemble, options.Friction, options.Barostat, options.Pressure = o.Ensemble, 0, o.Barostat, o.Pressure
	return m, m.Switch(options)
}

// stopwatch adds up the time spent in a potential, and keeps that of the first call.
type stopwatch struct {
	structure.Potential
	first, spent time.Duration
}

// Evaluate is the potential's.
func (w *stopwatch) Evaluate(s *structure.Structure, out *structure.Result) error {
	began := time.Now()
	err := w.Potential.Evaluate(s, out)
	took := time.Since(began)
	if w.first == 0 {
		w.first = max(1, took)
	}
	w.spent += took
	return err
}

// integratorOf names what moves the atoms.
func integratorOf(o md.Options) string {
	switch o.Ensemble {
	case md.NVT:
		return "md." + o.Thermostat
	case md.NPT:
		return "md." + o.Barostat
	}
	return "md.verlet"
}

// begin notes what the potential tells of itself.
func (r *Run) begin(p structure.Potential, s *structure.Structure) (builds int, list *neighbor.List) {
	if k, ok := p.(kernelNamer); ok {
		r.Kernel = k.Kernel()
	}
	if l, ok := p.(listKeeper); ok {
		list = l.List()
		builds = list.Builds()
		r.Neighbors = number(neighborsOf(list, s))
	}
	return builds, list
}

// neighborsOf is the mean number of neighbours closer than the cutoff.
func neighborsOf(l *neighbor.List, s *structure.Structure) float64 {
	if l.N == 0 {
		return 0
	}
	x, n := l.Positions(s, nil), 0
	for i := range l.N {
		for _, j := range l.J[l.Start[i]:l.Start[i+1]] {
			if structure.Norm(structure.Sub(x[j], x[i])) < l.Cutoff {
				n++
			}
		}
	}
	return float64(n) / float64(l.N)
}

func (r *Run) timing(steps, calls []time.Duration, o Options) {
	atoms := float64(max(1, r.Atoms))
	r.means = repeats(steps, o.Repeats)
	r.Time = spread(r.means, 1e3/atoms) // ms to µs
	r.Latency, r.Call = latency(steps), latency(calls)
	r.Overhead = number(1e3 * (r.Latency.Mean - r.Call.Mean))
	r.NsPerDay = nanosecondsPerDay(o.Timestep, r.Time.Median*atoms)
}

// nanosecondsPerDay of simulated time, for a time step in fs that takes so many µs.
func nanosecondsPerDay(timestep, microseconds float64) float64 {
	return timestep * 1e-6 * 86400e6 / microseconds
}

// drift fits the last 80 %.
func (r *Run) drift(time, energy []float64) {
	first := len(time) / 5
	slope, deviation := md.Drift(time[first:], energy[first:]) // eV/fs
	scale := 1e6 / float64(max(1, r.Atoms))
	r.Drift, r.DriftError = number(math.Abs(slope)*scale), number(deviation*scale)
}

// number is x for JSON, which knows no NaN.
func number(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}
