package distill

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"mlff/dataset"
	"mlff/model"
	"mlff/sample"
	"mlff/train"
	"mlff/validate"
)

// The shares of the sampler that are the domain itself; others are around it or, as rattled frames, at its rim.
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

// Where there are fewer than enoughGuarded held-out frames, which come from two or three trajectories and leave their highest
// quantiles open by a factor, the student itself makes more of its domain, for a grade needs no label: walks from the start
// structures at every temperature and at other volumes, and of each what comes after the first walkedIn frames, every
// walkStride-th.
const (
	enoughGuarded = 100
	fewestWalks   = 24
	mostWalks     = 60
	walkedIn      = 10   // 0.5 ps without hydrogen
	walkStride    = 2    // 0.1 ps
	mostFar       = 0.05 // of these frames at twice the first threshold
)

// calibrateGrade fixes scale and threshold of the student's alarm. It is not calibrated on what scores it: test frames, and
// those of the on-policy gate, whose dynamics draw other random numbers.
func (r *run) calibrateGrade(ctx context.Context, m *model.Model, s *split) error {
	held, _ := r.guarded(s)
	if len(ofDomain(held)) >= enoughGuarded {
		return r.calibrateOn(ctx, m, s, held, nil, "")
	}
	// Of the many atoms behind it the grade hardly knows which it has seen.
	if err := r.calibrateOn(ctx, m, s, held, s.everything(), "that it learned from"); err != nil {
		return err
	}
	own, err := r.walked(ctx, m)
	if err != nil || len(own) == 0 {
		return err
	}
	return r.calibrateOn(ctx, m, s, held, own, "of its own dynamics")
}

// calibrateOn takes held-out and more frames, which come from elsewhere; those of dynamics alone where they are enough.
func (r *run) calibrateOn(ctx context.Context, m *model.Model, s *split, held, more []dataset.Item, origin string) error {
	if len(inDomain(held))+len(inDomain(more)) >= fewestGuarded {
		held, more = inDomain(held), inDomain(more)
	}
	m.Meta().Calibration = fmt.Sprintf("%d held-out frames", len(held))
	if len(more) > 0 {
		m.Meta().Calibration += fmt.Sprintf(" and %d %s", len(more), origin)
	}
	return train.CalibrateGrade(ctx, m, train.Data{Train: withoutWalls(s.everything()), Held: slices.Concat(held, more)}, r.threads())
}

// walked are frames of the student's dynamics over its domain; none where nobody said what that is, or where the student is
// not at home there and so cannot say what is usual: it explodes, or more of its frames than may alarm are at twice the
// threshold that was found without them.
func (r *run) walked(ctx context.Context, m *model.Model) ([]dataset.Item, error) {
	n := len(r.inputs.starts) * len(r.config.Domain.Temperatures)
	if n == 0 {
		return nil, nil
	}
	free := m.Clone()
	free.Meta().Threshold = math.Inf(1) // no walk ends early
	walks, err := sample.Walks(ctx, r.config.sampling(nil), r.inputs.starts, free, guardRound, min(mostWalks, max(fewestWalks, n)), r.threads())
	if err != nil {
		return nil, err
	}
	var own []dataset.Item
	far := 0
	for _, w := range walks {
		if w.Lost {
			return nil, nil
		}
		for k := walkedIn; k < len(w.Frames); k += walkStride {
			own = append(own, dataset.NewItem(w.Frames[k], policySource, ""))
			if w.Grades[k] > 2*m.Meta().Threshold {
				far++
			}
		}
	}
	if float64(far) > mostFar*float64(len(own)) {
		return nil, nil
	}
	return own, nil
}

// guardRound is the round of active selection that these walks are not of.
const guardRound = 0

// withoutWalls are the items whose atoms a student should find familiar. Of walls it learns where they begin, not much
// more: five times and more of the error in its domain are no reason to call them known. (Silicon, five students of 400
// labels: with walls 87 to 100 % of wrong frames alarm, all those that do not being compressed; without them all.) An
// element that is nowhere else leaves them in.
func withoutWalls(items []dataset.Item) []dataset.Item {
	inside, _ := apart(items)
	if len(elementsOf(framesOf(inside))) < len(elementsOf(framesOf(items))) {
		return items
	}
	return inside
}

// guarded are the held-out frames that the alarm is calibrated on, and those that it is scored on: held-out and test
// frames, or two halves of the held-out frames where there is no other test.
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
	return calibration, ofDomain(scoring)
}

// ofDomain are the items of dynamics; all where there are too few of them.
func ofDomain(items []dataset.Item) []dataset.Item {
	if own := inDomain(items); len(own) >= fewestGuarded {
		return own
	}
	return items
}

func inDomain(items []dataset.Item) []dataset.Item {
	return slices.DeleteFunc(slices.Clone(items), func(it dataset.Item) bool { return !slices.Contains(domainSources, it.Source) })
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
