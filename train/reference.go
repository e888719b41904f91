package train

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
)

// Reference holds the species energies E0, and which compositions they say something about.
//
// Labels fix sums over a composition, not every species on its own: water frames alone fix 2 E0(H) + E0(O).
// Compositions outside the span of those seen have an undetermined energy reference.
type Reference struct {
	Numbers  []int       `json:"numbers"`        // atomic numbers, ascending
	E0       []float64   `json:"e0"`             // [S] eV
	Isolated []bool      `json:"isolated"`       // [S] whether E0 is the label of an isolated atom
	Rank     int         `json:"rank"`           // of the composition matrix
	Span     [][]float64 `json:"span,omitempty"` // [Rank][S] orthonormal rows
}

// rankTolerance is relative to the largest singular value of the distinct compositions, written as fractions. Two
// compositions that differ by one atom in 10^5 still count as two; rounding is 1e-15.
const rankTolerance = 1e-6

// ridge is relative to the largest eigenvalue of the normal equations: 2000 eV per atom shift by 0.02 meV.
const ridge = 1e-8

// SpeciesEnergies fits E0 to the energies of items: labels of isolated atoms as they are, the other species by
// ridge least squares on energies per atom, of minimum norm where compositions leave them undetermined.
func SpeciesEnergies(items []dataset.Item) *Reference {
	r := &Reference{Numbers: Species(items)}
	r.Isolated, r.E0 = isolatedAtoms(r.Numbers, items)
	r.findSpan(items)
	r.fitOthers(items)
	return r
}

// Species lists the atomic numbers that occur in items, ascending.
func Species(items []dataset.Item) []int {
	var seen [structure.MaxNumber + 1]bool
	for i := range items {
		for _, z := range items[i].Numbers {
			seen[z] = true
		}
	}
	var numbers []int
	for z, s := range seen {
		if s {
			numbers = append(numbers, z)
		}
	}
	return numbers
}

// Determined tells whether the labels fix the energy reference of the atoms with these atomic numbers.
func (r *Reference) Determined(numbers []int) bool {
	x := make([]float64, len(r.Numbers))
	for _, z := range numbers {
		k, ok := slices.BinarySearch(r.Numbers, z)
		if !ok {
			return false
		}
		x[k]++
	}
	return model.InSpan(r.Span, x)
}

// Check is Determined as an error that names the composition.
func (r *Reference) Check(numbers []int) error {
	if r.Determined(numbers) {
		return nil
	}
	return structure.Hint(fmt.Errorf("energy reference undetermined for %s", formula(numbers)),
		"add labelled frames of this composition, or isolated atoms")
}

// isolatedAtoms averages the labels of lone atoms of every species.
func isolatedAtoms(numbers []int, items []dataset.Item) (found []bool, e0 []float64) {
	found, e0 = make([]bool, len(numbers)), make([]float64, len(numbers))
	count := make([]float64, len(numbers))
	for i := range items {
		if items[i].Energy == nil || !lonely(&items[i].Structure) {
			continue
		}
		k, _ := slices.BinarySearch(numbers, items[i].Numbers[0])
		found[k] = true
		count[k]++
		e0[k] += (*items[i].Energy - e0[k]) / count[k] // equal labels average to exactly themselves
	}
	return found, e0
}

// lonely tells whether s is one atom without an image of itself within reach of any student (the largest cutoff).
func lonely(s *structure.Structure) bool {
	if s.Len() != 1 {
		return false
	}
	for a := -1; a <= 1; a++ {
		for b := -1; b <= 1; b++ {
			for c := -1; c <= 1; c++ {
				n := [3]float64{float64(a), float64(b), float64(c)}
				periodic := (a == 0 || s.PBC[0]) && (b == 0 || s.PBC[1]) && (c == 0 || s.PBC[2])
				if periodic && n != [3]float64{} && structure.Norm(structure.Mul(n, s.Cell)) < maxCutoff {
					return false
				}
			}
		}
	}
	return true
}

