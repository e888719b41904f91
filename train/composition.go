package train

import (
	"mlff/model"
)

// CheckComposition is Reference.Check for a finished student: an error with a hint where the frames that it learned from
// leave the zero of the energies of these atoms open. Forces and differences at fixed composition are not concerned.
func CheckComposition(m *model.Model, numbers []int) error {
	span := m.Meta().Domain.Compositions
	if span == nil { // nothing is known
		return nil
	}
	r := Reference{Numbers: m.Config().Numbers, Span: span}
	return r.Check(numbers)
}
