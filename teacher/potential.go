package teacher

import (
	"context"
	"fmt"
	"math"

	"mlff/structure"
)

// AsPotential lets a teacher drive molecular dynamics. Several potentials of one teacher may be used at once. What the
// teacher does not say, energies of the atoms or the stress, is NaN in the results.
func AsPotential(t Teacher) structure.Potential {
	if own, ok := t.(interface{ Potential() structure.Potential }); ok {
		return own.Potential()
	}
	return &adapter{t}
}

// adapter labels one structure at a time.
type adapter struct{ teacher Teacher }

func (a *adapter) Evaluate(s *structure.Structure, out *structure.Result) error {
	labels, err := a.teacher.Label(context.Background(), []structure.Structure{*s})
	if err != nil {
		return err
	}
	if len(labels) != 1 || labels[0].Energy == nil || len(labels[0].Forces) != s.Len() {
		return fmt.Errorf("the teacher %s gave no energy or no forces", a.teacher.Info().Name)
	}
	l := labels[0]
	out.Resize(s.Len())
	out.Energy = *l.Energy
	copy(out.Forces, l.Forces)
	if copy(out.Energies, l.Energies) < s.Len() {
		fill(out.Energies)
	}
	stress := l.Stress
	if stress == nil {
		stress = new([6]float64)
		fill(stress[:])
	}
	out.Virial = structure.Tensor(*stress)
	for k := range out.Virial {
		out.Virial[k] = structure.Scale(-s.Volume(), out.Virial[k])
	}
	return nil
}

func fill(v []float64) {
	for k := range v {
		v[k] = math.NaN()
	}
}
