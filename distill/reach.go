package distill

import (
	"context"
	"math"
	"time"

	"mlff/dataset"
	"mlff/structure"
	"mlff/teacher"
	"mlff/train"
)

// reachName is how far the teacher's forces reach, as measured before its labels were paid for.
const reachName = "reach.json"

// reach is what no student can know that sees only so far: see teacher.Locality.
type reach struct {
	Forces float64         `json:"forces"` // RMS of the teacher's force components with atoms displaced by reachRattle, eV/Å
	Floors []teacher.Reach `json:"floors"` // with atoms beyond a radius displaced likewise, ascending
}

// The measurement takes about reachCalls calls, and no more of a budget than the examination.
const (
	reachRattle  = 0.1 // Å
	reachCentres = 2
	reachSamples = 4
	reachLargest = 150 // atoms
)

var reachRadii = []float64{4, 5, 6, 7}

// examineReach measures once how far the teacher's forces reach, where the budget allows, and says so if a student of the
// wanted cutoff cannot reach its bar.
func (r *run) examineReach(ctx context.Context) error {
	var x reach
	if ok, err := r.readJSON(reachName, &x); ok || err != nil {
		return err
	}
	s := r.smallestStart()
	if s == nil || !r.affordsReach(ctx) {
		return ctx.Err()
	}
	var err error
	o := teacher.LocalityOptions{Radii: reachRadii, Centres: reachCentres, Samples: reachSamples, Rattle: reachRattle, Largest: reachLargest}
	x.Floors, err = teacher.Locality(ctx, r.inputs.teacher, []structure.Structure{*s}, o, func(done, total int) { r.progress("locality", done, total) })
	if err == nil {
		x.Forces, err = r.typicalForce(ctx, s)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		r.say("warning: how far the teacher's forces reach could not be measured: %v", err)
		return nil
	}
	if cutoff := float64(r.config.Student.Cutoff); cutoff > 0 {
		r.doubtReach(&x, cutoff)
	}
	return r.writeJSON(reachName, &x)
}

func (r *run) affordsReach(ctx context.Context) bool {
	if r.config.Train.Steps != nil {
		return true
	}
	each, err := r.timeTeacher(ctx)
	calls := time.Duration(len(reachRadii) * reachCentres * reachSamples * reachLargest / typicalAtoms / r.labellers())
	return err == nil && each*calls <= time.Duration(r.config.Train.Budget)/examinationShare
}

// typicalForce is the RMS of force components of a rattled structure.
func (r *run) typicalForce(ctx context.Context, s *structure.Structure) (float64, error) {
	c := s.Clone()
	random := structure.Rand(1, "reach", 0)
	for i := range c.Positions {
		for a := range 3 {
			c.Positions[i][a] += reachRattle * random.NormFloat64()
		}
	}
	labels, err := r.inputs.teacher.Label(ctx, []structure.Structure{c})
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for _, f := range labels[0].Forces {
		sum += structure.Dot(f, f)
	}
	return math.Sqrt(sum / float64(3*s.Len())), nil
}

// ceiling is the accuracy of forces that a student with a cutoff can have at most: 1 - MAE/mean|F|, and errors and forces
// are distributed alike.
func (x *reach) ceiling(cutoff float64) float64 {
	floor := 0.0
	for _, f := range x.Floors {
		if f.Radius <= cutoff || f.Radius == x.Floors[0].Radius {
			floor = f.Spread
		}
	}
	if x.Forces == 0 {
		return 1
	}
	return 1 - floor/x.Forces
}

// least is the smallest radius measured with which a student can do better than a bar by half of what is left to 1, which
// it needs for errors of its own; 0 where there is none.
func (x *reach) least(bar float64) float64 {
	for _, f := range x.Floors {
		if x.ceiling(f.Radius) >= (1+bar)/2 {
			return f.Radius
		}
	}
	return 0
}

// doubtReach tells of a cutoff that is too short for the bar.
func (r *run) doubtReach(x *reach, cutoff float64) {
	bar := r.config.Bars.Forces
	if bar == nil || x.ceiling(cutoff) >= *bar {
		return
	}
	r.say("warning: what lies beyond %g Å changes the teacher's forces: a student of that cutoff reaches an accuracy of forces of %.3f at most (bar %g)", cutoff, x.ceiling(cutoff), *bar)
	if longer := x.least(*bar); longer > 0 {
		r.say("hint: --cutoff %g would do; mlff teachers locality tells more", longer)
	} else {
		r.say("hint: mlff teachers locality looks farther than %g Å", reachRadii[len(reachRadii)-1])
	}
}

// autoCutoff is what auto stands for: what the density of atoms suggests, or more where the teacher's forces reach farther
// and the bar asks for it.
func (r *run) autoCutoff(ctx context.Context, items []dataset.Item) (float64, error) {
	auto, err := r.densityCutoff(ctx, items)
	if err != nil {
		return 0, err
	}
	var x reach
	bar := r.config.Bars.Forces
	if ok, err := r.readJSON(reachName, &x); !ok || err != nil || bar == nil || x.ceiling(auto) >= *bar {
		return auto, err
	}
	longer := x.least(*bar)
	if longer <= auto {
		r.doubtReach(&x, auto)
		return auto, nil
	}
	r.say("the teacher's forces reach far: cutoff %g Å instead of %g Å", longer, auto)
	return longer, nil
}

// densityCutoff is the cutoff that the density of the domain suggests. With the walls around it, crystals at 60 % of their
// volume among them, atoms of silicon would have 48 neighbours instead of 50.
func (r *run) densityCutoff(ctx context.Context, items []dataset.Item) (float64, error) {
	domain, _ := apart(items)
	return train.AutoCutoff(ctx, domain, r.threads())
}
