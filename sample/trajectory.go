package sample

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"mlff/md"
	"mlff/structure"
	"mlff/teacher"
)

const (
	snapshots  = 6   // of a trajectory; they are one group
	interval   = 20  // steps between snapshots: 40 fs, half an optical period of silicon
	least      = 4   // steps, where evaluations are dear
	warmUp     = 3   // intervals before the first snapshot
	meltDown   = 8   // the same at molten times the highest temperature, before
	molten     = 2.5 // which melts most crystals within half a picosecond, and
	cooled     = 1.6 // times the highest temperature, where sampling of the melt begins
	friction   = 20  // 1/ps: soon in equilibrium, however wrong the dynamics
	maxThermal = 30  // eV/Å in a snapshot: hot molecules come to 20
)

// trajectory is a task of dynamics.
type trajectory struct {
	start        structure.Structure
	twist        int       // the how-manieth turn of a bond comes first; 0: none
	relax        bool      // to a minimum first
	hot          float64   // K, of the first steps
	hotSteps     int       // how many
	temperatures []float64 // K, at each snapshot
	warm         int       // steps before the first snapshot, at its temperature
	interval     int       // steps between snapshots
	kind         string
	phase        string // of the frames
	seed         uint64
	strain       float64     // linear
	pressure     *[2]float64 // GPa, from which to draw instead
}

func (t *trajectory) evaluations() int {
	n := 1 + t.hotSteps + t.warm + t.interval*(len(t.temperatures)-1)
	switch {
	case t.relax:
		n += restSteps
	case t.twist > 0:
		n += makeRoom
	}
	if t.pressure != nil {
		n += pressureSteps
	}
	return n
}

// affordable is the number of steps between snapshots such that the plan, with so many labels from dynamics and melts,
// costs no more than Evaluations.
func (p *planner) affordable(dynamics, melts int) int {
	if p.Evaluations <= 0 {
		return interval
	}
	for n := interval; n > least; n-- {
		trial := &planner{Config: p.Config, starts: p.starts, large: p.large, phases: p.phases, interval: n}
		trial.dynamics(dynamics)
		trial.melts(melts)
		labels, evaluations := Cost(trial.tasks)
		if evaluations-labels+p.Labels <= p.Evaluations {
			return n
		}
	}
	return least
}

// dynamics plans trajectories at the temperatures of the ladder in turn, each from the next start structure.
func (p *planner) dynamics(labels int) {
	for n, size := range portions(labels, snapshots, len(p.starts)*len(p.Temperatures)) {
		temperature := p.Temperatures[n%len(p.Temperatures)]
		round := n / len(p.Temperatures)
		t := p.trajectory(n, round, fmt.Sprintf("md-%gK", temperature))
		if start := round % len(p.starts); slices.Contains(p.turnable, start) {
			t.twist = round / len(p.starts) // the first round starts from the structure as it is
		}
		t.temperatures = slices.Repeat([]float64{temperature}, size)
		p.move(n, t)
	}
}

// melts plans trajectories that melt, or otherwise fall apart, and cool to the highest temperature of the ladder.
func (p *planner) melts(labels int) {
	high := slices.Max(p.Temperatures)
	for n, size := range portions(labels, snapshots, len(p.starts)) {
		t := p.trajectory(n, n, "melt")
		t.hot, t.hotSteps, t.phase = molten*high, meltDown*p.interval, ""
		for k := range size {
			t.temperatures = append(t.temperatures, high*(cooled-(cooled-1)*float64(k)/float64(max(size-1, 1))))
		}
		p.move(n, t)
	}
}

// trajectory is the n-th of its share, without its temperatures.
func (p *planner) trajectory(n, start int, kind string) *trajectory {
	rng := structure.Rand(p.Seed, "sample "+p.share, uint64(n))
	start %= len(p.large)
	t := &trajectory{start: p.large[start], phase: p.phases[start], warm: warmUp * p.interval, interval: p.interval, kind: kind,
		seed: rng.Uint64(), strain: p.Strain / 2 * (2*rng.Float64() - 1)}
	if p.Pressure != [2]float64{} && t.start.Periodic() {
		t.pressure = &p.Pressure
	}
	return t
}

func (p *planner) move(n int, t *trajectory) {
	p.add(strconv.Itoa(n), t.phase, len(t.temperatures), t.evaluations(), t.run)
}

