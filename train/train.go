// Package train turns labelled frames into the parameters of a student.
//
// The steps: species energies (SpeciesEnergies), what the frames say about sizes and scales (Measure), a random start
// (Start), a plan (DefaultPlan; Time and Plan.Within for a budget), the training itself (Run) and the extrapolation
// grade (CalibrateGrade).
//
// Training minimises Loss by AdamW under a warm-up and cosine schedule and keeps an average over parameters. Forces
// need no second derivatives: positions are displaced along the residual instead (engine.add). Equal plan, data and
// start give equal parameters on any number of threads and after any resume; where a deadline cuts the plan short, the
// history says so.
package train

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
)

// Data are the frames that training sees: Train for gradients, Held to choose among averaged parameters.
type Data struct{ Train, Held []dataset.Item }

// Options say how to run a plan; none of them changes its outcome, except Deadline when it has to.
type Options struct {
	Threads    int            // 0: all cores
	Checkpoint string         // file to continue from if it exists, and to write; "": none
	Every      time.Duration  // between checkpoints; 0: 30 s
	Deadline   time.Time      // when training must have ended; zero: never
	Progress   func(Progress) // called after every update; may be nil
}

// Run trains m by a plan, from its present parameters, and leaves in m those of the average that did best on the
// held-out frames, evaluated Plan.Checks times, or the last average without held-out frames. Best is the smallest score
//
//	sqrt(10 wE) <|dE|>/<N> eps + sqrt(wF) <|dF|>/eps + sqrt(wS) <|dW|>/<N> eps
//
// with means over frames or components and the weights of the end of training. The squared loss would be ruled by the
// oddest held-out frame.
//
// Where these get no better for 30 % of the plan, training returns to the best and ends with a short decay from there:
// that is part of the plan's outcome, and the history tells when. If ctx ends, Run writes a checkpoint and returns ctx's error; the next Run with the same arguments goes on from it.
func Run(ctx context.Context, m *model.Model, d Data, p Plan, o Options) (*History, error) {
	t, err := newTraining(m, d, p, o)
	if err != nil {
		return nil, err
	}
	defer t.engine.gradient.Close()
	for t.Step < t.Schedule.Total {
		if ctx.Err() != nil {
			return nil, errors.Join(ctx.Err(), t.save())
		}
		if err := t.update(); err != nil {
			return nil, err
		}
		t.watchClock()
		if time.Since(t.saved) > t.options.Every {
			if err := t.save(); err != nil {
				return nil, err
			}
		}
	}
	t.coordinates.toModel(t.best, m.Params())
	return &t.History, t.save()
}

// training is a run in progress. The model holds the moving parameters, except during checks.
type training struct {
	state
	plan        Plan
	options     Options
	model       *model.Model
	engine      *engine
	optimiser   *Optimiser
	order       *order
	train       []dataset.Item
	held        []*dataset.Item // those that are evaluated
	batch       []*dataset.Item
	picked      []int
	gradient    []float64 // [P]
	moving      []float64 // [P] coordinates of the moving parameters
	best        []float64 // [P] coordinates of the average to be kept
	coordinates *coordinates
	saved       time.Time // last checkpoint
	began       time.Time // first update in this process
	beganStep   int
}

func newTraining(m *model.Model, d Data, p Plan, o Options) (*training, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if len(d.Train) == 0 {
		return nil, fmt.Errorf("there are no training frames")
	}
	if o.Every == 0 {
		o.Every = 30 * time.Second
	}
	e, err := newEngine(m, Loss{Kind: p.Loss, Eps: m.Config().Eps, Atoms: meanAtoms(d.Train)}, o.Threads)
	if err != nil {
		return nil, err
	}
	t := &training{plan: p, options: o, model: m, train: d.Train, order: newOrder(p.Seed, len(d.Train)),
		engine: e, held: spread(d.Held, p.CheckFrames), gradient: make([]float64, len(m.Params())), moving: make([]float64, len(m.Params()))}
	distances, err := neighborDistances(d.Train, m.Config())
	if err != nil {
		return nil, err
	}
	t.coordinates = newCoordinates(m, distances)
	t.coordinates.fromModel(m.Params(), t.moving)
	t.optimiser = NewOptimiser(t.moving, free(m))
	t.best = append(t.best, t.moving...)
	t.Schedule = schedule{Total: p.Steps}
	t.History.Reproducible = true
	if o.Checkpoint != "" {
		t.Identity = identity{Plan: p, Model: fingerprint(m), Data: dataset.Hash(d.Train) + dataset.Hash(d.Held)}
		if err := t.resume(); err != nil {
			return nil, err
		}
	}
	t.saved, t.began, t.beganStep = time.Now(), time.Now(), t.Step
	return t, nil
}

