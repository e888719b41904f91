package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mlff/md"
	"mlff/structure"
)

// dynamics are the flags of mlff md.
type dynamics struct {
	runner
	options  md.Options
	steps    int // in total, those before a restart among them
	every    int
	replicas int
	warm     bool // a temperature was asked for

	out, thermo, save, restart string

	guard guarding

	pressure        float64 // GPa
	compressibility float64 // 1/GPa
}

func mdCommand(t *terminal) *cobra.Command {
	d := dynamics{runner: runner{terminal: t}}
	c := &cobra.Command{
		Use:   "md STUDENT START | md STUDENT --restart FILE",
		Short: "Run molecular dynamics with a student",
		Long: "Run molecular dynamics with a student from the first frame of a file, at constant energy, temperature or\n" +
			"pressure, and print the state as it goes. It begins with the momenta of that frame, if it has some and no --temperature\n" +
			"is asked for; else velocities are thermal, without net momentum and, where nothing is periodic, without rotation.\n\n" +
			"The run is kept in a restart file (--save), every half minute, at the end and on Ctrl-C. --restart goes on from\n" +
			"there with the same settings and files, and with the same bits as if it had never stopped; --steps beyond what was\n" +
			"asked for before makes it longer.\n\n" +
			"--replicas N runs N simulations that differ in their seeds, --seed, --seed + 1, ..., on all cores. Their files are\n" +
			"numbered, traj-0.extxyz and so on, and their bits are those of single runs with these seeds.",
		Example: "  mlff md run/student.safetensors start.extxyz --steps 1000 --timestep 1 --temperature 300\n" +
			"  mlff md run/student.safetensors start.extxyz --ensemble npt --pressure 0.1 --out traj.extxyz.zst --thermo thermo.csv\n" +
			"  mlff md run/student.safetensors --restart traj.restart --steps 5000\n" +
			"  mlff md run/student.safetensors start.extxyz --ensemble nvt --replicas 8 --out traj.extxyz",
		Args: arguments(1, 2, "a student and a start structure"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := d.check(cmd.Flags(), args); err != nil {
				return err
			}
			d.warm = cmd.Flags().Changed("temperature")
			return d.run(cmd, args)
		},
	}
	d.allFlags(c.Flags())
	return c
}

func (d *dynamics) allFlags(f *pflag.FlagSet) {
	d.flags(f)
	f.IntVar(&d.steps, "steps", 1000, "steps to make; after --restart in total (default those that are left)")
	f.Float64Var(&d.options.Timestep, "timestep", 0, "time step in fs (default 1, with hydrogen 0.5)")
	f.StringVar(&d.options.Ensemble, "ensemble", md.NVE, "nve, nvt or npt")
	f.StringVar(&d.options.Thermostat, "thermostat", md.Langevin, "of nvt: langevin, bussi (rescaled velocities) or nose-hoover")
	f.StringVar(&d.options.Barostat, "barostat", md.Isotropic, "of npt: isotropic or anisotropic (stochastic cell rescaling), or mtk")
	f.Float64Var(&d.pressure, "pressure", 0, "of the barostat, GPa")
	f.IntSliceVar(&d.options.Fixed, "fixed", nil, "atoms that never move, counted from 0")
	f.Float64Var(&d.options.Temperature, "temperature", 300, "of the start and the thermostat, K")
	f.Float64Var(&d.options.Friction, "friction", 1, "of the Langevin thermostat, 1/ps")
	f.Float64Var(&d.options.Relaxation, "relaxation", 0.1, "of the bussi and nose-hoover thermostats, ps")
	f.Float64Var(&d.options.CellRelaxation, "cell-relaxation", 1, "of the volume with a barostat, ps")
	f.Float64Var(&d.compressibility, "compressibility", 0.02, "1/GPa, roughly: how far a rescaled cell moves in its relaxation time")
	f.Uint64Var(&d.options.Seed, "seed", 1, "of velocities, thermostat and barostat")
	f.IntVar(&d.every, "every", 100, "steps between printed lines, written frames and lines of --thermo")
	f.IntVar(&d.replicas, "replicas", 1, "simulations with seeds of their own, on all cores")
	f.StringVar(&d.out, "out", "", "file for the trajectory, extended XYZ (.gz and .zst by name)")
	f.StringVar(&d.thermo, "thermo", "", "file for time, temperature, energies and pressure, comma-separated")
	f.StringVar(&d.save, "save", "", "restart file (default the name of --out with .restart; without --out md.restart, on Ctrl-C alone)")
	f.StringVar(&d.guard.mode, "grade", gradeWarn, "where the run leaves what the student was taught: warn, stop (after ten steps, or at twice the threshold) or off")
	f.Float64Var(&d.guard.threshold, "threshold", 0, "extrapolation grade that alarms (default the student's own)")
	f.StringVar(&d.restart, "restart", "", "go on from this restart file")
}

// positive is a flag whose default a zero would quietly stand for.
type positive struct {
	flag, noun, unit string
	value            float64
}