// fractions is the composition of s as fractions of its atoms, [S].
func (r *Reference) fractions(s *structure.Structure) []float64 {
	x := make([]float64, len(r.Numbers))
	for _, z := range s.Numbers {
		k, _ := slices.BinarySearch(r.Numbers, z)
		x[k]++
	}
	for k := range x {
		x[k] /= float64(s.Len())
	}
	return x
}

// findSpan takes the right singular vectors of the distinct compositions: a composition counts however rare it is.
func (r *Reference) findSpan(items []dataset.Item) {
	s := len(r.Numbers)
	var rows []float64
	seen := map[string]bool{}
	for i := range items {
		if items[i].Energy == nil || items[i].Len() == 0 {
			continue
		}
		x := r.fractions(&items[i].Structure)
		if key := fmt.Sprint(x); !seen[key] {
			seen[key] = true
			rows = append(rows, x...)
		}
	}
	if len(rows) == 0 {
		return
	}
	var svd mat.SVD
	if !svd.Factorize(mat.NewDense(len(rows)/s, s, rows), mat.SVDThin) {
		return
	}
	var v mat.Dense
	svd.VTo(&v)
	for k, sigma := range svd.Values(nil) {
		if sigma > rankTolerance*svd.Values(nil)[0] {
			r.Span = append(r.Span, mat.Col(nil, k, &v))
		}
	}
	r.Rank = len(r.Span)
}

// fitOthers solves the ridge normal equations for the species without an isolated atom, and removes from the
// solution what the compositions say nothing about.
func (r *Reference) fitOthers(items []dataset.Item) {
	var open []int
	for k, isolated := range r.Isolated {
		if !isolated {
			open = append(open, k)
		}
	}
	n := len(open)
	if n == 0 || r.Rank == 0 {
		return
	}
	normal, right := mat.NewSymDense(n, nil), mat.NewVecDense(n, nil)
	for i := range items {
		if items[i].Energy == nil || items[i].Len() == 0 {
			continue
		}
		x := r.fractions(&items[i].Structure)
		y := *items[i].Energy/float64(items[i].Len()) - dot(x, r.E0) // E0 of the open species is still zero
		for a, ka := range open {
			right.SetVec(a, right.AtVec(a)+x[ka]*y)
			for b := a; b < n; b++ {
				normal.SetSym(a, b, normal.At(a, b)+x[ka]*x[open[b]])
			}
		}
	}
	for a, e := range ridgeSolve(normal, right) {
		r.E0[open[a]] = e
	}
}

// ridgeSolve returns (A + ridge λmax 1)^-1 b by the eigenvectors of A, which gives no component along those of
// vanishing eigenvalue: the solution of minimum norm.
func ridgeSolve(a *mat.SymDense, b *mat.VecDense) []float64 {
	n := a.SymmetricDim()
	x := make([]float64, n)
	var eigen mat.EigenSym
	if !eigen.Factorize(a, true) {
		return x
	}
	values := eigen.Values(nil)
	largest := values[n-1]
	var v mat.Dense
	eigen.VectorsTo(&v)
	for k, lambda := range values {
		if lambda <= 1e-13*largest { // rounding of the largest eigenvalue
			continue
		}
		c := mat.Dot(v.ColView(k), b) / (lambda + ridge*largest)
		for i := range x {
			x[i] += c * v.At(i, k)
		}
	}
	return x
}

func dot(a, b []float64) float64 {
	s := 0.0
	for k := range a {
		s += a[k] * b[k]
	}
	return s
}

// formula writes numbers as H2O: symbols in ascending atomic number.
func formula(numbers []int) string {
	count := map[int]int{}
	for _, z := range numbers {
		count[z]++
	}
	var zs []int
	for z := range count {
		zs = append(zs, z)
	}
	slices.Sort(zs)
	text := ""
	for _, z := range zs {
		text += structure.Symbol(z)
		if count[z] > 1 {
			text += fmt.Sprint(count[z])
		}
	}
	return text
}
