package distill

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
	"mlff/train"
	"mlff/validate"
)

// learn trains the candidate and saves it with the course of its training; if both are there already it reads it.
func (r *run) learn(ctx context.Context, s *split) (*model.Model, error) {
	if r.has(historyName) && r.has(candidateName) {
		return r.candidate()
	}
	data := r.data(s)
	m, err := r.untrained(ctx, data, s.everything())
	if err != nil {
		return nil, err
	}
	plan, err := r.planTraining(ctx, m, data)
	if err != nil {
		return nil, err
	}
	history, err := train.Run(ctx, m, data, plan, r.trainOptions())
	if err != nil {
		return nil, err
	}
	if history, err = r.finetune(ctx, m, s, plan, history); err != nil {
		return nil, err
	}
	if !history.Reproducible {
		r.say("warning: %s", history.Note)
	}
	everything := s.everything()
	if err := r.calibrateGrade(ctx, m, s); err != nil {
		return nil, err
	}
	if err := r.judgeEnergies(ctx, m, everything); err != nil {
		return nil, err
	}
	if m.Meta().Mixed, err = r.mixed(); err != nil {
		return nil, err
	}
	if err := r.describe(m, everything); err != nil {
		return nil, err
	}
	if err := m.Save(r.file(candidateName)); err != nil {
		return nil, err
	}
	return m, r.writeJSON(historyName, history) // last: it says that the candidate is whole
}

// data are what training sees of a split.
func (r *run) data(s *split) train.Data {
	held, _ := r.judged(s.held)
	return train.Data{Train: s.train, Held: held}
}

// candidate reads the student that training left.
func (r *run) candidate() (*model.Model, error) {
	m, err := model.Load(r.file(candidateName))
	if err != nil {
		return nil, structure.Hint(err, fmt.Sprintf("delete %s and resume: training ends again from its checkpoint", r.file(candidateName)))
	}
	return m, nil
}

// fewNeighbors: a dimer's atoms have one; frames of dimers and as many isolated atoms have this many on average.
const fewNeighbors = 0.5

// mostDense is a number of atoms per Å³ that only hydrogen under extreme pressure has; diamond has 0.18.
const mostDense = 0.5

// untrained is the student before its first step: shapes from the configuration, scales from all frames that it will see,
// species energies from those of the first training.
func (r *run) untrained(ctx context.Context, data train.Data, all []dataset.Item) (*model.Model, error) {
	c := r.config
	cutoff := float64(c.Student.Cutoff)
	if c.Plan.Cutoff > 0 {
		cutoff = c.Plan.Cutoff
	} else if cutoff == 0 {
		var err error
		if cutoff, err = r.autoCutoff(ctx, data.Train); err != nil {
			return nil, err
		}
	}
	facts, err := train.Measure(ctx, all, cutoff, r.threads())
	if err != nil {
		return nil, err
	}
	reference := train.SpeciesEnergies(data.Train)
	if c.Plan.Cutoff == 0 {
		c.Plan.Cutoff = facts.Cutoff
		if n := len(reference.Numbers); reference.Rank < n {
			r.say("the compositions fix %d of %d species energies: energy reference undetermined for compositions unlike those learned; isolated atoms would fix it", reference.Rank, n)
		}
		r.say("%d frames to learn from, %d held out; cutoff %g Å, %.0f neighbours on average", len(data.Train), len(data.Held), facts.Cutoff, facts.Neighbors)
		if most := mostDense * 4 / 3 * math.Pi * math.Pow(facts.Cutoff, 3); facts.Neighbors < fewNeighbors || facts.Neighbors > most {
			r.say("warning: atoms have %.5g neighbours on average within %g Å: units suspected", facts.Neighbors, facts.Cutoff)
			r.say("hint: positions and lattices must be in Å (1 bohr = 0.529 Å, 1 nm = 10 Å); where they are, another --cutoff may help")
		}
	}
	return train.Start(c.Student.shape(), facts, reference, c.Seed)
}

func (s *Student) shape() model.Shape {
	return model.Shape{Radial: s.Radial, Channels: s.Channels, Mixed: s.Mixed, Hidden: s.Hidden, LMax: s.LMax, LT: s.LT, Layers: s.Layers, Intervals: s.Intervals}
}

// planTraining fixes the optimiser steps, by the clock if the configuration gives a budget, and returns the plan.
func (r *run) planTraining(ctx context.Context, m *model.Model, data train.Data) (train.Plan, error) {
	p, fixed := r.trainPlan(), r.config.Plan
	if fixed.Steps == 0 {
		if err := r.countSteps(ctx, m, data, &p); err != nil {
			return p, err
		}
		fixed.Steps, fixed.CheckFrames = p.Steps, p.CheckFrames
		if err := r.fixed(); err != nil {
			return p, err
		}
	}
	p.Steps, p.CheckFrames = fixed.Steps, fixed.CheckFrames
	if fixed.Stress == "" {
		if err := r.checkStress(ctx, m, data, p); err != nil {
			return p, err
		}
	}
	if fixed.Stress != stressLearned {
		p.Weights.Stress = 0
	}
	return p, nil
}

// trainPlan is the plan as far as the configuration states it.
func (r *run) trainPlan() train.Plan {
	c, p := r.config, train.DefaultPlan()
	p.Seed, p.Batch, p.Rate, p.Loss = c.Seed, c.Train.Batch, c.Train.Rate, c.Train.Loss
	p.Weights = train.Weights(c.weights())
	return p
}

// weights of what is learned.
func (c *Config) weights() Weights {
	w := c.Train.Weights
	switch c.Train.Learn {
	case learnForces:
		w.Energy = 0
	case learnEnergies:
		w.Forces = 0
	}
	return w
}

