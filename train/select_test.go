package train

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"mlff/structure"
)

// drawn is a design of candidates with random activations, each of so many atoms and in a group of its own.
func drawn(candidates, atoms, dim int) *design {
	rng := structure.Rand(1, "test design", 0)
	d := &design{inverse: []*mat.SymDense{mat.NewSymDense(dim, nil)}, room: map[string]int{}}
	for k := range dim {
		d.inverse[0].SetSym(k, k, 1)
	}
	for k := range candidates {
		var list []activation
		for range atoms {
			phi := make([]float64, dim)
			for i := range phi {
				phi[i] = rng.NormFloat64()
			}
			list = append(list, activation{0, phi})
		}
		name := string(rune('a' + k))
		d.atoms, d.groups = append(d.atoms, list), append(d.groups, name)
		d.room[name] = 1
	}
	return d
}

// What is chosen lazily, with updated inverses, is what determinants of all moments say.
func TestChoiceIsGreedyInDeterminants(t *testing.T) {
	const dim = 5
	d := drawn(12, 3, dim)
	moments := mat.NewSymDense(dim, nil)
	for k := range dim {
		moments.SetSym(k, k, 1)
	}
	var want []int
	for range 6 {
		best, most := -1, math.Inf(-1)
		for k := range d.atoms {
			if slices.Contains(want, k) {
				continue
			}
			if l := logDet(moments, d.atoms[k]); l > most {
				best, most = k, l
			}
		}
		for _, a := range d.atoms[best] {
			moments.SymRankOne(moments, 1, mat.NewVecDense(dim, a.phi))
		}
		want = append(want, best)
	}
	if got := d.choose(6); !slices.Equal(got, want) {
		t.Errorf("chosen %v, want %v", got, want)
	}
}

func logDet(m *mat.SymDense, atoms []activation) float64 {
	n := m.SymmetricDim()
	sum := mat.NewSymDense(n, nil)
	sum.CopySym(m)
	for _, a := range atoms {
		sum.SymRankOne(sum, 1, mat.NewVecDense(n, a.phi))
	}
	var chol mat.Cholesky
	chol.Factorize(sum)
	return chol.LogDet()
}

func TestGroupsHaveRoomForSoMany(t *testing.T) {
	d := drawn(12, 2, 4)
	for k := range d.groups {
		d.groups[k] = []string{"a", "b"}[k%2]
	}
	d.room = map[string]int{"a": 1, "b": 3}
	got := d.choose(10)
	ofA := 0
	for _, k := range got {
		ofA += 1 - k%2
	}
	if len(got) != 4 || ofA != 1 {
		t.Errorf("chosen %v: %d of the first group", got, ofA)
	}
}
