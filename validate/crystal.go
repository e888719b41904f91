package validate

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"mlff/structure"
)

// Crystal is a periodic structure at its own equilibrium.
type Crystal struct {
	Structure structure.Structure
	Energy    float64    // eV
	Lengths   [3]float64 // of the lattice vectors, Å
}

// Equilibrium relaxes atoms and cell at no pressure.
func Equilibrium(ctx context.Context, p structure.Potential, start *structure.Structure) (*Crystal, error) {
	s, r, err := Relaxation{Cell: true}.Relax(ctx, p, start)
	if err != nil {
		return nil, err
	}
	c := &Crystal{Structure: s, Energy: r.Energy}
	for k := range c.Lengths {
		c.Lengths[k] = structure.Norm(s.Cell[k])
	}
	return c, nil
}

// Equation of state around the equilibrium.
type Equation struct {
	Volume  []float64 // Å³/atom, ascending
	Energy  []float64 // eV/atom
	V0      float64   // Å³/atom
	E0      float64   // eV/atom
	Modulus float64   // bulk modulus B at V0, GPa
	Prime   float64   // its derivative by pressure
}

// Volumes of the equation of state: 6 % to both sides, where the third-order form still fits silicon to 0.1 meV/atom.
const (
	equationPoints = 9
	equationRange  = 0.06
)

// EquationOfState scales the crystal evenly, lets the atoms relax at each volume and fits the third-order equation of
// F. Birch, Phys. Rev. 71, 809 (1947). With x = V^(-2/3) that is a polynomial of third order in x:
//
//	E(V) = E0 + 9/16 V0 B [ (x/x0 - 1)³ B' + (x/x0 - 1)² (6 - 4 x/x0) ]
func EquationOfState(ctx context.Context, p structure.Potential, c *Crystal) (*Equation, error) {
	e := &Equation{}
	n := float64(c.Structure.Len())
	for k := range equationPoints {
		v := 1 + equationRange*(2*float64(k)/(equationPoints-1)-1)
		s := scaled(&c.Structure, math.Cbrt(v))
		_, r, err := Relaxation{Force: 1e-3}.Relax(ctx, p, &s) // an error of second order: 1e-3²/(2·5 eV/Å²) is nothing
		if err != nil {
			return nil, err
		}
		e.Volume, e.Energy = append(e.Volume, s.Volume()/n), append(e.Energy, r.Energy/n)
	}
	return e, e.fit()
}

// fit is linear: E = sum a_k z^k with z = x/x1 - 1 and x1 the middle volume's, which keeps the numbers near one.
func (e *Equation) fit() error {
	n := len(e.Volume)
	middle := e.Volume[n/2]
	a, b := mat.NewDense(n, 4, nil), mat.NewVecDense(n, e.Energy)
	for k, v := range e.Volume {
		z := math.Pow(v/middle, -2./3) - 1
		for j := range 4 {
			a.Set(k, j, math.Pow(z, float64(j)))
		}
	}
	var q mat.VecDense
	if err := q.SolveVec(a, b); err != nil {
		return fmt.Errorf("the equation of state: %w", err)
	}
	c := q.RawVector().Data
	// dE/dz = c1 + 2 c2 z + 3 c3 z² = 0 at the minimum, the root next to zero
	root := c[2]*c[2] - 3*c[1]*c[3]
	if root < 0 || c[2] <= 0 {
		return errors.New("the energy has no minimum over the volume")
	}
	z := -c[1] / (c[2] + math.Sqrt(root))
	e.V0 = middle * math.Pow(1+z, -1.5)
	e.E0 = c[0] + z*(c[1]+z*(c[2]+z*c[3]))
	// d²E/dV² = E'' (dz/dV)² at the minimum; dz/dV = -2/3 (1+z)/V
	second, third := 2*c[2]+6*c[3]*z, 6*c[3]
	dz := -2. / 3 * (1 + z) / e.V0
	e.Modulus = e.V0 * second * dz * dz / structure.GPa
	// B' = -V d(ln B)/dV = 4 + 2/3 (1+z) E'''/E'' by the same chain rule
	e.Prime = 4 + 2./3*(1+z)*third/second
	return nil
}
