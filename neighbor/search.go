package neighbor

import (
	"fmt"
	"math"

	"mlff/structure"
)

// coincident is the distance below which two atoms are taken to be at the same place, Å.
const coincident = 1e-6

// build fills the list for s.
func (l *List) build(s *structure.Structure) error {
	if l.work == nil {
		l.work = new(search)
	}
	w := l.work
	l.N = s.Len()
	if err := w.prepare(s, l.Cutoff+l.Skin); err != nil {
		return err
	}
	w.grid.fill(w.position, w.reach)
	if err := l.collect(); err != nil {
		return err
	}
	l.transpose()
	return nil
}

// collect writes the entries that each atom sees, unsorted, one atom after the other in the order of boxes, into In,
// which is free until the rows are sorted. It leaves the beginning of every row in work.begin and its length in
// Start.
func (l *List) collect() error {
	w := l.work
	w.begin, w.cursor, l.Start = resize(w.begin, l.N), resize(w.cursor, l.N), resize(l.Start, l.N+1)
	n, done := 0, 0
	var err error
	for first, end := 0, 0; first < len(w.key); first = end {
		for end = first + 1; end < len(w.key) && w.key[end] == w.key[first]; end++ {
		}
		if int(w.entry[first]) >= l.N { // atoms come before images in each box: this one holds images only
			continue
		}
		self := w.gather(first)
		for c := first; c < end && int(w.entry[c]) < l.N; c++ {
			i := w.entry[c]
			if l.In, err = l.reserve(l.In, n, done); err != nil {
				return err
			}
			x := w.near[self]
			w.near[self][0] = math.Inf(1) // out of sight of itself
			found, least := within(l.In[n:n+len(w.near)], w.near, w.nearEntry, x, w.reach*w.reach)
			if least <= 1e-9-w.reach*w.reach { // or so, given rounding
				if err := w.coincidence(i, x); err != nil {
					return err
				}
			}
			w.near[self] = x
			self++
			w.begin[i], l.Start[i] = int32(n), int32(found)
			n += found
			done++
		}
	}
	l.In, l.J = l.In[:n], resize(l.J, n)
	return nil
}

// within writes the entries closer than the square root of reach2 to c into row, which is as long as near, and
// returns how many there are and the smallest squared distance less reach2.
// The count goes up without a branch: which of the candidates are near is what no processor can predict.
func within(row []int32, near [][3]float64, entry []int32, c [3]float64, reach2 float64) (n int, least float64) {
	x, y, z := c[0], c[1], c[2]
	entry = entry[:len(near)]
	var most uint64 // negative numbers sort backwards as integers
	for k := range near {
		p := &near[k]
		dx, dy, dz := p[0]-x, p[1]-y, p[2]-z
		excess := math.Float64bits(dx*dx + dy*dy + dz*dz - reach2)
		row[n] = entry[k]
		n += int(excess >> 63) // 1 if negative
		most = max(most, excess)
	}
	return n, math.Float64frombits(most)
}

// reserve makes room in row for all candidates after n entries of done atoms. Memory grows to what the atoms so far
// let expect, but no more than doubles. It refuses totals that come from a mistake in the units.
func (l *List) reserve(row []int32, n, done int) ([]int32, error) {
	need := n + len(l.work.near)
	if need <= cap(row) {
		return row[:cap(row)], nil
	}
	most := min(1<<24+2048*l.N, math.MaxInt32)
	if need > most {
		mean := float64(need) / float64(done+1)
		err := fmt.Errorf("atoms have %.3g neighbors on average within %.4g Å: too many to list", mean, l.work.reach)
		return nil, structure.Hint(err, "are the positions, the cell and the cutoff in Å?")
	}
	size := need + 32*l.N
	if done > 0 {
		size = need + int(1.03*float64(n)/float64(done)*float64(l.N-done))
	}
	grown := make([]int32, min(max(size, need+need/8), 2*need+32*l.N, most))
	copy(grown, row[:n])
	return grown, nil
}

// coincidence is the error that says that an atom at x and an entry near it are at the same place, nil if none is.
func (w *search) coincidence(i int32, x [3]float64) error {
	for k, p := range w.near {
		if d := structure.Norm(structure.Sub(p, x)); d < coincident {
			j := w.owner[w.nearEntry[k]]
			return &CoincidentError{I: int(min(i, j)), J: int(max(i, j)), Distance: d}
		}
	}
	return nil
}
