package train

import (
	"fmt"
	"time"
)

// patience is the part of a plan in which the held-out score may fail to improve. Before the rate comes down energies
// waver, and scores with them: a training of 7730 steps that ends at its best had a pause of 0.15.
const patience = 0.3

// descent is the length of the decay after an early stop, in updates that led to the best parameters.
const descent = 0.5

// shortest is the length of a plan that may be stopped early: five times the memory of the average (200 updates), whose
// scores before that say how far it has come from the start, not what the frames can teach.
const shortest = 1000

// stopEarly ends a training that has begun to fit the noise of its frames: it goes back to the average that did best and
// takes the rate down from there, in a fraction of the updates that led to it. It follows from the held-out scores
// alone, so it is as reproducible as they are.
func (t *training) stopEarly() {
	best := t.History.Best
	total := t.Step + max(1, int(descent*float64(best)))
	if t.plan.Steps < shortest || t.History.Stopped > 0 || total >= t.Schedule.Total || t.Schedule.progress(t.Step)-t.Schedule.progress(best) < patience {
		return
	}
	t.History.Stopped = t.Step
	t.Schedule = t.Schedule.squeeze(t.Step, total)
	copy(t.moving, t.best)
	copy(t.optimiser.Average, t.best)
	t.coordinates.toModel(t.moving, t.model.Params())
}

// landing is how many updates the decay gets at least, even when the clock has run out.
const landing = 100

// watchClock brings the end of the schedule forward if it would otherwise be missed, but leaves enough updates for
// the learning rate to come down. It looks in the second half of the time only: before, a slow second of a busy machine
// says little about the rest, and what is left out cannot be had back.
func (t *training) watchClock() {
	done := t.Step - t.beganStep
	left := time.Until(t.options.Deadline)
	if t.options.Deadline.IsZero() || left > 0 && (done < 20 || left > time.Since(t.began)) {
		return
	}
	each := time.Since(t.began) / time.Duration(max(1, done))
	possible := int(left / max(1, each))
	total := t.Step + max(possible, min(t.plan.Steps/50, landing), 1)
	if total >= t.Schedule.Total || possible >= t.Schedule.Total-t.Step {
		return
	}
	if t.History.Reproducible {
		t.History.Reproducible = false
		t.History.Note = fmt.Sprintf("not reproducible: the clock ran out, at step %d of %d the decay was brought forward", t.Step, t.plan.Steps)
	}
	t.Schedule = t.Schedule.squeeze(t.Step, total)
}
