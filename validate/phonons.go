package validate

import (
	"context"
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"mlff/structure"
)

// displacement of central differences: F = -Φ u - ½ Φ³ u² - ..., of which the second term cancels and the third leaves
// about (u/1 Å)² of Φ, 1e-4.
const displacement = 0.01 // Å

// terahertz turns sqrt(eV/Å²/u) into a frequency: sqrt(AccelerationUnit)/fs/2π in THz. perCentimetre is 1 THz in cm⁻¹.
var terahertz = 1e3 * math.Sqrt(structure.AccelerationUnit) / (2 * math.Pi)

const perCentimetre = 33.35640952

// Phonons are the frequencies in THz, ascending, of a crystal at all wave vectors that fit into its supercell: the square
// roots of the eigenvalues of the dynamical matrix D_ij = Φ_ij/sqrt(m_i m_j) of the whole supercell at Γ. Unstable modes
// are negative. Forces after displacing the atoms of one cell give all of Φ, by translation.
func Phonons(ctx context.Context, p structure.Potential, cell *structure.Structure, repeats [3]int) ([]float64, error) {
	super := structure.Supercell(cell, repeats)
	rows, err := forceConstants(ctx, p, &super, cell.Len())
	if err != nil {
		return nil, err
	}
	n := super.Len()
	d := mat.NewSymDense(3*n, nil)
	for c := range n / cell.Len() {
		to := translation(repeats, c, cell.Len())
		for k, row := range rows {
			i := 3*to(k/3) + k%3
			for m, phi := range row {
				j := 3*to(m/3) + m%3
				w := phi / math.Sqrt(structure.Mass(super.Numbers[i/3])*structure.Mass(super.Numbers[j/3]))
				d.SetSym(i, j, d.At(i, j)+w/2) // both (i, j) and (j, i) are met
			}
		}
	}
	for i := range 3 * n { // but the diagonal only once
		d.SetSym(i, i, 2*d.At(i, i))
	}
	return frequencies(d)
}

// translation maps atoms of the supercell to those a lattice vector away, that of its c-th cell. Supercells count cells
// with the last lattice vector fastest.
func translation(repeats [3]int, c, atoms int) func(i int) int {
	split := func(c int) [3]int {
		return [3]int{c / (repeats[1] * repeats[2]), c / repeats[2] % repeats[1], c % repeats[2]}
	}
	by := split(c)
	return func(i int) int {
		at := split(i / atoms)
		cell := 0
		for k := range at {
			cell = cell*repeats[k] + (at[k]+by[k])%repeats[k]
		}
		return cell*atoms + i%atoms
	}
}

// forceConstants are Φ = d²E/du_i du_j for the coordinates i of the first atoms: [3 first][3N] eV/Å².
func forceConstants(ctx context.Context, p structure.Potential, s *structure.Structure, first int) ([][]float64, error) {
	var out structure.Result
	rows := make([][]float64, 3*first)
	moved := s.Clone()
	for i := range rows {
		rows[i] = make([]float64, 3*s.Len())
		for _, sign := range []float64{1, -1} {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			moved.Positions[i/3][i%3] = s.Positions[i/3][i%3] + sign*displacement
			if err := p.Evaluate(&moved, &out); err != nil {
				return nil, err
			}
			for j := range rows[i] {
				rows[i][j] -= sign * out.Forces[j/3][j%3] / (2 * displacement)
			}
		}
		moved.Positions[i/3] = s.Positions[i/3]
	}
	return rows, nil
}

// frequencies are sqrt of the eigenvalues of a dynamical matrix, in THz; negative where they are imaginary.
func frequencies(d *mat.SymDense) ([]float64, error) {
	var e mat.EigenSym
	if !e.Factorize(d, false) {
		return nil, errors.New("the dynamical matrix cannot be diagonalised")
	}
	f := e.Values(nil)
	for k, v := range f {
		f[k] = math.Copysign(math.Sqrt(math.Abs(v)), v) * terahertz
	}
	slices.Sort(f)
	return f, nil
}

// Vibrations are the harmonic frequencies of a molecule at its own minimum in cm⁻¹, ascending, without the six (of a
// straight molecule five) rigid motions; unstable ones are negative.
func Vibrations(ctx context.Context, p structure.Potential, molecule *structure.Structure) ([]float64, error) {
	s, _, err := Relaxation{}.Relax(ctx, p, molecule)
	if err != nil {
		return nil, err
	}
	rows, err := forceConstants(ctx, p, &s, s.Len())
	if err != nil {
		return nil, err
	}
	d := mat.NewSymDense(len(rows), nil)
	for i := range rows {
		for j := i; j < len(rows); j++ {
			d.SetSym(i, j, (rows[i][j]+rows[j][i])/2/math.Sqrt(structure.Mass(s.Numbers[i/3])*structure.Mass(s.Numbers[j/3])))
		}
	}
	rigid := rigidMotions(&s)
	f, err := frequencies(projectedOut(d, rigid))
	if err != nil {
		return nil, err
	}
	f = withoutZeros(f, len(rigid))
	for k := range f {
		f[k] *= perCentimetre
	}
	return f, nil
}

// rigidMotions are orthonormal mass-weighted displacements of translation and rotation, [5 or 6][3N].
func rigidMotions(s *structure.Structure) [][]float64 {
	centre, total := centreOfMass(s), 0.0
	for _, z := range s.Numbers {
		total += structure.Mass(z)
	}
	var basis [][]float64
	for k := range 6 {
		v := make([]float64, 0, 3*s.Len())
		axis := identity[k%3]
		for i, x := range s.Positions {
			u := axis
			if k >= 3 {
				u = structure.Cross(axis, structure.Sub(x, centre))
			}
			u = structure.Scale(math.Sqrt(structure.Mass(s.Numbers[i])), u)
			v = append(v, u[:]...)
		}
		before := math.Sqrt(dot(v, v))
		for _, b := range basis {
			add(v, -dot(v, b), b)
		}
		// a rotation about the axis of a straight molecule moves nothing; bonds are straight to about 1e-3
		if size := math.Sqrt(dot(v, v)); before > 0 && size > 1e-2*math.Sqrt(total) {
			scale(v, 1/size)
			basis = append(basis, v)
		}
	}
	return basis
}

// projectedOut is (1 - P) D (1 - P) with P the projector on the basis.
func projectedOut(d *mat.SymDense, basis [][]float64) *mat.SymDense {
	n := d.SymmetricDim()
	q := mat.NewDense(n, n, nil)
	for i := range n {
		q.Set(i, i, 1)
		for j := range n {
			for _, b := range basis {
				q.Set(i, j, q.At(i, j)-b[i]*b[j])
			}
		}
	}
	var left, both mat.Dense
	left.Mul(q, d)
	both.Mul(&left, q)
	out := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			out.SetSym(i, j, (both.At(i, j)+both.At(j, i))/2)
		}
	}
	return out
}

// withoutZeros leaves out the n frequencies next to zero.
func withoutZeros(f []float64, n int) []float64 {
	slices.SortFunc(f, func(a, b float64) int {
		switch a, b := math.Abs(a), math.Abs(b); {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	})
	f = f[min(n, len(f)):]
	slices.Sort(f)
	return f
}

// meanDifference is the mean absolute difference of two ascending lists; nil where they are not equally long.
func meanDifference(a, b []float64) *float64 {
	if len(a) != len(b) || len(a) == 0 {
		return nil
	}
	sum := 0.0
	for k := range a {
		sum += math.Abs(a[k] - b[k])
	}
	sum /= float64(len(a))
	return &sum
}
