package validate

import (
	"fmt"
	"slices"

	"mlff/model"
	"mlff/structure"
)

// Narrowest is the distance between the nearest faces of a periodic cell, Å; 0 where not all directions are periodic.
func Narrowest(s *structure.Structure) float64 {
	if !s.Periodic() {
		return 0
	}
	w := widths(s.Cell)
	return slices.Min(w[:])
}

// Narrow says so where every periodic training cell of a student is narrower than twice its cutoff, so that atoms see
// their own images; empty where that is not so or not known.
func Narrow(m *model.Model) string {
	width, reach := m.Meta().Domain.Width, 2*m.Config().Cutoff
	if width == 0 || width >= reach {
		return ""
	}
	return fmt.Sprintf("every training cell is narrower than twice the cutoff (%.3g of %.3g Å)", width, reach)
}
