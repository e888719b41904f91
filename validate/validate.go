// Package validate measures how far a student can be trusted and fills its certificate.
//
// Everything here works on any structure.Potential; the results are plain data, which a run directory keeps as
// validation.json. The figures are
//
//   - errors against labelled frames: tables by species, config_type and phase, points for parity plots, histograms
//     (the definitions of accuracy and e* stand at dataset.Comparison);
//   - drift: |least-squares slope| of the total energy per atom over the last 80 % of an NVE run, with its standard
//     error, after 0.5 ps of Langevin dynamics at the stated temperature;
//   - dimers: the energy of every pair of species from 0.2 Å to the cutoff, which must fall with the distance up to
//     0.9 r_s, r_s being the shortest distance of the pair in training;
//   - compression: the energy of a periodic example squeezed to half its volume, which must rise;
//   - on-policy: errors in frames of the student's own dynamics, which the teacher labels;
//   - observables beside the teacher (Survey): crystals, molecules, dynamics, larger cells; their formulas stand in the
//     files crystal.go to transfer.go.
//
// They say how well a student follows its labels, not how well the labels follow nature.
package validate

import (
	"context"
	"fmt"
	"slices"

	"mlff/model"
	"mlff/structure"
)

// File is the name of a saved Validation in a run directory.
const File = "validation.json"

// Subject is the potential to be judged and what it says about itself.
type Subject struct {
	Potential structure.Potential
	Numbers   []int     // the elements it knows, ascending atomic numbers, [S]
	Cutoff    float64   // Å
	Graded    graded    // the same with extrapolation grades; nil where it has none
	Threshold float64   // grade of a frame that alarms
	Shortest  []float64 // r_s of every ordered pair, Å, [S][S]; nil: 0.7 of the sum of the covalent radii
}

// Student is the subject that a trained model and one of its potentials make.
func Student(m *model.Model, p structure.Potential) Subject {
	c := m.Config()
	s := Subject{Potential: p, Numbers: c.Numbers, Cutoff: c.Cutoff, Shortest: c.CoreR}
	if m.Grade() == nil {
		return s
	}
	if g, err := m.Potential(model.Options{Grade: true}); err == nil {
		s.Graded, s.Threshold = g, m.Meta().Threshold
	}
	return s
}

// shortest is r_s of the pair of species a and b, Å.
func (s *Subject) shortest(a, b int) float64 {
	n := len(s.Numbers)
	if len(s.Shortest) != n*n {
		return 0.7 * (structure.CovalentRadius(s.Numbers[a]) + structure.CovalentRadius(s.Numbers[b]))
	}
	return min(s.Shortest[a*n+b], s.Shortest[b*n+a])
}

// Options say what to measure; the zero value measures what needs neither frames nor an example.
type Options struct {
	Frames   []structure.Frame    // labelled frames for the errors
	Walls    []structure.Frame    // further ones, of which the errors are told beside: see Comparison
	Set      string               // what they are called in the report: "test", "held-out", a file name
	Example  *structure.Structure // periodic; nil: neither drift nor compression is measured
	Teacher  structure.Potential  // its curves are drawn beside the student's; may be nil
	Dynamics Dynamics             // of the drift
	Bars     Bars                 // what decides
	Survey   *Survey              // of observables beside the teacher; may be nil
	Guard    *Guarding            // nil: the student's alarm is not scored
	OnPolicy *OnPolicy            // nil: the student is not judged in its own dynamics
	// Reference is what errors in the student's dynamics are held against where Frames have no forces; may be nil.
	Reference *model.Reference
	Seed      uint64
	// Progress is told of every step of a stage: errors, dimers, compression, drift, on-policy, guard. May be nil.
	Progress func(stage string, done, total int)
}

func (o *Options) stage(name string) func(done, total int) {
	return func(done, total int) {
		if o.Progress != nil {
			o.Progress(name, done, total)
		}
	}
}

