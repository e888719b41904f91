package distill

import (
	"context"
	"slices"
	"time"

	"mlff/dataset"
	"mlff/model"
	"mlff/validate"
)

// The shares of the sampler that are the domain itself; the others are the walls around it, which the student must know
// and its alarm may tell of.
var domainSources = []string{"md", policySource}

// fewestGuarded frames calibrate an alarm.
const fewestGuarded = 10

// The short form of the guard's score: strange frames of each kind, the fewest worth labelling, and the share of a budget
// that their labels may cost.
const (
	guardFrames = 8
	guardLeast  = 3
	guardShare  = 10

	guardDuration = 5.0 // ps of dynamics in which false alarms are counted
)

// enoughGuarded frames say where their 95 % quantile is, to some percent.
const enoughGuarded = 100

// guarded are the frames that the alarm is calibrated on, and those that it is scored on: held-out and test frames of
// dynamics, or two halves of the held-out frames where there is no other test. A quantile of a few held-out frames, from
// two or three trajectories, is off by a factor (13 instead of 5 % false alarms for silicon with 19 of them); then training
// frames are added. Of the many atoms behind it the grade hardly knows which it has seen.
func (r *run) guarded(s *split) (calibration, scoring []dataset.Item) {
	calibration, scoring = slices.Concat(s.held, s.tuneHeld), s.test
	if s.set == heldName {
		calibration, scoring = nil, nil
		for k := range s.held {
			if k%2 == 0 {
				calibration = append(calibration, s.held[k])
			} else {
				scoring = append(scoring, s.held[k])
			}
		}
	}
	if len(calibration) < enoughGuarded {
		calibration = slices.Concat(calibration, s.everything())
	}
	return ofDomain(calibration), ofDomain(scoring)
}

// ofDomain are the items of dynamics; all where there are too few of them.
func ofDomain(items []dataset.Item) []dataset.Item {
	own := slices.DeleteFunc(slices.Clone(items), func(it dataset.Item) bool { return !slices.Contains(domainSources, it.Source) })
	if len(own) < fewestGuarded {
		return items
	}
	return own
}

// guard says how the student's alarm is scored.
func (r *run) guard(ctx context.Context, m *model.Model, s *split) (*validate.Guarding, error) {
	_, scoring := r.guarded(s)
	g := &validate.Guarding{Student: m, Known: framesOf(scoring), Duration: guardDuration, Seed: r.config.Seed}
	if d := r.options.Dynamics; d.Duration > 0 { // of tests
		g.Duration = d.Duration
	}
	if ladder := validate.Extremes(r.config.Domain.Temperatures); len(ladder) > 0 {
		g.Warm, g.Hot = ladder[len(ladder)/2], 2*ladder[len(ladder)-1]
	}
	if r.inputs.teacher == nil {
		return g, nil
	}
	if err := r.affordGuard(ctx); err != nil {
		return nil, err
	}
	if n := r.config.Plan.GuardFrames; n >= guardLeast {
		g.Frames, g.Label = n, TeacherLabels(r.inputs.teacher)
	}
	return g, nil
}

// affordGuard fixes the number of strange frames of each kind.
func (r *run) affordGuard(ctx context.Context) error {
	plan := r.config.Plan
	if plan.GuardFrames > 0 {
		return nil
	}
	plan.GuardFrames = guardFrames
	if r.config.Train.Steps == nil {
		each, err := r.timeTeacher(ctx)
		if err != nil {
			return err
		}
		calls := r.labellers() * int(time.Duration(r.config.Train.Budget)/guardShare/max(each, 1))
		plan.GuardFrames = min(guardFrames, max(1, calls/validate.GuardKinds))
	}
	return r.fixed()
}
