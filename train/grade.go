package train

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/mathext"

	"mlff/dataset"
	"mlff/model"
)

// Quantiles of the extrapolation grade: atoms of the domain below grade 1, frames below the threshold, the latter with
// a confidence. (With 97.5 % of the frames, one of five silicon students misses 3 of 39 wrong frames, and the one that
// alarms most often does so no less.)
const (
	atomQuantile    = 0.999
	frameQuantile   = 0.95
	frameConfidence = 0.95
)

// gradeFrames is how many training frames enter the moments at most, evenly spaced.
const gradeFrames = 4000

// CalibrateGrade sets the grade factors and the threshold of m. The grade of an atom is |L_z^-1 phi|, phi = (1, hidden
// activations), with L_z from Moments of training atoms scaled such that 1 is the 99.9 % quantile over held-out atoms
// (training atoms for a species that none of them has); the threshold is the larger of 1 and the 95 % quantile of
// frame grades (a frame's largest). Held-out atoms and frames are a sample: a quantile of atoms is taken such that a new
// atom exceeds it with the stated probability at most, of n values the ceil(q (n+1))-th, and that of frames such that at
// most 5 % of all frames of the domain exceed it with 95 % confidence (toleranceLimit).
func CalibrateGrade(ctx context.Context, m *model.Model, d Data, threads int) error {
	g, err := newEngine(m, Loss{}, threads)
	if err != nil {
		return err
	}
	defer g.gradient.Close()
	hidden := m.Config().Hidden
	train, moments := spread(d.Train, min(gradeFrames, len(d.Train))), NewMoments(len(m.Config().Numbers), hidden)
	err = g.eachAtom(ctx, train, func(_, z int, h []float64) { moments.Add(z, h) })
	if err != nil {
		return err
	}
	factors, err := moments.Factors()
	if err != nil {
		return err
	}
	held := spread(d.Held, 0)
	if len(held) == 0 {
		held = train
	}
	lengths, err := g.lengths(ctx, held, factors, nil)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(lengths.of, func(l []float64) bool { return len(l) == 0 }) {
		if lengths, err = g.lengths(ctx, train, factors, lengths); err != nil {
			return err
		}
	}
	threshold := lengths.scale(factors)
	if err := m.SetGrade(slices.Concat(factors...)); err != nil {
		return err
	}
	m.Meta().Threshold = threshold
	return nil
}

