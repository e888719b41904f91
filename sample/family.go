package sample

import (
	"context"
	"math"
	"strconv"

	"mlff/structure"
	"mlff/teacher"
)

// A family begins with a structure that was put out of order: rattled, turned, cut. It relaxes a little along the teacher's
// forces, and siblings are frames of that way which differ from each other: from steep to nearly at rest, at few
// evaluations a label. The idea is that of augment-atoms (J. L. A. Gardner et al., arXiv:2506.10956, 2025).
const (
	siblings    = 3
	familySteps = 15 // evaluations; forces of a rattled molecule or crystal have fallen to a tenth by then
)

// families plans labels frames, siblings of the start structures in turn; ancestor makes the k-th structure of a start.
func (p *planner) families(starts []int, phases []string, labels int, ancestor func(start, k int) (structure.Structure, hold)) {
	kind := p.share
	for n, size := range portions(labels, siblings, len(starts)) {
		start := starts[n%len(starts)]
		s, hold := ancestor(start, n/len(starts))
		p.add(strconv.Itoa(n), phases[start], size, familySteps, func(ctx context.Context, t teacher.Teacher) ([]structure.Frame, error) {
			s := s.Clone()
			var path []structure.Frame
			r := relaxation{steps: familySteps, hold: hold, seen: func(s *structure.Structure, l structure.Labels) {
				if f := frame(s.Clone(), l, kind); usable(&f, maxForce) {
					path = append(path, f)
				}
			}}
			if err := r.run(ctx, t, &s); err != nil {
				return nil, err
			}
			return apart(path, size), nil
		})
	}
}

// apart picks n frames of a path that are far from each other, in the order of the path: the last one, and each time the
// one farthest from all that were picked (T. F. Gonzalez, Theor. Comput. Sci. 38, 293, 1985).
func apart(path []structure.Frame, n int) []structure.Frame {
	if len(path) <= n {
		return path
	}
	far := make([]float64, len(path)) // to the nearest of the picked
	for k := range far {
		far[k] = math.Inf(1)
	}
	next := len(path) - 1
	for range n {
		picked := &path[next]
		for k := range path {
			if d := separation(&path[k].Structure, &picked.Structure); d < far[k] {
				far[k] = d
			}
		}
		far[next] = -1
		for k := range far {
			if far[k] > far[next] {
				next = k
			}
		}
	}
	var out []structure.Frame
	for k := range path {
		if far[k] < 0 {
			out = append(out, path[k])
		}
	}
	return out
}

// separation is the root of the sum of squared displacements between two frames of a path, Å.
func separation(a, b *structure.Structure) float64 {
	sum := 0.0
	for i := range a.Positions {
		d := structure.Sub(a.Positions[i], b.Positions[i])
		sum += structure.Dot(d, d)
	}
	return math.Sqrt(sum)
}
