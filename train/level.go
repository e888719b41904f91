package train

import (
	"context"
	"fmt"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
)

// Relevel moves the species energies of m to the level of other labels, for every method counts energies from a zero of
// its own: the residuals of items, as far as species energies explain them, are added to E0. Forces do not change.
func Relevel(ctx context.Context, m *model.Model, items []dataset.Item, threads int) error {
	p, err := m.Potential(model.Options{Precision: "float64", Threads: threads})
	if err != nil {
		return err
	}
	defer p.Close()
	var residuals []dataset.Item
	var out structure.Result
	for i := range items {
		if err := ctx.Err(); err != nil {
			return err
		}
		it := items[i]
		if it.Energy == nil {
			continue
		}
		if err := p.Evaluate(&it.Structure, &out); err != nil {
			return fmt.Errorf("%s: %w", it.Source, err)
		}
		residual := *it.Energy - out.Energy
		it.Labels = structure.Labels{Energy: &residual}
		residuals = append(residuals, it)
	}
	shift := SpeciesEnergies(residuals)
	e0 := m.Tensor("energy.E0")
	for k, z := range m.Config().Numbers {
		for n, known := range shift.Numbers {
			if known == z {
				e0[k] += shift.E0[n]
			}
		}
	}
	return nil
}
