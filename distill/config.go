package distill

import (
	"path/filepath"
	"strings"
	"time"
)

// Config is one distillation as its user states it: everything that decides the student, nothing about the machine.
// Paths are relative to the working directory once loaded; in a file they are relative to the file.
type Config struct {
	Teacher       string   `yaml:"teacher"`                  // sw-si, lj-ar, eam:FILE; empty with Data
	TeacherPython string   `yaml:"teacher_python,omitempty"` // virtual environment or interpreter of ASE teachers
	Data          []Source `yaml:"data"`                     // labelled files; empty with Teacher
	Finetune      []Source `yaml:"finetune,omitempty"`       // labelled files of another method, learned last; their level is the student's
	Valid         []string `yaml:"valid"`                    // labelled files that are only reported
	Structures    []string `yaml:"structures"`               // start structures of the sampler
	Keys          Keys     `yaml:"keys"`
	MixTeachers   bool     `yaml:"mix_teachers,omitempty"` // learn from labels of several teachers all the same
	Domain        Domain   `yaml:"domain"`
	Sample        Sampling `yaml:"sample"`
	Student       Student  `yaml:"student"`
	Train         Train    `yaml:"train"`
	Bars          Bars     `yaml:"bars"`
	PricePerHour  float64  `yaml:"price_per_hour,omitempty"` // of the machines that label, for the report
	Seed          uint64   `yaml:"seed"`
	Plan          *Plan    `yaml:"plan,omitempty"` // written by the run; refused in a user's file

	given map[string]bool // dotted names of the keys that a file stated, be it as null
}

// Source is a labelled file and how much its frames count.
type Source struct {
	File   string  `yaml:"file" json:"file"`
	Weight float64 `yaml:"weight" json:"weight"`
}

// Keys name the labels of extended XYZ files; empty means REF_energy, then energy, and so on.
type Keys struct {
	Energy     string `yaml:"energy"`
	Forces     string `yaml:"forces"`
	Stress     string `yaml:"stress"`
	Virial     string `yaml:"virial"`
	FreeEnergy bool   `yaml:"free_energy"` // learn free_energy where there is one
	Group      string `yaml:"group"`       // comment-line key whose value holds frames together in splits
}

// Domain is what the student is made for.
type Domain struct {
	Temperatures []float64  `yaml:"temperatures,flow"` // K
	Pressure     [2]float64 `yaml:"pressure,flow"`     // from, to, GPa
	Charge       int        `yaml:"charge"`            // e
	Spin         int        `yaml:"spin"`              // multiplicity
}

// Sampling is what the sampler does to the start structures.
type Sampling struct {
	Labels int     `yaml:"labels"` // frames the teacher labels, at most
	Rattle float64 `yaml:"rattle"` // standard deviation of random displacements, Å
	Strain float64 `yaml:"strain"` // largest component of random strains

	Active bool       `yaml:"active"`               // half of the labels where students of the other half need them
	Pool   []string   `yaml:"pool,omitempty"`       // files of frames among which that half is chosen, with active or without
	Extra  []string   `yaml:"extra,omitempty,flow"` // sample.Extras: what is sampled on request
	Paths  [][]string `yaml:"paths,omitempty"`      // pairs of files of one frame, between which images are sampled
}

// Student is the shape of the student.
type Student struct {
	Cutoff    Cutoff `yaml:"cutoff"`
	Radial    int    `yaml:"radial"`
	Channels  int    `yaml:"channels"`
	Mixed     int    `yaml:"mixed"`
	Hidden    int    `yaml:"hidden"`
	LMax      int    `yaml:"lmax"`
	LT        int    `yaml:"lt"`
	Layers    int    `yaml:"layers"`
	Intervals int    `yaml:"intervals"`
}

// Train is how long and how the student learns.
type Train struct {
	Budget  Duration `yaml:"budget"` // wall time of the run; decides Steps where that is null
	Steps   *int     `yaml:"steps"`  // optimiser steps
	Batch   int      `yaml:"batch"`  // frames a step
	Rate    float64  `yaml:"rate"`   // highest learning rate
	Loss    string   `yaml:"loss"`   // squared or huber
	Learn   string   `yaml:"learn"`  // both, forces or energies, of a teacher whose forces are not the gradient of its energy
	Weights Weights  `yaml:"weights"`
}

// Weights of the terms of the loss.
type Weights struct {
	Energy float64 `yaml:"energy"`
	Forces float64 `yaml:"forces"`
	Stress float64 `yaml:"stress"`
}

