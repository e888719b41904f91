package distill

import (
	"context"
	"fmt"
	"slices"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
	"mlff/train"
)

// Fine-tuning: a student of the teacher, or of the data, goes on learning from labels of another, usually better and more
// expensive, method. First its species energies move to that method's level (train.Relevel), for its zero of energy is
// another; then it is trained on those frames alone, from where it is and at half the rate.
//
// Measured (1500 steps) with 200 labels of silicon and 20 (40) of a method with other bonds, force MAE in meV/Å on frames of the
// latter: 104 (36) from the few alone, 154 from the many alone; after fine-tuning with 0.3, 0.5 and 1 of the rate 40
// (36), 38 (34), 38 (35). Keeping the many in the training, at a tenth of the weight, spoils it: 108 (68).
const tuneRate = 0.5

// readTuning reads the frames of finetune, whose elements the student must have learned before.
func (in *inputs) readTuning(c *Config) error {
	if len(c.Finetune) == 0 {
		return nil
	}
	items, quarantine, err := c.load(c.Finetune, "", true)
	if err != nil {
		return err
	}
	in.tune, in.quarantine = items, append(in.quarantine, quarantine...)
	learned := append(elementsOf(in.starts), dataset.Elements(in.items)...)
	for _, z := range dataset.Elements(items) {
		if !slices.Contains(learned, z) {
			return structure.Hint(fmt.Errorf("finetune: %s is in no frame to learn from before", structure.Symbol(z)),
				"add start structures or data with this element, or leave these frames out")
		}
	}
	return nil
}

// splitTuning keeps some of the frames to end with the best of the student and to test it on.
func (r *run) splitTuning(s *split) {
	tune := r.inputs.tune
	if len(tune) == 0 {
		return
	}
	s.tune, s.tuneHeld = dataset.Split(tune, min(testMost, max(testShare, testFrames/float64(len(tune)))), r.config.Seed+2)
	s.labels += len(tune)
	if len(r.inputs.valid) == 0 {
		s.test, s.set = s.tuneHeld, "held-out"
	}
}

// everything are all frames that the student is trained on, in the order of the stages.
func (s *split) everything() []dataset.Item { return slices.Concat(s.train, s.tune) }

// finetune is the second training. Its history follows that of the first.
func (r *run) finetune(ctx context.Context, m *model.Model, s *split, p train.Plan, before *train.History) (*train.History, error) {
	if len(s.tune) == 0 {
		return before, nil
	}
	if err := train.Relevel(ctx, m, s.tune, r.threads()); err != nil {
		return nil, err
	}
	steps := p.Steps
	p.Rate *= tuneRate
	p.Seed++
	p.Steps = r.tuneSteps(s, p)
	p.Limit(len(s.tuneHeld))
	r.say("fine-tuning: %d frames to learn from, %d held out, %d steps", len(s.tune), len(s.tuneHeld), p.Steps)
	o := r.trainOptions()
	o.Checkpoint = r.file(tuneName)
	o.Progress = func(t train.Progress) { r.progress("finetune", t.Step, t.Steps) }
	after, err := train.Run(ctx, m, train.Data{Train: s.tune, Held: s.tuneHeld}, p, o)
	if err != nil {
		return nil, err
	}
	return before.Then(after, steps), nil
}

const tuneName = "finetune.safetensors"

// tuneSteps are as many as before, or as their share of a budget allows; but no frame is shown too often.
func (r *run) tuneSteps(s *split, p train.Plan) int {
	steps := float64(p.Steps)
	if r.config.Train.Steps == nil {
		first := firstShare(len(s.train), len(s.tune))
		steps *= (1 - first) / first
	}
	return max(1, min(int(steps), p.Most(len(s.tune))))
}

// firstShare is the part of the time for training that the first of two takes: as their frames, but at least half.
func firstShare(first, second int) float64 {
	return max(0.5, float64(first)/float64(first+second))
}
