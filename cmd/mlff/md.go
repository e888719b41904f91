package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mlff/distill"
	"mlff/md"
	"mlff/structure"
)

// dynamics are the flags of mlff md.
type dynamics struct {
	runner
	options md.Options
	steps   int
	every   int
	out     string

	pressure float64 // GPa
}

func mdCommand(t *terminal) *cobra.Command {
	d := dynamics{runner: runner{terminal: t}}
	c := &cobra.Command{
		Use:   "md STUDENT START",
		Short: "Run molecular dynamics with a student",
		Long: "Run molecular dynamics with a student from the first frame of a file, at constant energy, temperature or\n" +
			"pressure, and print the state as it goes.",
		Example: "  mlff md run/student.safetensors start.extxyz --steps 1000 --timestep 1 --temperature 300",
		Args:    arguments(2, 2, "a student and a start structure"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := d.check(cmd.Flags()); err != nil {
				return err
			}
			return d.run(cmd.Context(), args[0], args[1])
		},
	}
	f := c.Flags()
	d.flags(f)
	f.IntVar(&d.steps, "steps", 1000, "steps to make")
	f.Float64Var(&d.options.Timestep, "timestep", 0, "time step in fs (default 1, with hydrogen 0.5)")
	f.StringVar(&d.options.Ensemble, "ensemble", md.NVE, "nve, nvt or npt")
	f.StringVar(&d.options.Thermostat, "thermostat", md.Langevin, "of nvt: langevin, bussi (rescaled velocities) or nose-hoover")
	f.StringVar(&d.options.Barostat, "barostat", md.Isotropic, "of npt: isotropic or anisotropic (stochastic cell rescaling), or mtk")
	f.Float64Var(&d.pressure, "pressure", 0, "of the barostat, GPa")
	f.IntSliceVar(&d.options.Fixed, "fixed", nil, "atoms that never move, counted from 0")
	f.Float64Var(&d.options.Temperature, "temperature", 300, "of the start and the thermostat, K")
	f.Float64Var(&d.options.Friction, "friction", 1, "of the Langevin thermostat, 1/ps")
	f.Uint64Var(&d.options.Seed, "seed", 1, "of velocities and thermostat")
	f.IntVar(&d.every, "every", 100, "steps between printed lines and between written frames")
	f.StringVar(&d.out, "out", "", "file for the trajectory, extended XYZ (.gz and .zst by name)")
	return c
}

// outcome is the JSON of mlff md.
type outcome struct {
	Atoms       int      `json:"atoms"`
	Steps       int      `json:"steps"`
	Time        float64  `json:"time"`        // fs
	Temperature float64  `json:"temperature"` // K, of the last step
	Energy      float64  `json:"energy"`      // potential energy of the last step, eV
	Total       float64  `json:"total"`       // kinetic and potential less what thermostat and barostat gave, eV
	Shift       float64  `json:"shift"`       // of Total per atom since the first step, meV
	Seconds     float64  `json:"seconds"`
	Microsecond float64  `json:"us_per_atom_step"`
	NsPerDay    float64  `json:"ns_per_day"`
	Trajectory  string   `json:"trajectory,omitempty"`
	Pressure    *float64 `json:"pressure"` // GPa; null unless periodic in three directions
}

// check refuses what a zero in the options would quietly turn into a default.
func (d *dynamics) check(f *pflag.FlagSet) error {
	o := &d.options
	switch {
	case d.steps < 0 || d.every < 1:
		return usage("--steps must not be negative, --every at least 1")
	case f.Changed("timestep") && !(o.Timestep > 0):
		return usage("--timestep %g: a time step is above 0 fs", o.Timestep)
	case f.Changed("friction") && !(o.Friction > 0):
		return usageError{structure.Hint(fmt.Errorf("--friction %g: a friction is above 0 per ps", o.Friction), "give one above 0, or --ensemble nve, which has no thermostat")}
	}
	return nil
}

