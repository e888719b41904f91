package kernel

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
)

// Term is one product coef·B_a·B_b of a coupled tensor component; a <= b, and coef holds both orders where l1 = l2.
type Term struct {
	A, B int // flat lm indices
	Coef float64
}

// Terms lists, for each m = -L..L of a coupling, the terms of sum G_abM B_a B_b with
// G_abc = 1/4π ∫ Y_a Y_b Y_c dΩ.
func (c Coupling) Terms() [][]Term {
	terms := make([][]Term, 2*c.L+1)
	for m := range terms {
		for a := c.L1 * c.L1; a < (c.L1+1)*(c.L1+1); a++ {
			for b := c.L2 * c.L2; b < (c.L2+1)*(c.L2+1); b++ {
				g := gaunt[a][b][c.L*c.L+m]
				if g == 0 || c.L1 == c.L2 && a > b {
					continue
				}
				if c.L1 == c.L2 && a < b {
					g *= 2
				}
				terms[m] = append(terms[m], Term{a, b, g})
			}
		}
	}
	return terms
}

var gaunt = gauntTable()

// allTerms holds the terms of every coupling, as layers are made again and again in training.
var allTerms = map[Coupling][][]Term{}

func init() {
	for _, c := range (Shape{LMax: MaxL, LT: MaxL}).Couplings() {
		allTerms[c] = c.Terms()
	}
}

// gauntTable integrates exactly: polynomials of degree 9 at most, Gauss-Legendre in cos θ times the trapezoid rule in φ.
func gauntTable() (g [MaxLM][MaxLM][MaxLM]float64) {
	const polar, azimuthal = 8, 16
	var c, w [polar]float64
	quad.Legendre{}.FixedLocations(c[:], w[:], -1, 1)
	for i := range c {
		for j := range azimuthal {
			s, phi := math.Sqrt(1-c[i]*c[i]), 2*math.Pi*float64(j)/azimuthal
			var y [MaxLM]float64
			harmonics(s*math.Cos(phi), s*math.Sin(phi), c[i], &y)
			for a := range y {
				for b := range y {
					for d := range y {
						g[a][b][d] += w[i] / (2 * azimuthal) * y[a] * y[b] * y[d]
					}
				}
			}
		}
	}
	for a := range g {
		for b := range g {
			for d := range g {
				if math.Abs(g[a][b][d]) < 1e-12 { // rounding of 128 terms of order 1 that cancel: the smallest true one is 0.1
					g[a][b][d] = 0
				}
			}
		}
	}
	return g
}
