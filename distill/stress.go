package distill

import (
	"context"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
	"mlff/train"
)

// The fit that judges stress labels: a tenth of the real training, up to where the pressure is right to a fifth (which
// takes longer than forces and shear: it is in the energies only); and the frames that are looked at. It has least steps
// even where the training is shorter: a student of 8 channels is then left with a residual of 0.2, the default one with
// 0.003 (80 frames of silicon), far from the 0.5 at which labels are doubted; after 20 steps it has 0.85.
const (
	stressShare  = 10
	stressSteps  = 1500
	stressLeast  = 300
	stressFrames = 100
)

// judgeStress decides by a short fit to energies and forces whether the stress labels of files are learned.
func (r *run) judgeStress(ctx context.Context, m *model.Model, data train.Data, p train.Plan, labelled []*dataset.Item) error {
	p.Steps = r.stressTrial(p.Steps)
	predicted, labels, volumes, err := r.stressFit(ctx, m, data, p, labelled)
	if err != nil {
		return err
	}
	convention, odd := dataset.StressConvention(predicted, labels, volumes)
	switch {
	case odd:
		r.config.Plan.Stress = convention.String()
		r.say("warning: the stress labels look like %s; stress is not learned", convention)
		r.say("hint: %s", dataset.StressHint(convention))
	case p.Steps < stressLeast:
		r.say("the budget is too short to tell whether the stress labels agree with the forces")
	case dataset.StressDisagrees(predicted, labels, volumes):
		r.say("warning: the stress labels do not agree with energies and forces; they are learned as they are")
		r.say("hint: stress must be in eV/Å³, tension positive, as nine numbers or xx yy zz yz xz xy; a virial is -V times that, in eV. " +
			"Without it: train: {weights: {stress: 0}}")
	}
	return nil
}

// stressTrial is how many steps the fit has for a training of so many. What a budget leaves no time for is not done.
func (r *run) stressTrial(steps int) int {
	least := stressLeast
	if r.config.Train.Steps == nil {
		least = min(least, max(1, steps/2))
	}
	return min(stressSteps, max(steps/stressShare, least))
}

// stressFit returns the stress that a student fitted to energies and forces predicts for labelled frames, and the labels
// [eV/Å³], with the volumes of the cells [Å³].
func (r *run) stressFit(ctx context.Context, m *model.Model, data train.Data, p train.Plan, labelled []*dataset.Item) (predicted, labels [][6]float64, volumes []float64, err error) {
	p.Weights, p.Checks = train.Weights{Energy: 5, Forces: 1}, 1
	trial := m.Clone()
	_, err = train.Run(ctx, trial, train.Data{Train: data.Train}, p, train.Options{Threads: r.threads(),
		Progress: func(t train.Progress) { r.progress("stress", t.Step, t.Steps) }})
	if err != nil {
		return nil, nil, nil, err
	}
	potential, err := trial.Potential(model.Options{Threads: r.threads()})
	if err != nil {
		return nil, nil, nil, err
	}
	defer potential.Close()
	for i := 0; i < len(labelled); i += 1 + len(labelled)/stressFrames {
		f := &labelled[i].Frame
		var out structure.Result
		if err := potential.Evaluate(&f.Structure, &out); err != nil {
			return nil, nil, nil, err
		}
		predicted = append(predicted, structure.StressOf(out.Virial, f.Volume()))
		labels, volumes = append(labels, *f.Stress), append(volumes, f.Volume())
	}
	return predicted, labels, volumes, nil
}
