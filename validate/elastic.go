package validate

import (
	"context"
	"math"

	"mlff/structure"
)

// Elastic are the constants C_ij = dσ_i/dε_j of a crystal in GPa, in Voigt order xx yy zz yz xz xy with engineering shear
// strains, atoms relaxed at each strain.
type Elastic [6][6]float64

// elasticStrain is the strain to either side: central differences lose ε²/6 of the third derivative, 0.01 % for silicon.
const elasticStrain = 0.005

// ElasticConstants strains the crystal, which must be at its own equilibrium, six ways and to both sides.
func ElasticConstants(ctx context.Context, p structure.Potential, c *Crystal) (*Elastic, error) {
	var e Elastic
	for j := range 6 {
		var sigma [2][6]float64
		for side, sign := range []float64{-1, 1} {
			var v [6]float64
			v[j] = sign * elasticStrain
			s := strained(&c.Structure, v)
			_, r, err := Relaxation{Force: 1e-4}.Relax(ctx, p, &s)
			if err != nil {
				return nil, err
			}
			sigma[side] = structure.StressOf(r.Virial, s.Volume())
			if !finite(sigma[side][:]...) {
				return nil, errNoStress
			}
		}
		for i := range 6 {
			e[i][j] = (sigma[1][i] - sigma[0][i]) / (2 * elasticStrain) / structure.GPa
		}
	}
	return e.symmetrised(), nil
}

// strained is s with x -> x (1 + ε), ε in Voigt order with engineering shears.
func strained(s *structure.Structure, voigt [6]float64) structure.Structure {
	for k := 3; k < 6; k++ {
		voigt[k] /= 2
	}
	f := structure.Tensor(voigt)
	for a := range f {
		f[a][a]++
	}
	t := s.Clone()
	t.Cell = structure.MatMul(t.Cell, f)
	for i, x := range t.Positions {
		t.Positions[i] = structure.Mul(x, f)
	}
	return t
}

func (e *Elastic) symmetrised() *Elastic {
	var s Elastic
	for i := range e {
		for j := range e[i] {
			s[i][j] = (e[i][j] + e[j][i]) / 2
		}
	}
	return &s
}

// Constant is one elastic constant with its name.
type Constant struct {
	Name  string // C11, C12, ...
	Value float64
}

// Bulk is the modulus of Voigt's average, GPa; for cubic crystals the exact one.
func (e *Elastic) Bulk() float64 {
	return (e[0][0] + e[1][1] + e[2][2] + 2*(e[0][1]+e[0][2]+e[1][2])) / 9
}

// Constants are C11, C12 and C44 of a crystal that is cubic along the axes, the means of what symmetry makes equal; else
// all 21.
func (e *Elastic) Constants(cubic bool) []Constant {
	if cubic {
		return []Constant{
			{"C11", (e[0][0] + e[1][1] + e[2][2]) / 3},
			{"C12", (e[0][1] + e[0][2] + e[1][2]) / 3},
			{"C44", (e[3][3] + e[4][4] + e[5][5]) / 3},
		}
	}
	var all []Constant
	for i := range 6 {
		for j := i; j < 6; j++ {
			all = append(all, Constant{"C" + string(rune('1'+i)) + string(rune('1'+j)), e[i][j]})
		}
	}
	return all
}

// Cubic tells whether the constants have cubic symmetry along the axes, within a hundredth of C11.
func (e *Elastic) Cubic() bool {
	c := e.Constants(true)
	var ideal Elastic
	for i := range 3 {
		for j := range 3 {
			ideal[i][j] = c[1].Value
		}
		ideal[i][i], ideal[3+i][3+i] = c[0].Value, c[2].Value
	}
	for i := range e {
		for j := range e[i] {
			if math.Abs(e[i][j]-ideal[i][j]) > 0.01*math.Abs(c[0].Value) {
				return false
			}
		}
	}
	return true
}