// Validation is everything that was measured of one student.
type Validation struct {
	Version       int          `json:"version"`
	Comparison    Comparison   `json:"comparison"`
	ByPhase       []Group      `json:"by_phase,omitempty"`       // of the frames that say theirs
	ByTemperature []Group      `json:"by_temperature,omitempty"` // of the frames that say theirs
	ByGrade       []Group      `json:"by_grade,omitempty"`       // of the student's extrapolation grade
	NVE           *NVE         `json:"nve"`                      // null where there was no periodic example
	Dimers        []Dimer      `json:"dimers"`
	Compression   *Compression `json:"compression"` // null where there was no periodic example
	Observables   *Observables `json:"observables,omitempty"`
	Gate          *Gate        `json:"on_policy"` // null without a teacher
	Guard         *Guard       `json:"guard"`
	Bars          Bars         `json:"bars"`
	Checks        []Check      `json:"checks"`
	Passed        bool         `json:"passed"` // no check that decides has failed
}

// Run measures a student. A potential that cannot do what is asked of it fails the check; errors are those of ctx,
// and frames that the potential refuses.
func Run(ctx context.Context, s Subject, o Options) (*Validation, error) {
	v := &Validation{Version: 1, Bars: o.Bars}
	frames := slices.Concat(o.Frames, o.Walls)
	c, err := Compare(ctx, s.Potential, frames, CompareOptions{Walls: len(o.Walls), Seed: o.Seed, Progress: o.stage("errors")})
	if err != nil {
		return nil, err
	}
	c.Set = o.Set
	v.Comparison = *c
	if err := v.groupErrors(ctx, s, frames); err != nil {
		return nil, err
	}
	if v.Dimers, err = Dimers(ctx, s, o.Teacher, o.stage("dimers")); err != nil {
		return nil, err
	}
	if o.Example != nil {
		if err := v.measureExample(ctx, s, o); err != nil {
			return nil, err
		}
	}
	if err := v.runGate(ctx, s, o); err != nil {
		return nil, err
	}
	if err := v.scoreGuard(ctx, o); err != nil {
		return nil, err
	}
	if o.Survey != nil {
		if v.Observables, err = o.Survey.Observe(ctx); err != nil {
			return nil, err
		}
	}
	v.judge()
	return v, nil
}

func (v *Validation) measureExample(ctx context.Context, s Subject, o Options) error {
	if !o.Example.Periodic() {
		return fmt.Errorf("drift and compression need an example that is periodic in all directions")
	}
	var err error
	if v.Compression, err = Compress(ctx, s.Potential, o.Example, o.Teacher, o.stage("compression")); err != nil {
		return err
	}
	d := o.Dynamics
	d.Seed = o.Seed
	v.NVE, err = Conserve(ctx, s.Potential, o.Example, d, o.stage("drift"))
	return err
}

func (v *Validation) runGate(ctx context.Context, s Subject, o Options) error {
	if o.OnPolicy == nil || len(moving(o.OnPolicy.Starts)) == 0 || len(o.OnPolicy.Temperatures) == 0 {
		return nil
	}
	reference := v.Comparison.Reference
	if reference == nil {
		reference = o.Reference
	}
	var err error
	if v.Gate, err = o.OnPolicy.Run(ctx, s.Potential, reference, o.stage("on-policy")); err == nil {
		v.Gate.takeStiffness(v.Compression)
	}
	return err
}

func (v *Validation) scoreGuard(ctx context.Context, o Options) error {
	g := o.Guard
	if g == nil {
		return nil
	}
	if g.Known == nil {
		g.Known = o.Frames
	}
	if v.Gate.stable() {
		g.Gate = v.Gate.Frames
	}
	var err error
	v.Guard, err = g.Score(ctx, o.stage("guard"))
	return err
}

// Certificate is the short form that travels inside the student.
func (v *Validation) Certificate() *model.Certificate {
	c := &model.Certificate{Passed: v.Passed, Test: v.Comparison.Errors, Bars: v.Bars, Checks: v.Checks, Reference: v.Comparison.Reference}
	if v.NVE != nil && v.NVE.Drift != nil {
		c.NVE = &model.NVE{Drift: *v.NVE.Drift, Error: *v.NVE.Error, Atoms: v.NVE.Atoms, Steps: v.NVE.Steps}
	}
	return c
}
