package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"

	"mlff/md"
	"mlff/structure"
)

// outputs are the files of one replica.
type outputs struct {
	begin  float64 // conserved quantity of the first step, eV
	frames *structure.Writer
	file   *os.File // of the thermo output
	thermo *bufio.Writer
}

// openOutputs opens them behind what belongs to the steps that have been made.
func (f *flight) openOutputs(k int, own saved) (*outputs, error) {
	o, n := &outputs{begin: own.Begin}, len(f.run.Replicas)
	var err error
	if f.run.Out != "" {
		if o.frames, err = structure.Continue(numbered(f.run.Out, k, n), own.OutBytes); err != nil {
			return nil, unfinished(err, own)
		}
	}
	if f.run.Thermo == "" {
		return o, nil
	}
	path := numbered(f.run.Thermo, k, n)
	if own.ThermoBytes > 0 {
		o.file, err = structure.CutOff(path, own.ThermoBytes)
	} else {
		o.file, err = os.Create(path)
	}
	if err != nil {
		return nil, errors.Join(unfinished(err, own), o.close())
	}
	o.thermo = bufio.NewWriter(o.file)
	if own.ThermoBytes == 0 {
		o.thermo.WriteString(md.ThermoHeader) // its error comes back at the next flush
	}
	return o, nil
}

// unfinished says what helps where a restart does not find its files.
func unfinished(err error, own saved) error {
	if own.State.Step == 0 {
		return err
	}
	return structure.Hint(err, "put the files of the run where they were; to begin new ones, start from a frame of the trajectory")
}

func (o *outputs) observers(every int) []md.Observer {
	var all []md.Observer
	if o.frames != nil {
		all = append(all, md.Observer{Every: every, Observe: md.Trajectory(o.frames)})
	}
	if o.thermo != nil {
		all = append(all, md.Observer{Every: every, Observe: md.Thermo(o.thermo)})
	}
	return all
}

// mark brings the files to the disk and is the state that they belong to. Before the first step it is that of empty files,
// for a run that begins there writes its first state.
func (o *outputs) mark(m *md.Simulation) (s saved, err error) {
	s = saved{State: m.State(), Begin: o.begin}
	if m.Steps() == 0 {
		return s, nil
	}
	if o.frames != nil {
		if s.OutBytes, err = o.frames.Mark(); err != nil {
			return s, err
		}
	}
	if o.thermo == nil {
		return s, nil
	}
	if err = o.thermo.Flush(); err == nil {
		s.ThermoBytes, err = structure.Synced(o.file)
	}
	return s, err
}

func (o *outputs) close() error {
	var errs []error
	if o.frames != nil {
		errs = append(errs, o.frames.Close())
	}
	if o.thermo != nil {
		errs = append(errs, o.thermo.Flush(), o.file.Close())
	}
	return errors.Join(errs...)
}

// outcome is the JSON of mlff md.
type outcome struct {
	Atoms       int      `json:"atoms"`
	Steps       int      `json:"steps"`
	Time        float64  `json:"time"`        // fs
	Temperature float64  `json:"temperature"` // K, of the last step
	Energy      float64  `json:"energy"`      // potential energy of the last step, eV
	Total       float64  `json:"total"`       // what is conserved: kinetic and potential energy less what the baths gave, eV
	Shift       float64  `json:"shift"`       // of Total per atom since the first step, meV
	Seconds     float64  `json:"seconds"`     // of this part of the run
	Microsecond float64  `json:"us_per_atom_step"`
	NsPerDay    float64  `json:"ns_per_day"`
	Trajectory  string   `json:"trajectory,omitempty"`
	Thermo      string   `json:"thermo,omitempty"`
	Restart     string   `json:"restart,omitempty"`
	Pressure    *float64 `json:"pressure"` // GPa; null unless periodic in three directions
	Seed        uint64   `json:"seed"`
}

// progressEvery so many steps a run says how far it is; a step may take microseconds.
const progressEvery = 16

// outcome sums a replica up after so many steps in so many seconds.
func (f *flight) outcome(k int, m *md.Simulation, steps int, seconds float64) outcome {
	n, begin := max(1, m.Structure().Len()), f.run.Replicas[k].Begin
	o := outcome{Atoms: m.Structure().Len(), Steps: m.Steps(), Time: m.Time(), Temperature: m.Temperature(), Energy: m.Potential(), Total: m.Conserved(),
		Shift: 1e3 * (m.Conserved() - begin) / float64(n), Seconds: seconds, Seed: m.Options().Seed,
		Trajectory: numbered(f.run.Out, k, len(f.run.Replicas)), Thermo: numbered(f.run.Thermo, k, len(f.run.Replicas))}
	if f.interval > 0 {
		o.Restart = f.keep.path
	}
	if steps > 0 {
		o.Microsecond = 1e6 * seconds / float64(steps*n)
		o.NsPerDay = 1e-6 * float64(steps) * m.Options().Timestep * 86400 / max(seconds, 1e-9)
	}
	if m.Structure().Periodic() {
		p := m.Pressure() / structure.GPa
		o.Pressure = &p
	}
	return o
}

func (f *flight) print() error {
	if f.terminal.json && len(f.outcomes) == 1 {
		return f.terminal.printJSON(f.outcomes[0])
	}
	if f.terminal.json {
		return f.terminal.printJSON(map[string]any{"replicas": f.outcomes})
	}
	if len(f.outcomes) == 1 {
		o := f.outcomes[0]
		fmt.Fprintf(f.terminal.out, "%d atoms, %d steps in %.2f s: %.3g µs per atom and step, %.3g ns per day; total energy moved by %.3g meV/atom\n",
			o.Atoms, o.Steps, o.Seconds, o.Microsecond, o.NsPerDay, o.Shift)
		return nil
	}
	table := tabwriter.NewWriter(f.terminal.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "replica\tseed\tsteps\tT [K]\tE_pot [eV]\tP [GPa]\tmoved [meV/atom]\tns/day\t")
	for k, o := range f.outcomes {
		p := "-"
		if o.Pressure != nil {
			p = fmt.Sprintf("%.4f", *o.Pressure)
		}
		fmt.Fprintf(table, "%d\t%d\t%d\t%.2f\t%.6f\t%s\t%.3g\t%.3g\t\n", k, o.Seed, o.Steps, o.Temperature, o.Energy, p, o.Shift, o.NsPerDay)
	}
	return table.Flush()
}
