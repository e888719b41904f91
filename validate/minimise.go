package validate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	"mlff/structure"
)

// Relaxation moves the atoms, and with Cell the lattice too, to the nearest minimum of the energy (of the enthalpy at no
// pressure). The method is L-BFGS (D. C. Liu and J. Nocedal, Math. Program. 45, 503 (1989)) with bounded steps and no
// line search, so that it needs one evaluation a step and no energies: those of single-precision teachers are too coarse
// to be compared near the minimum. Zero values are the defaults.
type Relaxation struct {
	Cell   bool
	Force  float64 // largest |F| that may remain, eV/Å; 1e-4
	Stress float64 // the same of stress components, eV/Å³; 1e-6 (0.16 MPa)
	Steps  int     // 500
}

// Where the forces stop falling for patience steps their noise is reached; up to slack times what was wanted is accepted.
const (
	patience    = 30
	slack       = 20.0
	largestMove = 0.1  // Å in one step
	stiffness   = 30.0 // eV/Å², of the first step
	memory      = 30   // pairs of steps and gradients that are remembered
)

// Relax returns the minimum and what p says there. A minimum that cannot be reached is an error.
func (r Relaxation) Relax(ctx context.Context, p structure.Potential, start *structure.Structure) (structure.Structure, *structure.Result, error) {
	r.Force, r.Stress, r.Steps = cmp.Or(r.Force, 1e-4), cmp.Or(r.Stress, 1e-6), cmp.Or(r.Steps, 500)
	c := newCoordinates(start, r.Cell)
	h := newton{}
	best, since := math.Inf(1), 0
	var kept coordinates
	for range r.Steps {
		if err := ctx.Err(); err != nil {
			return structure.Structure{}, nil, err
		}
		force, err := c.evaluate(p)
		if err != nil {
			return structure.Structure{}, nil, err
		}
		excess := r.excess(c)
		if since++; excess < best {
			best, since, kept = excess, 0, c.clone()
		}
		if excess <= 1 || since > patience {
			break
		}
		c.move(h.step(c.variables(), force))
	}
	if !(best <= slack) {
		return structure.Structure{}, nil, fmt.Errorf("no minimum was found: forces stay at %.2g eV/Å", best*r.Force)
	}
	return kept.at, &kept.result, nil
}

// excess is the largest of forces and stresses in units of what may remain.
func (r *Relaxation) excess(c *coordinates) float64 {
	e := largest(c.result.Forces) / r.Force
	if r.Cell {
		for _, s := range structure.StressOf(c.result.Virial, c.at.Volume()) {
			e = math.Max(e, math.Abs(s)/r.Stress) // NaN stays NaN
		}
	}
	return e
}

// coordinates are positions u in the undeformed frame and, if the cell moves, the deformation F: x = u F. F is scaled by
// the length sqrt(N) Å, which makes it about as stiff as the atoms (as E. B. Tadmor et al., Phys. Rev. B 59, 235 (1999)).
type coordinates struct {
	start, at structure.Structure
	u         [][3]float64
	f         [3][3]float64
	scale     float64 // 0: the cell is fixed
	result    structure.Result
}

func newCoordinates(s *structure.Structure, cell bool) *coordinates {
	c := &coordinates{start: s.Clone(), at: s.Clone(), f: identity}
	c.u = c.start.Positions
	if cell {
		c.scale = math.Sqrt(float64(s.Len()))
	}
	return c
}

var identity = [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}

func (c *coordinates) clone() coordinates {
	k := *c
	k.at = c.at.Clone()
	k.result.Forces = append([][3]float64(nil), c.result.Forces...)
	k.result.Energies = append([]float64(nil), c.result.Energies...)
	return k
}

// variables are u, then the rows of scale F.
func (c *coordinates) variables() []float64 {
	return c.join(c.u, c.f, c.scale)
}

func (c *coordinates) join(u [][3]float64, f [3][3]float64, scale float64) []float64 {
	var x []float64
	for _, v := range u {
		x = append(x, v[:]...)
	}
	if c.scale > 0 {
		for _, row := range f {
			row = structure.Scale(scale, row)
			x = append(x, row[:]...)
		}
	}
	return x
}