// run gives the snapshots. Where the atoms fly apart the frames that are missing are rattled start structures.
func (t *trajectory) run(ctx context.Context, by teacher.Teacher) ([]structure.Frame, error) {
	s := t.start.Clone()
	if err := t.prepare(ctx, by, &s); err != nil {
		return nil, err
	}
	frames, err := t.snapshots(ctx, by, s)
	var exploded *md.StepError
	if ctx.Err() != nil || err != nil && !errors.As(err, &exploded) {
		return nil, errors.Join(ctx.Err(), err)
	}
	var drafts []draft
	for k := len(frames); k < len(t.temperatures); k++ {
		drafts = append(drafts, func(far float64) structure.Structure {
			c := s.Clone()
			rattle(&c, 0.1*far, structure.Rand(t.seed, "sample in place of a snapshot", uint64(k)))
			return c
		})
	}
	if len(drafts) == 0 {
		return frames, nil
	}
	others, err := labelled(ctx, by, t.kind, drafts)
	return append(frames, others...), err
}

// snapshots runs the dynamics.
func (t *trajectory) snapshots(ctx context.Context, by teacher.Teacher, s structure.Structure) ([]structure.Frame, error) {
	o := t.options(&s, t.temperatures[0])
	if t.hotSteps > 0 {
		o.Temperature = t.hot
	}
	sim, err := md.New(teacher.AsPotential(by), s, o)
	if err != nil {
		return nil, err
	}
	if err := sim.Run(ctx, t.hotSteps); err != nil {
		return nil, err
	}
	info := by.Info()
	var frames []structure.Frame
	steps := t.warm
	for _, temperature := range t.temperatures {
		if err := sim.Switch(t.options(&s, temperature)); err != nil {
			return nil, err
		}
		if err := sim.Run(ctx, steps); err != nil {
			return frames, err
		}
		steps = t.interval
		if f := snapshot(sim, &info, t.kind); usable(&f, maxThermal) {
			frames = append(frames, f)
		}
	}
	return frames, nil
}

// options of the dynamics. Steps are twice as long as for conserved energy: a thermostat holds them.
func (t *trajectory) options(s *structure.Structure, temperature float64) md.Options {
	return md.Options{Timestep: 2 * md.DefaultTimestep(s), Ensemble: md.NVT, Temperature: temperature, Friction: friction, Seed: t.seed}
}

// snapshot is the present state with the labels that drove it there.
func snapshot(sim *md.Simulation, info *teacher.Info, kind string) structure.Frame {
	s, r := sim.Structure().Clone(), sim.Result()
	energy := r.Energy
	l := structure.Labels{Energy: &energy, Forces: slices.Clone(r.Forces)}
	if info.Stress && s.Periodic() {
		stress := structure.StressOf(r.Virial, s.Volume())
		l.Stress = &stress
	}
	if info.Energies {
		l.Energies = slices.Clone(r.Energies)
	}
	return frame(s, l, kind)
}

// prepare turns a bond of the start, relaxes it and brings it to its volume, as wanted.
func (t *trajectory) prepare(ctx context.Context, by teacher.Teacher, s *structure.Structure) error {
	r := relaxation{}
	if t.twist > 0 {
		bond := twist(s, t.twist)
		r = relaxation{steps: makeRoom, hold: bond.hold}
	}
	if t.relax {
		r = relaxation{steps: restSteps}
	}
	if err := r.run(ctx, by, s); err != nil {
		return err
	}
	if t.pressure == nil || !by.Info().Stress {
		deform(s, isotropic(t.strain))
		return nil
	}
	u := structure.Rand(t.seed, "sample pressure", 0).Float64()
	return compressTo(ctx, by, s, (t.pressure[0]+u*(t.pressure[1]-t.pressure[0]))*structure.GPa)
}

const pressureSteps = 6

// compressTo scales the cell until the pressure of the atoms at rest is what is wanted [eV/Å³]: Newton's method in
// ln V with the bulk modulus of the last two points, from a typical one; steps of at most 3 % in length.
func compressTo(ctx context.Context, by teacher.Teacher, s *structure.Structure, wanted float64) error {
	modulus := 100 * structure.GPa
	last, step := 0.0, 0.0
	for k := range pressureSteps {
		labels, err := by.Label(ctx, []structure.Structure{*s})
		if err != nil {
			return err
		}
		if len(labels) != 1 || labels[0].Stress == nil {
			return fmt.Errorf("the teacher gave no stress")
		}
		stress := labels[0].Stress
		pressure := -(stress[0] + stress[1] + stress[2]) / 3
		if k > 0 && (pressure-last)*step < 0 {
			modulus = (last - pressure) / step
		}
		last = pressure
		step = min(0.09, max(-0.09, (pressure-wanted)/modulus))
		if step == 0 {
			return nil
		}
		resize(s, 1+step/3)
	}
	return nil
}
