package model

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// projection is P of w = P c: the least-squares fit of the basis T_k(2x-1) (1-x²)³, x = r/cutoff, on cubic B-splines.
// The last three rows are 0, so that value and two derivatives vanish at the cutoff. Rows supported wholly below
// 0.9 r_s equal the first row above them, so that the learned part stays bounded where nothing was learned.
type projection struct {
	rows, radial int
	p            []float64 // [rows][radial]
}

// projections has one entry for every ordered pair of species, shared where r_s gives the same splines.
func (c *Config) projections() []*projection {
	made := map[int]*projection{}
	out := make([]*projection, len(c.CoreR))
	for pair, rs := range c.CoreR {
		first := c.firstFree(rs)
		if made[first] == nil {
			made[first] = c.project(first)
		}
		out[pair] = made[first]
	}
	return out
}

// firstFree is the first spline row that reaches above 0.9 r_s: row b is supported on [(b-3)h, (b+1)h].
func (c *Config) firstFree(rs float64) int {
	h := c.Cutoff / float64(c.Intervals)
	first := int(math.Ceil(0.9*rs/h)) - 1
	return min(max(first, 0), c.Intervals-4) // at least four rows are left to fit
}

// project fits on 8 points in every interval where all rows are free, by banded normal equations: with 8 points an
// interval their condition number stays near 1e4, so rounding is far below what a radial function means.
func (c *Config) project(first int) *projection {
	const points = 8
	free := c.Intervals - first
	gram := mat.NewSymBandDense(free, 3, nil)
	rhs := mat.NewDense(free, c.Radial, nil)
	basis := make([]float64, c.Radial)
	for q := points * first; q < points*c.Intervals; q++ {
		x := (float64(q) + 0.5) / float64(points*c.Intervals)
		chebyshev(x, basis)
		b := q / points
		w := bspline((float64(q%points) + 0.5) / points)
		for k, wk := range w {
			row := b + k - first
			if row >= free {
				continue
			}
			for n, y := range basis {
				rhs.Set(row, n, rhs.At(row, n)+wk*y)
			}
			for m := k; m < 4 && b+m-first < free; m++ {
				gram.SetSymBand(row, row+m-k, gram.At(row, row+m-k)+wk*w[m])
			}
		}
	}
	var chol mat.BandCholesky
	chol.Factorize(gram) // positive definite: every free row has points inside its support
	var fit mat.Dense
	if err := chol.SolveTo(&fit, rhs); err != nil {
		panic(err) // only for singular matrices
	}
	p := &projection{c.SplineRows(), c.Radial, make([]float64, c.SplineRows()*c.Radial)}
	for row := range c.Intervals {
		copy(p.p[row*c.Radial:][:c.Radial], fit.RawRowView(max(row-first, 0)))
	}
	return p
}

// chebyshev writes T_k(2x-1) (1-x²)³.
func chebyshev(x float64, out []float64) {
	cut := math.Pow(1-x*x, 3)
	angle := math.Acos(2*x - 1)
	for k := range out {
		out[k] = math.Cos(float64(k)*angle) * cut
	}
}

func bspline(t float64) [4]float64 {
	o := 1 - t
	return [4]float64{o * o * o / 6, (t*t*(3*t-6) + 4) / 6, (o*o*(3*o-6) + 4) / 6, t * t * t / 6}
}

// apply writes w = P c for c [radial][channels], w [rows][channels].
func (p *projection) apply(c, w []float64, channels int) {
	for b := range p.rows {
		out := w[b*channels:][:channels]
		clear(out)
		for k, x := range p.p[b*p.radial:][:p.radial] {
			for n, y := range c[k*channels:][:channels] {
				out[n] += x * y
			}
		}
	}
}

// reverse adds Pᵀ dw to dc.
func (p *projection) reverse(dw, dc []float64, channels int) {
	for b := range p.rows {
		from := dw[b*channels:][:channels]
		for k, x := range p.p[b*p.radial:][:p.radial] {
			out := dc[k*channels:][:channels]
			for n, y := range from {
				out[n] += x * y
			}
		}
	}
}

// RadialBasis writes the basis of the radial functions at x = r/cutoff, T_k(2x-1) (1-x²)³ for k < len(out).
func RadialBasis(x float64, out []float64) { chebyshev(x, out) }