// eachAtom calls do with frame number, species and hidden activations of every atom of frames.
func (g *engine) eachAtom(ctx context.Context, frames []*dataset.Item, do func(frame, z int, hidden []float64)) error {
	var all []float64
	for k, it := range frames {
		s, err := g.model.Prepare(&it.Structure)
		if err == nil {
			all, err = g.gradient.Hidden(s, all)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		n := len(all) / it.Len()
		for i, number := range it.Numbers {
			do(k, g.model.SpeciesIndex(number), all[i*n:][:n])
		}
	}
	return nil
}

// gradeLengths are |L_z^-1 phi| of atoms before they are scaled.
type gradeLengths struct {
	of     [][]float64 // [S][] of every atom of a species
	frames [][]float64 // [frame][S] largest of its atoms
}

// lengths visits all atoms of frames; given earlier lengths, it fills in the species that they lack.
func (g *engine) lengths(ctx context.Context, frames []*dataset.Item, factors [][]float64, before *gradeLengths) (*gradeLengths, error) {
	l := &gradeLengths{of: make([][]float64, len(factors)), frames: make([][]float64, len(frames))}
	for k := range l.frames {
		l.frames[k] = make([]float64, len(factors))
	}
	err := g.eachAtom(ctx, frames, func(k, z int, h []float64) {
		x := Length(factors[z], h)
		l.of[z] = append(l.of[z], x)
		l.frames[k][z] = max(l.frames[k][z], x)
	})
	if before == nil || err != nil {
		return l, err
	}
	for z := range before.of {
		if len(before.of[z]) == 0 {
			before.of[z] = l.of[z]
		}
	}
	return before, nil
}

// scale multiplies each factor with the quantile of its species' lengths and returns the threshold.
func (l *gradeLengths) scale(factors [][]float64) float64 {
	unit := make([]float64, len(factors))
	for z, values := range l.of {
		unit[z] = quantile(values, atomQuantile)
		if unit[z] == 0 {
			unit[z] = 1
		}
		for k := range factors[z] {
			factors[z][k] *= unit[z]
		}
	}
	grades := make([]float64, len(l.frames))
	for k, f := range l.frames {
		for z, x := range f {
			grades[k] = max(grades[k], x/unit[z])
		}
	}
	return max(1, toleranceLimit(grades, frameQuantile, frameConfidence))
}

// Moments gathers, for every species z, M_z = sum of phi phi^T over training atoms, phi = (1, hidden activations).
type Moments struct {
	dim int
	sum []*mat.SymDense // [S] of dim x dim
}

// NewMoments is empty, for students of so many species and hidden units.
func NewMoments(species, hidden int) *Moments {
	m := &Moments{dim: hidden + 1}
	for range species {
		m.sum = append(m.sum, mat.NewSymDense(m.dim, nil))
	}
	return m
}

// Add counts one atom of species z with hidden activations [H].
func (m *Moments) Add(z int, hidden []float64) {
	phi := mat.NewVecDense(m.dim, features(hidden))
	m.sum[z].SymRankOne(m.sum[z], 1, phi)
}

func features(hidden []float64) []float64 { return append([]float64{1}, hidden...) }

// Factors returns for every species the Cholesky factor L [dim][dim], lower triangular, row-major, of
// M_z + 1e-6 (tr M_z/dim) 1.
func (m *Moments) Factors() ([][]float64, error) {
	out := make([][]float64, len(m.sum))
	for z, sum := range m.sum {
		var chol mat.Cholesky
		if !chol.Factorize(ridged(sum)) {
			return nil, fmt.Errorf("the hidden activations of species %d are not finite", z)
		}
		var l mat.TriDense
		chol.LTo(&l)
		for i := range m.dim {
			for j := range m.dim {
				out[z] = append(out[z], l.At(i, j))
			}
		}
	}
	return out, nil
}

// ridged is M + 1e-6 (tr M/dim) 1.
func ridged(sum *mat.SymDense) *mat.SymDense {
	n := sum.SymmetricDim()
	ridge := 1e-6 * mat.Trace(sum) / float64(n)
	if ridge == 0 { // no atom of this species: any distance from the origin is far
		ridge = 1
	}
	a := mat.NewSymDense(n, nil)
	a.CopySym(sum)
	for k := range n {
		a.SetSym(k, k, a.At(k, k)+ridge)
	}
	return a
}

// Length is |L^-1 phi| of an atom with hidden activations [H], by forward substitution.
func Length(factor, hidden []float64) float64 {
	phi := features(hidden)
	n := len(phi)
	square := 0.0
	for i := range n {
		row := factor[i*n:][:n]
		phi[i] = (phi[i] - dot(row[:i], phi[:i])) / row[i]
		square += phi[i] * phi[i]
	}
	return math.Sqrt(square)
}

// quantile is the value that one more of the same kind exceeds with probability 1-q at most, as far as there are enough
// values; 0 of none. It sorts them.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[min(len(values)-1, int(math.Ceil(q*float64(len(values)+1)))-1)]
}

// toleranceLimit is the smallest of some independent values below which lies at least the fraction q of all that there
// could be, with the given confidence, whatever their distribution (S. S. Wilks, Ann. Math. Stat. 12, 91 (1941)). The
// fraction below the k-th of n has the beta distribution of k and n - k + 1. 59 values are the fewest for q and confidence
// of 95 %; of fewer it is the largest. It sorts them.
func toleranceLimit(values []float64, q, confidence float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	slices.Sort(values)
	for k := 1; k < n; k++ {
		if mathext.RegIncBeta(float64(k), float64(n-k+1), q) <= 1-confidence {
			return values[k-1]
		}
	}
	return values[n-1]
}
