package model

import (
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Grade returns the scaled Cholesky factors [S][1+H][1+H], lower triangular, nil if not calibrated: the grade of an
// atom of species z is |L_z⁻¹ phi| with phi = (1, hidden activations).
func (m *Model) Grade() []float64 { return slices.Clone(m.grade) }

// SetGrade stores factors in the form of Grade. Every diagonal must be positive.
func (m *Model) SetGrade(l []float64) error {
	n := 1 + m.config.Hidden
	if len(l) != m.config.Species*n*n {
		return errors.New("grade factors have the wrong size")
	}
	for z := range m.config.Species {
		for k := range n {
			if d := l[(z*n+k)*n+k]; !(d > 0) || math.IsInf(d, 1) {
				return errors.New("grade factors must have a positive diagonal")
			}
		}
	}
	m.grade = slices.Clone(l)
	return nil
}

// inverseGrade is L⁻¹ of every species, [S][1+H][1+H].
func (m *Model) inverseGrade() []float64 {
	n := 1 + m.config.Hidden
	inverse := make([]float64, len(m.grade))
	for z := range m.config.Species {
		var inv mat.TriDense
		_ = inv.InverseTri(mat.NewTriDense(n, mat.Lower, slices.Clone(m.grade[z*n*n:][:n*n]))) // may warn of its condition; the diagonal is positive
		for i := range n {
			for j := range i + 1 {
				inverse[(z*n+i)*n+j] = inv.At(i, j)
			}
		}
	}
	return inverse
}
