package sample

import (
	"fmt"
	"math"
	"slices"

	"mlff/structure"
)

// paths plan images between two structures that relax across the path, not along it.
func (p *planner) paths(labels int) {
	p.families(indices(len(p.Paths)), make([]string, len(p.Paths)), labels, func(path, k int) (structure.Structure, hold) {
		a, b := &p.Paths[path][0], &p.Paths[path][1]
		s, tangent := between(a, b, even(k))
		rattle(&s, 0.2*p.Rattle, structure.Rand(p.Seed, "sample paths", uint64(k*len(p.Paths)+path)))
		return s, func(_ *structure.Structure, forces [][3]float64) {
			along := 0.0
			for i := range forces {
				along += structure.Dot(forces[i], tangent[i])
			}
			for i := range forces {
				forces[i] = structure.Sub(forces[i], structure.Scale(along, tangent[i]))
			}
		}
	})
}

// between is the image at x (0: a, 1: b) of the straight way along nearest images, and the direction [N] of that way, of
// length 1.
func between(a, b *structure.Structure, x float64) (structure.Structure, [][3]float64) {
	s := a.Clone()
	tangent := make([][3]float64, s.Len())
	length := 0.0
	for k := range s.Cell {
		s.Cell[k] = structure.Add(structure.Scale(1-x, a.Cell[k]), structure.Scale(x, b.Cell[k]))
	}
	for i := range s.Positions {
		d := shortest(images(b, structure.Sub(b.Positions[i], a.Positions[i])))
		s.Positions[i] = structure.Add(a.Positions[i], structure.Scale(x, d))
		tangent[i] = d
		length += structure.Dot(d, d)
	}
	for i := range tangent {
		tangent[i] = structure.Scale(1/math.Max(math.Sqrt(length), 1e-12), tangent[i])
	}
	return s, tangent
}

func shortest(list [][3]float64) [3]float64 {
	best := list[0]
	for _, v := range list[1:] {
		if structure.Norm(v) < structure.Norm(best) {
			best = v
		}
	}
	return best
}

// checkPath refuses ends between which there is no way.
func checkPath(path [2]structure.Structure) error {
	a, b := &path[0], &path[1]
	if !slices.Equal(a.Numbers, b.Numbers) || a.PBC != b.PBC {
		return structure.Hint(fmt.Errorf("the ends of a path differ in their atoms, or their order, or in periodicity"),
			"write both with the same atoms in the same order")
	}
	return nil
}
