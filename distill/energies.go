package distill

import (
	"context"
	"math"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
)

// Energies are doubted where a student whose forces are right to a fifth (R² above 0.8) finds other energies than the
// labels: differences at fixed composition that go the other way, or that are smaller or larger by more than a factor of
// three. A student of good labels has slopes of 0.9 to 1.1 by then; kcal/mol for eV is a factor of 23, Ha one of 27.
const (
	forcesLearned = 0.8
	energyFactor  = 3.0
	energyFrames  = 100
)

// judgeEnergies says where the energy labels of files contradict their forces. A teacher is examined before its labels.
func (r *run) judgeEnergies(ctx context.Context, m *model.Model, items []dataset.Item) error {
	if r.inputs.teacher != nil {
		return nil
	}
	p, err := m.Potential(model.Options{Threads: r.threads()})
	if err != nil {
		return err
	}
	defer p.Close()
	var all dataset.Comparison
	predicted, labels := map[string][]float64{}, map[string][]float64{}
	for i := 0; i < len(items) && ctx.Err() == nil; i += 1 + len(items)/energyFrames {
		f := &items[i].Frame
		if f.Energy == nil || len(f.Forces) == 0 {
			continue
		}
		var out structure.Result
		if err := p.Evaluate(&f.Structure, &out); err != nil {
			return err
		}
		if err := all.Add(f, &out); err != nil {
			return err
		}
		key, n := dataset.Composition(f.Numbers), float64(f.Len())
		predicted[key], labels[key] = append(predicted[key], out.Energy/n), append(labels[key], *f.Energy/n)
	}
	if e := all.Errors(); e.Forces == nil || e.Forces.R2 == nil || *e.Forces.R2 < forcesLearned {
		return ctx.Err()
	}
	if scale, sound := energyScale(predicted, labels); !sound {
		r.say("warning: the energy labels contradict the forces: they change %.3g times as much as the forces say", scale)
		r.say("hint: energies must be in eV (1 kcal/mol = 0.0434 eV, 1 Ha = 27.2 eV), with the sign of an energy whose gradient is minus the force")
	}
	return ctx.Err()
}

// energyScale is by how much the labels' differences at fixed composition exceed those of the student, and whether that is
// a matter of fitting only. It is the ratio of their spreads, with the sign of their correlation.
func energyScale(predicted, labels map[string][]float64) (scale float64, sound bool) {
	var pp, ll, pl float64
	frames := 0
	for key, p := range predicted {
		l := labels[key]
		if len(p) < 2 {
			continue
		}
		var mp, ml float64
		for k := range p {
			mp, ml = mp+p[k]/float64(len(p)), ml+l[k]/float64(len(p))
		}
		for k := range p {
			pp, ll, pl = pp+(p[k]-mp)*(p[k]-mp), ll+(l[k]-ml)*(l[k]-ml), pl+(p[k]-mp)*(l[k]-ml)
		}
		frames += len(p)
	}
	if frames < 10 || pp == 0 || math.Sqrt(ll/float64(frames)) < 1e-3 { // labels that hardly differ decide nothing
		return 1, true
	}
	scale = math.Copysign(math.Sqrt(ll/pp), pl)
	return scale, scale > 1/energyFactor && scale < energyFactor
}
