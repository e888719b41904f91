package train

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"mlff/dataset"
	"mlff/model"
)

// selectable bounds how many candidates are looked at, evenly spaced: their activations are kept in memory.
const selectable = 4000

// Select returns the indices of the n candidates that tell most beyond the known frames, at most so many of each group, in
// the order of choice: each time the one that raises
//
//	sum_z log det M_z / atoms
//
// most, with M_z the moments of the known frames (see Moments) and of the candidates chosen before. Frames of high grade
// come first, frames alike to one that was chosen do not come again (D-optimal design, for potentials in E. V.
// Podryabinkin and A. V. Shapeev, Comput. Mater. Sci. 140, 171, 2017). The energies and forces of candidates are not looked at.
func Select(ctx context.Context, m *model.Model, known, candidates []dataset.Item, n, ofGroup, threads int) ([]int, error) {
	g, err := newEngine(m, Loss{}, threads)
	if err != nil {
		return nil, err
	}
	defer g.gradient.Close()
	moments := NewMoments(len(m.Config().Numbers), m.Config().Hidden)
	if err := g.eachAtom(ctx, spread(known, gradeFrames), func(_, z int, h []float64) { moments.Add(z, h) }); err != nil {
		return nil, err
	}
	shown := spread(candidates, min(selectable, len(candidates)))
	d := &design{atoms: make([][]activation, len(shown)), room: map[string]int{}}
	for _, it := range shown {
		d.groups, d.room[it.Group] = append(d.groups, it.Group), ofGroup
	}
	if d.inverse, err = moments.inverses(); err != nil {
		return nil, err
	}
	err = g.eachAtom(ctx, shown, func(k, z int, h []float64) { d.atoms[k] = append(d.atoms[k], activation{z, features(h)}) })
	if err != nil {
		return nil, err
	}
	chosen := d.choose(n)
	for i, k := range chosen {
		chosen[i] = k * len(candidates) / len(shown) // as spread does
	}
	return chosen, ctx.Err()
}

// inverses are M_z^-1 of the moments with their ridge, [S] of dim x dim.
func (m *Moments) inverses() ([]*mat.SymDense, error) {
	var out []*mat.SymDense
	for z, sum := range m.sum {
		var chol mat.Cholesky
		if !chol.Factorize(ridged(sum)) {
			return nil, fmt.Errorf("the hidden activations of species %d are not finite", z)
		}
		inverse := mat.NewSymDense(m.dim, nil)
		if err := chol.InverseTo(inverse); err != nil && !errors.As(err, new(mat.Condition)) {
			return nil, err
		}
		out = append(out, inverse)
	}
	return out, nil
}

// activation is phi = (1, hidden activations) of an atom of species z.
type activation struct {
	z   int
	phi []float64
}

// design is what was chosen so far.
type design struct {
	inverse []*mat.SymDense // [S] M_z^-1
	atoms   [][]activation  // of the candidates
	groups  []string        // the same
	room    map[string]int  // how many of a group may still be chosen
}

// choose takes candidates greedily. What a candidate would add can only become less, so that a stale value is a bound and
// few are computed anew (M. Minoux, Lect. Notes Control Inf. Sci. 7, 234, 1978).
func (d *design) choose(n int) []int {
	bound, fresh := make([]float64, len(d.atoms)), make([]int, len(d.atoms)) // fresh: how many were chosen before it was computed
	for k := range bound {
		bound[k], fresh[k] = math.Inf(1), -1
	}
	var chosen []int
	for len(chosen) < n {
		best := -1
		for k := range bound {
			if d.room[d.groups[k]] > 0 && fresh[k] != taken && (best < 0 || bound[k] > bound[best]) {
				best = k
			}
		}
		switch {
		case best < 0:
			return chosen
		case fresh[best] < len(chosen):
			work := make([]*mat.SymDense, len(d.inverse))
			bound[best], fresh[best] = d.gain(best, work), len(chosen)
		default:
			d.gain(best, d.inverse)
			d.room[d.groups[best]]--
			fresh[best] = taken
			chosen = append(chosen, best)
		}
	}
	return chosen
}

// taken marks what was chosen.
const taken = math.MaxInt

// gain is what sum_z log det M_z / atoms grows by with candidate k, atom by atom: det(M + phi phi^T) = det M (1 + phi^T
// M^-1 phi), and M^-1 becomes M^-1 - v v^T/(1 + phi^T v), v = M^-1 phi. It changes the inverses in work; those that are nil
// there are first copied.
func (d *design) gain(k int, work []*mat.SymDense) float64 {
	total := 0.0
	for _, a := range d.atoms[k] {
		if work[a.z] == nil {
			work[a.z] = mat.NewSymDense(len(a.phi), nil)
			work[a.z].CopySym(d.inverse[a.z])
		}
		phi := mat.NewVecDense(len(a.phi), a.phi)
		var v mat.VecDense
		v.MulVec(work[a.z], phi)
		leverage := math.Max(0, mat.Dot(phi, &v)) // rounding
		total += math.Log1p(leverage)
		work[a.z].SymRankOne(work[a.z], -1/(1+leverage), &v)
	}
	return total / float64(len(d.atoms[k]))
}