// Bars decide whether a student passes: accuracies, a drift in meV/atom/ps, and the force error in the student's own
// dynamics over that of held-out frames. One that is null decides nothing.
type Bars struct {
	Energy *float64 `yaml:"energy"`
	Forces *float64 `yaml:"forces"`
	Stress *float64 `yaml:"stress"`
	Drift  *float64 `yaml:"drift"`

	OnPolicy *float64 `yaml:"on_policy"`
}

// Default is the configuration of a file that says nothing; Complete does the rest once it is known where labels come
// from.
func Default() *Config {
	return &Config{
		Domain:  Domain{Spin: 1},
		Sample:  Sampling{Labels: 400, Rattle: 0.1, Strain: 0.05},
		Student: Student{Radial: 16, Channels: 16, Mixed: 16, Hidden: 32, LMax: 3, LT: 2, Layers: 1, Intervals: 96},
		Train: Train{Budget: Duration(time.Minute), Batch: 4, Rate: 7e-3, Loss: "squared", Learn: learnBoth,
			Weights: Weights{Energy: 0.5, Forces: 1, Stress: 0.1}},
		Seed: 1,
	}
}

// What is learned. Where the labels of forces and energies contradict each other, one of them may be left out: it then has
// no bar either, unless the user sets one.
const (
	learnBoth     = "both"
	learnForces   = "forces"
	learnEnergies = "energies"
)

// Complete fills what was left out and depends on the rest. The bars: 0.95 each, 0.01 meV/atom/ps and 1.5 with a
// teacher, drift alone with data only. The temperatures of a teacher's sampler; nobody knows those of somebody's data.
func (c *Config) Complete() {
	set := func(name string, bar **float64, value float64) {
		if *bar == nil && !c.given["bars."+name] {
			*bar = &value
		}
	}
	set("drift", &c.Bars.Drift, 0.01)
	if c.Teacher == "" {
		return
	}
	if c.Train.Learn != learnForces {
		set("energy", &c.Bars.Energy, 0.95)
	}
	if c.Train.Learn != learnEnergies {
		set("forces", &c.Bars.Forces, 0.95)
		set("on_policy", &c.Bars.OnPolicy, 1.5)
	}
	set("stress", &c.Bars.Stress, 0.95)
	if !c.given["domain.temperatures"] && c.Domain.Temperatures == nil {
		c.Domain.Temperatures = []float64{300, 900, 1500}
	}
}

// rebased is a copy of the configuration in which paths relative to one folder are relative to another.
func (c *Config) rebased(from, to string) *Config {
	return c.mapped(func(path string) string { return rebased(path, from, to) })
}

// mapped is a copy of the configuration in which every path is what change makes of it.
func (c *Config) mapped(change func(path string) string) *Config {
	d := *c
	d.Finetune = sourcesMapped(c.Finetune, change)
	d.Data, d.Valid, d.Structures = sourcesMapped(c.Data, change), namesMapped(c.Valid, change), namesMapped(c.Structures, change)
	d.Sample.Pool, d.Sample.Paths = namesMapped(c.Sample.Pool, change), nil
	for _, ends := range c.Sample.Paths {
		d.Sample.Paths = append(d.Sample.Paths, namesMapped(ends, change))
	}
	if c.TeacherPython != "" {
		d.TeacherPython = change(c.TeacherPython)
	}
	if before, files, after := splitTeacher(c.Teacher); files != nil {
		d.Teacher = before + strings.Join(namesMapped(files, change), ",") + after
	}
	if c.Plan != nil {
		p := *c.Plan
		p.Added = sourcesMapped(p.Added, change)
		p.Inputs = map[string]string{}
		for path, sum := range c.Plan.Inputs {
			p.Inputs[change(path)] = sum
		}
		d.Plan = &p
	}
	return &d
}

func sourcesMapped(list []Source, change func(string) string) []Source {
	var out []Source
	for _, s := range list {
		out = append(out, Source{change(s.File), s.Weight})
	}
	return out
}

func namesMapped(list []string, change func(string) string) []string {
	var out []string
	for _, name := range list {
		out = append(out, change(name))
	}
	return out
}

func rebased(path, from, to string) string {
	if filepath.IsAbs(path) {
		return path
	}
	absolute, err := filepath.Abs(filepath.Join(from, path))
	if err != nil {
		return filepath.Join(from, path)
	}
	base, err := filepath.Abs(to)
	if err != nil {
		return absolute
	}
	if relative, err := filepath.Rel(base, absolute); err == nil {
		return relative
	}
	return absolute
}
