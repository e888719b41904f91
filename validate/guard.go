package validate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"mlff/model"
	"mlff/structure"
)

// Guarding says how the guard of a student is scored: its grade must be low on frames that it knows and high where its
// forces are wrong, on shifts that nothing was calibrated on. Zero values are the defaults.
type Guarding struct {
	Student  *model.Model
	Known    []structure.Frame // labelled frames of the domain that the grade was not calibrated on; nil: those that errors are measured on
	Gate     []structure.Frame // the same, of the student's own dynamics: those of the on-policy gate
	Frames   int               // of each shift; 20
	Hot      float64           // K, of the student's dynamics beyond its domain; 1200
	Warm     float64           // K, within it; 300
	Duration float64           // ps of dynamics within the domain that false alarms are counted in; 20
	Seed     uint64
	// Label asks the teacher; nil: no shifts are tried. A structure that it could not label has empty labels.
	Label func(ctx context.Context, s []structure.Structure) ([]structure.Labels, error)
}

// GuardKinds is the number of kinds of strange frames at most.
const GuardKinds = 7

// wrong is how many times the median force error of known frames makes a frame one that must be flagged.
const wrong = 5

// Guard is how well the alarm of a student works. Errors of frames are mean absolute errors of force components.
type Guard struct {
	Threshold   float64    `json:"threshold"`
	Calibration string     `json:"calibration,omitempty"` // the frames that it was found on; none of them is scored here
	Known       GuardSet   `json:"known"`                 // test frames, then those of the gate
	Gate        int        `json:"on_policy"`             // how many those are
	Shifts      []GuardSet `json:"shifts"`
	Median      float64    `json:"median"`       // force error of test frames, meV/Å
	FalseAlarms float64    `json:"false_alarms"` // share of known frames that alarm
	Wrong       int        `json:"wrong"`        // frames of the shifts with more than five times the median error
	Caught      *float64   `json:"caught"`       // share of them that alarm; null where there are none
	CaughtAt5   *float64   `json:"caught_at_5"`  // the same where the threshold is set for 5 % false alarms on the known frames
	AUROC       *float64   `json:"auroc"`        // of the grade, known frames against wrong ones
	Spearman    *float64   `json:"spearman"`     // of grade and error over all frames
	PerNs       *float64   `json:"per_ns"`       // alarms in a nanosecond of 1000 atoms within the domain; those within 0.1 ps are one
	PerNsFrom   string     `json:"per_ns_from"`
	Failure     string     `json:"failure,omitempty"`
}

// GuardSet is frames of one kind.
type GuardSet struct {
	Name    string    `json:"name"`
	Grades  []float32 `json:"grades"`  // largest of a frame
	Errors  []float32 `json:"errors"`  // force MAE, meV/Å
	Flagged []bool    `json:"flagged"` // grade above the threshold, or another alarm
}

func (g Guarding) withDefaults() Guarding {
	g.Frames = cmp.Or(g.Frames, 20)
	g.Hot = cmp.Or(g.Hot, 1200)
	g.Warm = cmp.Or(g.Warm, 300)
	g.Duration = cmp.Or(g.Duration, 20)
	return g
}

// Score measures the guard of a student; nil where it has none, or there are too few known frames.
func (g Guarding) Score(ctx context.Context, progress func(done, total int)) (*Guard, error) {
	g = g.withDefaults()
	m := g.Student
	known, gate := tellingForces(g.Known), tellingForces(g.Gate)
	if m.Grade() == nil || len(known) < fewest {
		return nil, nil
	}
	p, err := m.Potential(model.Options{Grade: true})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	out := &Guard{Threshold: m.Meta().Threshold, Calibration: m.Meta().Calibration, Known: GuardSet{Name: "known frames"}, Gate: len(gate)}
	for _, f := range slices.Concat(known, gate) {
		if err := out.Known.add(p, &f.Structure, f.Forces, out.Threshold); err != nil {
			return nil, err
		}
	}
	out.Median = median(out.Known.Errors[:len(known)])
	var shifts []shift
	if g.Label != nil {
		shifts = g.shifts(ctx, p, known)
	}
	for k, s := range shifts {
		set, err := g.shift(ctx, p, s, out.Threshold)
		if err != nil {
			return nil, err
		}
		if len(set.Grades) > 0 {
			out.Shifts = append(out.Shifts, *set)
		}
		progress(k+1, len(shifts)+1)
	}
	if err := g.count(ctx, p, known, out); err != nil {
		return nil, err
	}
	progress(len(shifts)+1, len(shifts)+1)
	out.conclude()
	return out, ctx.Err()
}

// tellingForces are the frames whose labels tell an error of forces.
func tellingForces(frames []structure.Frame) []structure.Frame {
	return slices.DeleteFunc(slices.Clone(frames), func(f structure.Frame) bool { return len(f.Forces) == 0 || f.Len() < 2 })
}

// add evaluates one frame against the teacher's forces. What the student refuses is flagged, and counts as no frame.
func (s *GuardSet) add(p *model.Potential, x *structure.Structure, forces [][3]float64, threshold float64) error {
	var out structure.Result
	if err := p.Evaluate(x, &out); err != nil {
		return err
	}
	sum := 0.0
	for i := range forces {
		for a := range 3 {
			sum += math.Abs(out.Forces[i][a] - forces[i][a])
		}
	}
	grade, alarms := p.Frame()
	s.Grades = append(s.Grades, single(grade))
	s.Errors = append(s.Errors, single(1e3*sum/float64(3*len(forces))))
	s.Flagged = append(s.Flagged, !(grade <= threshold) || alarms != 0)
	return nil
}

// shift labels and evaluates the frames of one kind.
func (g *Guarding) shift(ctx context.Context, p *model.Potential, s shift, threshold float64) (*GuardSet, error) {
	set := &GuardSet{Name: s.name}
	for batch := range slices.Chunk(s.frames, policyBatch) {
		labels, err := g.Label(ctx, batch)
		if err != nil {
			return nil, err
		}
		if len(labels) != len(batch) {
			return nil, fmt.Errorf("the teacher gave %d labels for %d structures", len(labels), len(batch))
		}
		for k := range batch {
			if len(labels[k].Forces) == batch[k].Len() {
				_ = set.add(p, &batch[k], labels[k].Forces, threshold) // what the student refuses cannot go unnoticed
			}
		}
	}
	return set, nil
}

// conclude fills in what follows from grades and errors.
func (g *Guard) conclude() {
	g.FalseAlarms = share(g.Known.Flagged)
	at5 := quantileOf(g.Known.Grades, 0.95)
	var flagged, above []bool
	var strange []float32
	grades, errors := slices.Clone(g.Known.Grades), slices.Clone(g.Known.Errors)
	for k := range g.Shifts {
		s := &g.Shifts[k]
		grades, errors = append(grades, s.Grades...), append(errors, s.Errors...)
		for i := range s.Grades {
			if float64(s.Errors[i]) > wrong*g.Median {
				flagged, above = append(flagged, s.Flagged[i]), append(above, s.Grades[i] > at5)
				strange = append(strange, s.Grades[i])
			}
		}
	}
	g.Wrong = len(flagged)
	if g.Wrong > 0 {
		caught, at, area := share(flagged), share(above), auroc(g.Known.Grades, strange)
		g.Caught, g.CaughtAt5, g.AUROC = &caught, &at, &area
	}
	if len(grades) > len(g.Known.Grades) {
		r := spearman(grades, errors)
		g.Spearman = &r
	}
}