// evaluate returns the forces on the variables: f Fᵀ on u, and F⁻ᵀ W/scale on scale F with the virial W = -dE/dstrain.
func (c *coordinates) evaluate(p structure.Potential) ([]float64, error) {
	if err := p.Evaluate(&c.at, &c.result); err != nil {
		return nil, err
	}
	if !finite(c.result.Energy, largest(c.result.Forces)) {
		return nil, errors.New("energy or forces are not finite")
	}
	onU := make([][3]float64, len(c.u))
	for i, f := range c.result.Forces {
		onU[i] = structure.Mul(f, transposed(c.f))
	}
	if c.scale == 0 {
		return c.join(onU, identity, 0), nil
	}
	w := c.result.Virial
	if !finite(w[0][0], w[1][1], w[2][2]) {
		return nil, errNoStress
	}
	return c.join(onU, structure.MatMul(transposed(structure.Inverse(c.f)), w), 1/c.scale), nil
}

var errNoStress = structure.Hint(errors.New("there is no stress"), "ask for observables that need none")

// move changes the variables and puts the atoms where they say.
func (c *coordinates) move(step []float64) {
	u := make([][3]float64, len(c.u)) // the old ones are remembered
	for i := range u {
		u[i] = structure.Add(c.u[i], [3]float64(step[3*i:]))
	}
	c.u = u
	if c.scale > 0 {
		for a := range c.f {
			c.f[a] = structure.Add(c.f[a], structure.Scale(1/c.scale, [3]float64(step[3*len(u)+3*a:])))
		}
		c.at.Cell = structure.MatMul(c.start.Cell, c.f)
	}
	for i := range u {
		c.at.Positions[i] = structure.Mul(u[i], c.f)
	}
}

func transposed(m [3][3]float64) [3][3]float64 {
	return [3][3]float64{{m[0][0], m[1][0], m[2][0]}, {m[0][1], m[1][1], m[2][1]}, {m[0][2], m[1][2], m[2][2]}}
}

// newton is the inverse Hessian as the last steps s and changes of force y show it.
type newton struct {
	x, force []float64 // of the last call
	s, y     [][]float64
}

// step is the quasi-Newton step from x, no larger than largestMove in any component.
func (h *newton) step(x, force []float64) []float64 {
	h.remember(x, force)
	d := h.apply(force)
	if dot(d, force) <= 0 { // uphill: what is remembered misleads
		h.s, h.y = nil, nil
		d = h.apply(force)
	}
	far := 0.0
	for _, v := range d {
		far = max(far, math.Abs(v))
	}
	if far > largestMove {
		scale(d, largestMove/far)
	}
	return d
}

func (h *newton) remember(x, force []float64) {
	if h.x != nil {
		s, y := less(x, h.x), less(h.force, force)
		if dot(s, y) > 0 { // else the curvature is not that of a minimum
			h.s, h.y = append(h.s, s), append(h.y, y)
		}
		if len(h.s) > memory {
			h.s, h.y = h.s[1:], h.y[1:]
		}
	}
	h.x, h.force = x, force
}

// apply is the two-loop recursion.
func (h *newton) apply(force []float64) []float64 {
	q := append([]float64(nil), force...)
	n := len(h.s)
	alpha := make([]float64, n)
	for k := n - 1; k >= 0; k-- {
		alpha[k] = dot(h.s[k], q) / dot(h.s[k], h.y[k])
		add(q, -alpha[k], h.y[k])
	}
	softness := 1 / stiffness
	if n > 0 {
		softness = dot(h.s[n-1], h.y[n-1]) / dot(h.y[n-1], h.y[n-1])
	}
	scale(q, softness)
	for k := range n {
		add(q, alpha[k]-dot(h.y[k], q)/dot(h.s[k], h.y[k]), h.s[k])
	}
	return q
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for k := range a {
		sum += a[k] * b[k]
	}
	return sum
}

func add(a []float64, c float64, b []float64) {
	for k := range a {
		a[k] += c * b[k]
	}
}

func scale(a []float64, c float64) {
	for k := range a {
		a[k] *= c
	}
}

func less(a, b []float64) []float64 {
	d := append([]float64(nil), a...)
	add(d, -1, b)
	return d
}