func (d *dynamics) positive() []positive {
	o := d.options
	return []positive{{"timestep", "a time step", "fs", o.Timestep}, {"friction", "a friction", "per ps", o.Friction},
		{"relaxation", "a relaxation time", "ps", o.Relaxation}, {"cell-relaxation", "a relaxation time", "ps", o.CellRelaxation},
		{"compressibility", "a compressibility", "per GPa", d.compressibility}}
}

// check refuses what cannot be meant.
func (d *dynamics) check(f *pflag.FlagSet, args []string) error {
	switch {
	case d.steps < 0 || d.every < 1 || d.replicas < 1:
		return usage("--steps must not be negative, --every and --replicas at least 1")
	case d.restart == "" && len(args) < 2:
		return usageError{structure.Hint(errors.New("md takes a student and a start structure"), "usage: mlff md STUDENT START, or mlff md STUDENT --restart FILE")}
	case d.restart != "" && len(args) > 1:
		return usageError{structure.Hint(errors.New("a restart goes on where its run was"), "leave out the start structure, or --restart")}
	}
	for _, x := range d.positive() {
		if f.Changed(x.flag) && !(x.value > 0) {
			hint := "give one above 0"
			if x.flag == "friction" {
				hint += ", or --ensemble nve, which has no thermostat"
			}
			return usageError{structure.Hint(fmt.Errorf("--%s %g: %s is above 0 %s", x.flag, x.value, x.noun, x.unit), hint)}
		}
	}
	var strange error
	f.Visit(func(flag *pflag.Flag) {
		if d.restart != "" && !slices.Contains([]string{"restart", "steps", "json", "threads", "grade", "threshold"}, flag.Name) {
			strange = usageError{structure.Hint(fmt.Errorf("--%s is for a new run: a restart goes on with its own", flag.Name), "leave it out")}
		}
	})
	return strange
}

func (d *dynamics) run(cmd *cobra.Command, args []string) error {
	if d.restart != "" {
		r, err := readRestart(d.restart, args[0])
		if err != nil {
			return err
		}
		if cmd.Flags().Changed("steps") {
			r.Steps = d.steps
		}
		d.precision, d.save = r.Precision, d.restart
		return d.simulate(cmd.Context(), args[0], r)
	}
	r, err := d.begin(args[0], args[1])
	if err != nil {
		return err
	}
	return d.simulate(cmd.Context(), args[0], r)
}

// begin is a restart at step 0.
func (d *dynamics) begin(student, start string) (*restart, error) {
	for _, path := range []string{d.out, d.thermo, d.save} {
		if err := apart(path, student, start); err != nil {
			return nil, err
		}
	}
	r := &restart{Steps: d.steps, Every: d.every, Precision: d.precision, Out: d.out, Thermo: d.thermo}
	p, err := d.open(student)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if r.Student, err = digest(student); err != nil {
		return nil, err
	}
	frame, err := firstFrame(start)
	if err != nil {
		return nil, err
	}
	first := &frame.Structure
	if d.options.Velocities, err = d.momenta(start, frame); err != nil {
		return nil, err
	}
	d.options.Pressure = d.pressure * structure.GPa
	d.options.Compressibility = d.compressibility / structure.GPa
	states, err := md.Starts(p, *first, d.options, d.replicas)
	var wrong *md.OptionsError
	if errors.As(err, &wrong) {
		return nil, usageError{err}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", start, err)
	}
	seen := watch(p)
	seen.look(first)
	seen.warn(d.terminal.err)
	for _, s := range states {
		r.Replicas = append(r.Replicas, saved{State: s})
	}
	return r, nil
}

// momenta are the velocities that a frame brings, nil where thermal ones are wanted; it says which where there is a choice.
func (d *dynamics) momenta(start string, f *structure.Frame) ([][3]float64, error) {
	v, err := md.FrameVelocities(f)
	if err != nil {
		return nil, structure.Hint(fmt.Errorf("%s frame 0: %w", start, err), "mend the column momenta, or give --temperature to begin with thermal velocities")
	}
	why := ""
	switch {
	case v == nil:
		return nil, nil
	case !slices.ContainsFunc(v, func(x [3]float64) bool { return x != [3]float64{} }):
		why = "its momenta are all zero"
	case d.warm:
		why = "--temperature asks for them"
	case d.replicas > 1:
		why = "replicas begin with velocities of their own"
	default:
		fmt.Fprintf(d.terminal.err, "begins with the momenta of %s\n", start)
		return v, nil
	}
	fmt.Fprintf(d.terminal.err, "begins with thermal velocities at %g K, not with the momenta of %s: %s\n", d.options.Temperature, start, why)
	return nil, nil
}

// firstFrame reads where a simulation starts.
func firstFrame(path string) (*structure.Frame, error) {
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
	return f, nil
}

// mended adds to the error of a file what helps where nobody has said anything better.
func mended(err error) error {
	if structure.HintOf(err) != "" {
		return err
	}
	return structure.Hint(err, "mend that place of the file")
}
