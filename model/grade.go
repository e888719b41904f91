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

// block writes the grades of the atoms lo <= i < hi. Four rows at a time, so that their sums do not wait for each other.
func (g *grader[F]) block(a *kernel.Atoms[F], lo, hi int) {
	n := g.n
	for i := lo; i < hi; i++ {
		h := a.Hidden[i*(n-1):][:n-1]
		l := g.inverse[int(a.Type[i])*n*n:][:n*n]
		sum, row := 0.0, 0
		for ; row+4 <= n; row += 4 {
			// rows of a lower triangle: what is above the diagonal is zero, so all four may go as far as the last
			reach := min(row+3, n-1)
			r0, r1, r2, r3 := l[row*n:][:reach+1], l[(row+1)*n:][:reach+1], l[(row+2)*n:][:reach+1], l[(row+3)*n:][:reach+1]
			v0, v1, v2, v3 := r0[0], r1[0], r2[0], r3[0]
			for k, x := range h[:reach] {
				f := float64(x)
				v0 += r0[k+1] * f
				v1 += r1[k+1] * f
				v2 += r2[k+1] * f
				v3 += r3[k+1] * f
			}
			sum += v0*v0 + v1*v1 + v2*v2 + v3*v3
		}
		for ; row < n; row++ {
			v := l[row*n]
			for k, x := range h[:row] {
				v += l[row*n+1+k] * float64(x)
			}
			sum += v * v
		}
		g.values[i] = math.Sqrt(sum)
	}
}
