// Package kernel holds the hot loops of the student: from the positions of atoms and their neighbours to energies,
// forces on edges, and gradients with respect to the parameters.
//
// For each atom i with neighbours j, d = r_j - r_i, r = |d|, u = d/r (Drautz, Phys. Rev. B 99, 014104, 2019):
//
//	R_n     = sum_b S_b(r) w[z_i z_j][b][n]            radial functions on uniform cubic B-splines
//	A_lm,n  = sum_j R_n(r) Y_lm(u)                     density
//	B_lm,k  = sum_n W[z_i][l][n][k] A_lm,n             mixing
//	t_LM,k  = sum v[z_i][l1 l2 L][k] G B_l1 B_l2       couplings
//	f       = B_00; sum_m B_lm²/sqrt(2l+1); t_L·B_L; t_L·t_L
//	E_i     = a·f + b·(silu(W f + d) - silu(d))        readout
//
// The loops know nothing of files, lists or threads. A back end is an implementation of Kernel; the reference in this
// package is the definition, everything faster is tested against it (package kerneltest). The factors nu and eps of
// the model are folded into w, a and b when parameters are cast (NewLayer).
package kernel

// Float is the working precision: float32 for running, float64 for training and checks.
type Float interface{ float32 | float64 }

// MaxL is the highest angular momentum of the density.
const MaxL = 3

// MaxLM is the number of spherical harmonics up to MaxL.
const MaxLM = (MaxL + 1) * (MaxL + 1)

// Shape holds the sizes of a student.
type Shape struct {
	Species   int `json:"-"`         // S; a file lists them by name
	Radial    int `json:"radial"`    // learnable Chebyshev coefficients of a radial function
	Channels  int `json:"channels"`  // N, radial functions of a pair
	Mixed     int `json:"mixed"`     // K, channels after mixing
	Hidden    int `json:"hidden"`    // H, hidden units of the readout
	LMax      int `json:"lmax"`      // highest l of the density, 1..3
	LT        int `json:"lt"`        // highest L of the coupled tensors, 1..3
	Layers    int `json:"layers"`    // 1, or 2 with one message-passing layer
	Intervals int `json:"intervals"` // spline intervals on [0, cutoff]
}

// LM is the number of harmonics, (LMax+1)².
func (s Shape) LM() int { return (s.LMax + 1) * (s.LMax + 1) }

// Features is the length of f: K (1 + LMax + 2 LT).
func (s Shape) Features() int { return s.Mixed * (1 + s.LMax + 2*s.LT) }

// SplineRows is the number of B-splines of a radial function.
func (s Shape) SplineRows() int { return s.Intervals + 3 }

// Coupling is a product l1 ⊗ l2 -> L that enters t_L.
type Coupling struct{ L1, L2, L int }

// Couplings lists all 1 <= l1 <= l2 <= lmax with L = 1..lt, l1+l2+L even and the triangle rule; L slowest, l2 fastest.
func (s Shape) Couplings() []Coupling {
	var c []Coupling
	for L := 1; L <= s.LT; L++ {
		for l1 := 1; l1 <= s.LMax; l1++ {
			for l2 := l1; l2 <= s.LMax; l2++ {
				if (l1+l2+L)%2 == 0 && l2-l1 <= L && L <= l1+l2 {
					c = append(c, Coupling{l1, l2, L})
				}
			}
		}
	}
	return c
}