// update is one step of the plan.
func (t *training) update() error {
	progress := t.Schedule.progress(t.Step)
	weights, rate := t.plan.weights(progress), t.plan.rate(t.Step, progress)
	t.picked, t.batch = t.order.batch(t.Step, t.plan.Batch, t.picked[:0]), t.batch[:0]
	for _, i := range t.picked {
		t.batch = append(t.batch, &t.train[i])
	}
	terms, err := t.engine.batch(t.batch, weights, t.gradient)
	if err != nil {
		return err
	}
	t.coordinates.gradient(t.gradient)
	norm := t.optimiser.Update(t.moving, t.gradient, rate, t.plan.WeightDecay, t.plan.Clip, t.plan.Average)
	t.coordinates.toModel(t.moving, t.model.Params())
	t.Step++
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return structure.Hint(fmt.Errorf("training diverged at step %d of %d", t.Step, t.plan.Steps), "lower the learning rate (--rate)")
	}
	told := Progress{Step: t.Step, Steps: t.Schedule.Total, Loss: terms.Total(weights), Point: t.record(terms, weights, rate)}
	if told.Check, err = t.check(progress); err != nil {
		return err
	}
	if t.options.Progress != nil {
		t.options.Progress(told)
	}
	return nil
}

// record adds to the history what has gathered since its last point, if it is time or the end.
func (t *training) record(terms Terms, w Weights, rate float64) *Point {
	t.Recent.add(terms, 1)
	t.Counted++
	if t.Counted < max(1, t.plan.Steps/points) && t.Step < t.Schedule.Total {
		return nil
	}
	var mean Terms
	mean.add(t.Recent, 1/float64(t.Counted))
	p := Point{Step: t.Step, Rate: rate, Loss: mean.Total(w), Terms: mean}
	t.Recent, t.Counted = Terms{}, 0
	t.History.Points = append(t.History.Points, p)
	return &p
}

// check evaluates the averaged parameters, if it is time, and keeps them if they are the best so far.
func (t *training) check(before float64) (*Check, error) {
	last := t.Step == t.Schedule.Total
	n := float64(t.plan.Checks)
	if !last && math.Floor(n*t.Schedule.progress(t.Step)) == math.Floor(n*before) {
		return nil, nil
	}
	if len(t.held) == 0 {
		if last {
			copy(t.best, t.optimiser.Average)
			t.History.Best = t.Step
		}
		return nil, nil
	}
	t.coordinates.toModel(t.optimiser.Average, t.model.Params())
	c, err := t.engine.check(t.held, t.plan.weights(1))
	t.coordinates.toModel(t.moving, t.model.Params())
	if err != nil {
		return nil, err
	}
	c.Step = t.Step
	if best, ok := t.History.bestScore(); !ok || c.Score < best {
		c.Best = true
		copy(t.best, t.optimiser.Average)
		t.History.Best = t.Step
	}
	t.History.Checks = append(t.History.Checks, c)
	t.stopEarly()
	return &c, nil
}

// save writes a checkpoint, if one is wanted.
func (t *training) save() error {
	t.saved = time.Now()
	if t.options.Checkpoint == "" {
		return nil
	}
	o := t.optimiser
	c := checkpoint{t.state, map[string][]float64{"parameters": t.moving, "first": o.First, "second": o.Second,
		"average": o.Average, "best": t.best}}
	return c.save(t.options.Checkpoint)
}

// resume continues from the checkpoint, if there is one; it must be of this plan, model and data.
func (t *training) resume() error {
	c, err := loadCheckpoint(t.options.Checkpoint)
	if c == nil {
		return err
	}
	if what := c.Identity.difference(t.Identity); what != "" {
		return structure.Hint(fmt.Errorf("checkpoint %s belongs to another training: %s changed", t.options.Checkpoint, what),
			"undo the change, or start in a new directory")
	}
	o := t.optimiser
	to := map[string][]float64{"parameters": t.moving, "first": o.First, "second": o.Second, "average": o.Average, "best": t.best}
	for name, x := range to {
		if len(c.tensors[name]) != len(x) {
			return fmt.Errorf("checkpoint %s: %s has %d numbers, not %d", t.options.Checkpoint, name, len(c.tensors[name]), len(x))
		}
		copy(x, c.tensors[name])
	}
	t.coordinates.toModel(t.moving, t.model.Params())
	t.state = c.state
	o.Step = c.Step
	return nil
}

// free marks the parameters that move: all but the species energies.
func free(m *model.Model) []bool {
	var f []bool
	for _, t := range m.Tensors() {
		for range t.Data {
			f = append(f, t.Name != "energy.E0")
		}
	}
	return f
}

// fingerprint is the SHA-256 of configuration and parameters.
func fingerprint(m *model.Model) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	enc.Encode(m.Config())
	enc.Encode(m.Params())
	return hex.EncodeToString(h.Sum(nil))
}

// spread picks n of items, evenly; all if n is 0.
func spread(items []dataset.Item, n int) []*dataset.Item {
	if n == 0 || n > len(items) {
		n = len(items)
	}
	var picked []*dataset.Item
	for k := range n {
		picked = append(picked, &items[k*len(items)/n])
	}
	return picked
}

func meanAtoms(items []dataset.Item) float64 {
	s := Statistics{}
	s.forces(items)
	return max(1, s.AtomsMean)
}