// countSteps takes the steps of the configuration, or as many as its budget still has time for.
func (r *run) countSteps(ctx context.Context, m *model.Model, data train.Data, p *train.Plan) error {
	if steps := r.config.Train.Steps; steps != nil {
		p.Steps = *steps
		p.Limit(len(data.Held))
		return nil
	}
	budget := time.Duration(r.config.Train.Budget)
	left := max(budget-r.clock.inRound(), budget/10)
	left = time.Duration(firstShare(len(data.Train), len(r.inputs.tune)) * float64(left))
	length := min(max(left/30, 200*time.Millisecond), 5*time.Second)
	timing, err := train.Time(ctx, m, data, *p, r.threads(), length)
	if err != nil {
		return err
	}
	left -= length
	if r.inputs.teacher == nil && len(withStress(data.Train)) > 0 {
		left -= max(left/stressShare, min(left/3, stressLeast*timing.Step))
	}
	p.Within(left, timing, len(data.Train), len(data.Held))
	if p.Steps == p.Most(len(data.Train)) {
		r.say("%d steps: every frame %d times, beyond which training gains nothing", p.Steps, train.MostEpochs)
	} else {
		r.say("%d steps fit into the budget of %s", p.Steps, r.config.Train.Budget)
	}
	return nil
}

func (r *run) trainOptions() train.Options {
	o := train.Options{Threads: r.threads(), Checkpoint: r.file(checkpointName), Every: cmp.Or(r.options.Checkpoint, checkpointEvery)}
	if r.config.Train.Steps == nil {
		budget := time.Duration(r.config.Train.Budget)
		o.Deadline = time.Now().Add(max(budget-r.clock.inRound(), budget/10))
	}
	o.Progress = func(p train.Progress) {
		r.progress("train", p.Step, p.Steps)
		if p.Check != nil {
			_ = r.journal.add("check", p.Check) // the log is no reason to stop
		}
	}
	return o
}

// checkpointEvery is how much training a kill can cost.
const checkpointEvery = 10 * time.Second

// States of Plan.Stress other than a reason.
const (
	stressLearned = "learned"
	stressNone    = "none"
)

// checkStress decides whether stress labels of files are learned: a short fit to energies and forces tells whether they follow
// another sign, order or unit. A teacher's labels have passed this house's own units.
func (r *run) checkStress(ctx context.Context, m *model.Model, data train.Data, p train.Plan) error {
	fixed := r.config.Plan
	fixed.Stress = stressLearned
	labelled := withStress(data.Train)
	switch {
	case len(labelled) == 0 || p.Weights.Stress == 0:
		fixed.Stress = stressNone
	case r.teacherStress() != "":
		fixed.Stress = r.teacherStress()
		r.say("warning: stress is not learned")
	case r.inputs.teacher == nil:
		if err := r.judgeStress(ctx, m, data, p, labelled); err != nil {
			return err
		}
	}
	return r.fixed()
}

func withStress(items []dataset.Item) []*dataset.Item {
	var labelled []*dataset.Item
	for i := range items {
		if it := &items[i]; it.Stress != nil && it.Periodic() {
			labelled = append(labelled, it)
		}
	}
	return labelled
}

// describe writes into the student what it was learned from and made for.
func (r *run) describe(m *model.Model, frames []dataset.Item) error {
	meta, c := m.Meta(), r.config
	meta.DataHash = dataset.Hash(frames)
	periodic := map[string]bool{}
	d := &meta.Domain
	d.Atoms, d.Width = 0, 0
	for i := range frames {
		s := &frames[i].Structure
		periodic[periodicity(s)] = true
		d.Atoms, d.Width = max(d.Atoms, s.Len()), max(d.Width, validate.Narrowest(s))
	}
	if text := validate.Narrow(m); text != "" {
		r.say("warning: %s: what happens beyond a cell that sees itself is not learned; start from larger structures", text)
	}
	d.Periodic = slices.Sorted(maps.Keys(periodic))
	d.Temperatures, d.Charge, d.Spin = c.Domain.Temperatures, c.Domain.Charge, c.Domain.Spin
	if t := r.inputs.teacher; t != nil {
		i := t.Info()
		meta.Teacher = &model.Teacher{Name: i.Name, Identity: i.Identity, Arguments: i.Arguments, Licence: i.Licence, Commercial: i.Commercial, Citation: i.Citation, Note: i.Note, Accepted: r.accepted()}
		meta.Licence = i.Licence
		d.Pressure = &c.Domain.Pressure
	}
	var text bytes.Buffer
	if err := structure.WriteFrame(&text, &structure.Frame{Structure: *r.example(frames)}); err != nil {
		return fmt.Errorf("the example: %w", err)
	}
	meta.Example = text.String()
	return nil
}

func periodicity(s *structure.Structure) string {
	text := []byte("FFF")
	for k, p := range s.PBC {
		if p {
			text[k] = 'T'
		}
	}
	return string(text)
}

// roomy is the volume per atom, Å³, from which a periodic frame is a molecule or an atom in a box rather than matter:
// the sparsest solids (caesium, frozen hydrogen) have 110.
const roomy = 150

// example is the smallest periodic start or training frame, else the first.
func (r *run) example(frames []dataset.Item) *structure.Structure {
	var starts, dense []structure.Structure
	for i := range r.inputs.starts {
		starts = append(starts, r.inputs.starts[i].Structure)
	}
	for i := range frames {
		if s := frames[i].Structure; s.Periodic() && s.Volume() < roomy*float64(s.Len()) {
			dense = append(dense, s)
		}
	}
	if best := validate.Periodic(starts); best != nil {
		return best
	}
	if best := validate.Periodic(dense); best != nil {
		return best
	}
	if len(starts) > 0 {
		return &starts[0]
	}
	return &frames[0].Structure
}
