package model

import (
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"mlff/kernel"
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

// grader computes grades block by block.
type grader[F kernel.Float] struct {
	n       int
	inverse []float64 // [S][n][n] L⁻¹, lower triangular
	values  []float64 // [atoms]
	largest float64
}

func newGrader[F kernel.Float](m *Model) *grader[F] {
	n := 1 + m.config.Hidden
	g := &grader[F]{n: n, inverse: make([]float64, len(m.grade))}
	for z := range m.config.Species {
		block := m.grade[z*n*n:][:n*n]
		var inv mat.TriDense
		_ = inv.InverseTri(mat.NewTriDense(n, mat.Lower, slices.Clone(block))) // may warn of its condition; the diagonal is positive
		for i := range n {
			for j := range i + 1 {
				g.inverse[(z*n+i)*n+j] = inv.At(i, j)
			}
		}
	}
	return g
}

func (g *grader[F]) resize(n int) {
	if cap(g.values) < n {
		g.values = make([]float64, n)
	}
	g.values = g.values[:n]
}

// block writes the grades of the atoms lo <= i < hi.
func (g *grader[F]) block(a *kernel.Atoms[F], lo, hi int) {
	n := g.n
	for i := lo; i < hi; i++ {
		h := a.Hidden[i*(n-1):][:n-1]
		l := g.inverse[int(a.Type[i])*n*n:]
		sum := 0.0
		for row := range n {
			v := l[row*n]
			for k, x := range h[:row] {
				v += l[row*n+1+k] * float64(x)
			}
			sum += v * v
		}
		g.values[i] = math.Sqrt(sum)
	}
}
