package train

import (
	"fmt"
	"math"
	"time"

	"mlff/structure"
)

// Weights of the three parts of the loss; see Loss for their scales.
type Weights struct {
	Energy float64 `json:"energy"`
	Forces float64 `json:"forces"`
	Stress float64 `json:"stress"`
}

// Plan is everything that decides what training does to a model, fixed before it starts. Equal plan, data and model
// give equal parameters, whatever the number of threads and however often training was interrupted.
type Plan struct {
	Seed        uint64  `json:"seed"`
	Steps       int     `json:"steps"`        // optimiser updates
	Batch       int     `json:"batch"`        // frames per update
	Rate        float64 `json:"rate"`         // learning rate at its peak
	FinalRate   float64 `json:"final_rate"`   // rate at the end over Rate
	WarmUp      int     `json:"warm_up"`      // updates of linear rise; at most a tenth of Steps
	Clip        float64 `json:"clip"`         // largest norm of a gradient
	WeightDecay float64 `json:"weight_decay"` // decoupled
	Average     float64 `json:"average"`      // decay of the average over parameters, per update
	Loss        string  `json:"loss"`         // squared or huber
	Weights     Weights `json:"weights"`
	EnergyBoost float64 `json:"energy_boost"` // factor on the energy weight from BoostFrom on
	BoostFrom   float64 `json:"boost_from"`   // fraction of Steps
	Checks      int     `json:"checks"`       // times the held-out frames are evaluated
	CheckFrames int     `json:"check_frames"` // how many of them, evenly spaced; 0 all
}

// DefaultPlan holds the recipe that worked on silicon, lithium and water; Steps is left open.
//
// Clip is low because single frames, strained or hot, have gradients of ten times the usual norm, and Adam remembers
// their square for a thousand updates. Measured after 3000 steps, force MAE in meV/Å on mlearn Si, Li (cutoff 6.5 Å) and
// water-painn: 58.1, 8.9, 20.4 with 3; 56.7, 8.4, 17.9 with 0.3; 56.4, 8.3, 17.7 with 0.05. Twice the rate gains 6 % on
// water and loses 2 % on the metals.
func DefaultPlan() Plan {
	return Plan{
		Batch: 4, Rate: 7e-3, FinalRate: 0.003, WarmUp: 100, Clip: 0.3, Average: 0.995,
		Loss: Squared, Weights: Weights{Energy: 0.5, Forces: 1, Stress: 0.1},
		EnergyBoost: 3, BoostFrom: 0.7, Checks: 20,
	}
}

// checkShare is the part of the computing time that held-out evaluations may take.
const checkShare = 0.04

// Limit sets CheckFrames for the given number of held-out frames such that evaluating them, at a third of the
// cost of a training frame, takes at most 4 % of the time.
func (p *Plan) Limit(held int) {
	most := int(checkShare * 3 * float64(p.Steps*p.Batch) / float64(max(1, p.Checks)))
	p.CheckFrames = min(held, max(most, 10))
}

// Validate finds values that no training can follow.
func (p *Plan) Validate() error {
	switch {
	case p.Steps < 1:
		return structure.Hint(fmt.Errorf("training needs at least one step, not %d", p.Steps), "give --steps, or a larger --budget")
	case p.Batch < 1:
		return fmt.Errorf("a batch needs at least one frame, not %d", p.Batch)
	case !(p.Rate > 0) || math.IsInf(p.Rate, 0):
		return fmt.Errorf("the learning rate must be positive, not %g", p.Rate)
	case p.Loss != Squared && p.Loss != Huber:
		return fmt.Errorf("the loss is %s or %s, not %q", Squared, Huber, p.Loss)
	case p.Weights.Energy < 0 || p.Weights.Forces < 0 || p.Weights.Stress < 0 || p.Weights == Weights{}:
		return fmt.Errorf("loss weights must not be negative, nor all zero: %+v", p.Weights)
	case !(p.Average >= 0 && p.Average < 1):
		return fmt.Errorf("the decay of the parameter average lies in [0, 1), not at %g", p.Average)
	}
	return nil
}

// Timing is what a calibration measured on this machine.
type Timing struct {
	Step  time.Duration `json:"step"`  // one update with Plan.Batch frames
	Check time.Duration `json:"check"` // one held-out frame
	Start time.Duration `json:"start"` // everything before the first update
}

// reserve is the part of a budget that a plan leaves free, for machines that slow down.
const reserve = 0.08

// MostEpochs bounds how often a budget lets training see every frame. On mlearn Si (190 frames) 250 times are the best:
// twice as often gains nothing, and the decay of the learning rate comes after the noise has been learned.
const MostEpochs = 250

// Within sets Steps, and CheckFrames, to what a budget allows by timing t for the given numbers of training and held-out
// frames, but to no more than MostEpochs.
func (p *Plan) Within(budget time.Duration, t Timing, train, held int) {
	seconds := (1-reserve)*budget.Seconds() - t.Start.Seconds()
	step := max(t.Step.Seconds(), 1e-6)
	p.Steps = max(1, int(seconds*(1-checkShare)/step))
	p.Limit(held)
	checks := float64(p.Checks*p.CheckFrames) * t.Check.Seconds()
	p.Steps = min(max(1, int((seconds-checks)/step)), p.Most(train))
}

// Most is how many steps show every one of so many training frames MostEpochs times.
func (p *Plan) Most(train int) int { return max(1, MostEpochs*train/p.Batch) }

// schedule maps updates to progress through the plan. Progress is step/Steps unless the clock ran out: then the
// rest of it is squeezed into fewer updates.
type schedule struct {
	From  int     `json:"from"`  // update from which this holds
	Done  float64 `json:"done"`  // progress there
	Total int     `json:"total"` // update at which progress reaches 1
}

func (s schedule) progress(step int) float64 {
	if s.Total <= s.From {
		return 1
	}
	return s.Done + (1-s.Done)*float64(step-s.From)/float64(s.Total-s.From)
}

// squeeze ends the schedule at update total instead, from update step on.
func (s schedule) squeeze(step, total int) schedule {
	return schedule{From: step, Done: s.progress(step), Total: max(total, step)}
}

// rate at an update and progress: linear warm-up, then a cosine down to FinalRate.
func (p *Plan) rate(step int, progress float64) float64 {
	warm := min(p.WarmUp, p.Steps/10)
	rise := min(1, float64(step+1)/float64(warm+1))
	start := float64(warm) / float64(p.Steps)
	x := min(1, max(0, (progress-start)/(1-start)))
	return p.Rate * min(rise, p.FinalRate+(1-p.FinalRate)*(1+math.Cos(math.Pi*x))/2)
}

// weights of the loss at a given progress.
func (p *Plan) weights(progress float64) Weights {
	w := p.Weights
	if progress >= p.BoostFrom {
		w.Energy *= p.EnergyBoost
	}
	return w
}