func (d *dynamics) run(ctx context.Context, student, start string) (err error) {
	if err := apart(d.out, student, start); err != nil {
		return err
	}
	p, err := d.open(student)
	if err != nil {
		return err
	}
	defer p.Close()
	first, err := firstFrame(start)
	if err != nil {
		return err
	}
	d.options.Pressure = d.pressure * structure.GPa
	sim, err := md.New(p, *first, d.options)
	var wrong *md.OptionsError
	if errors.As(err, &wrong) {
		return usageError{err}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", start, err)
	}
	seen := watch(p)
	seen.look(first)
	seen.warn(d.terminal.err)
	var frames []md.Observer
	if d.out != "" {
		w, failed := structure.Create(d.out)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, w.Close()) }()
		frames = []md.Observer{{Every: d.every, Observe: func(m *md.Simulation) error { return w.Write(snapshot(m)) }}}
	}
	observers := append([]md.Observer{{Every: d.every, Observe: d.table()}}, frames...)
	begin, zero := time.Now(), sim.Conserved()
	err = sim.Run(ctx, d.steps, observers...)
	if errors.Is(err, context.Canceled) {
		return structure.Hint(distill.Interrupted(fmt.Sprintf("interrupted after %d of %d steps", sim.Steps(), d.steps)), "what was written so far is whole")
	}
	if err != nil {
		return err
	}
	return d.summary(sim, zero, time.Since(begin).Seconds())
}

// table prints the state; its lines are progress where stdout is for JSON.
func (d *dynamics) table() func(*md.Simulation) error {
	w := d.terminal.out
	if d.terminal.json {
		w = d.terminal.err
	}
	fmt.Fprintf(w, "%9s %11s %9s %16s %16s %10s\n", "step", "time [fs]", "T [K]", "E_pot [eV]", "E_total [eV]", "P [GPa]")
	return func(m *md.Simulation) error {
		_, err := fmt.Fprintf(w, "%9d %11.2f %9.2f %16.6f %16.6f %10s\n", m.Steps(), m.Time(), m.Temperature(), m.Potential(), m.Conserved(), pressure(m))
		return err
	}
}

func pressure(m *md.Simulation) string {
	if !m.Structure().Periodic() {
		return "-"
	}
	return fmt.Sprintf("%.4f", m.Pressure()/structure.GPa)
}

func (d *dynamics) summary(m *md.Simulation, zero, seconds float64) error {
	n := m.Structure().Len()
	o := outcome{Atoms: n, Steps: m.Steps(), Time: m.Time(), Temperature: m.Temperature(), Energy: m.Potential(), Total: m.Conserved(),
		Shift: 1e3 * (m.Conserved() - zero) / float64(max(1, n)), Seconds: seconds, Trajectory: d.out}
	if m.Steps() > 0 {
		o.Microsecond = 1e6 * seconds / float64(m.Steps()*max(1, n))
		o.NsPerDay = 1e-6 * o.Time * 86400 / max(seconds, 1e-9)
	}
	if m.Structure().Periodic() {
		p := m.Pressure() / structure.GPa
		o.Pressure = &p
	}
	if d.terminal.json {
		return d.terminal.printJSON(o)
	}
	fmt.Fprintf(d.terminal.out, "%d atoms, %d steps in %.2f s: %.3g µs per atom and step, %.3g ns per day; total energy moved by %.3g meV/atom\n",
		n, o.Steps, seconds, o.Microsecond, o.NsPerDay, o.Shift)
	return nil
}

// firstFrame reads where a simulation starts.
func firstFrame(path string) (*structure.Structure, error) {
	r, err := structure.Open(path, structure.Keys{})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f, err := r.Next()
	if err == io.EOF {
		return nil, structure.Hint(fmt.Errorf("%s: no frames", path), "give a file with a structure to start from")
	}
	if err != nil {
		return nil, mended(err)
	}
	if err := f.Check(); err != nil {
		return nil, structure.Hint(fmt.Errorf("%s frame 0: %w", path, err), "mend the structure")
	}
	return &f.Structure, nil
}

// mended adds to the error of a file what helps where nobody has said anything better.
func mended(err error) error {
	if structure.HintOf(err) != "" {
		return err
	}
	return structure.Hint(err, "mend that place of the file")
}

// snapshot is the present frame with its labels.
func snapshot(m *md.Simulation) *structure.Frame {
	r := m.Result()
	f := &structure.Frame{Structure: *m.Structure()}
	f.Energy, f.Forces = &r.Energy, r.Forces
	if f.Periodic() {
		s := structure.StressOf(r.Virial, f.Volume())
		f.Stress = &s
	}
	f.Info = []structure.Entry{{Key: "time", Value: fmt.Sprint(m.Time())}}
	return f
}
