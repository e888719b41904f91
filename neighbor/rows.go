package neighbor

import (
	"fmt"
	"slices"

	"mlff/structure"
)

// rows is the memory that sorting rows takes.
type rows struct {
	begin  []int32  // [N] where the unsorted row of each atom is
	cursor []int32  // [N] where the next edge of each atom goes
	shift  []uint64 // [row] shift of each edge of one row, packed
	kinds  []uint64 // the different ones among them, ascending
	target []int32  // [kinds] target of each
	place  []int32  // [kinds+1] where the edges of each begin
	turned []int32  // [row] neighbours in the order of the shifts, and
	which  []int32  // [row] their targets
}

// transpose turns the unsorted rows in In into the sorted list.
//
// If i sees image n of j, then j sees image -n of i. So walk the atoms i in order, and the edges of each in the order
// of -n, and append image -n of i to the row of j: all rows end up sorted by (owner, shift), and the images of every
// owner are met together, which numbers them.
func (l *List) transpose() error {
	w := l.work
	l.Owner, l.Shift = resize(l.Owner, l.N), resize(l.Shift, l.N)
	for i := range l.Owner {
		l.Owner[i] = int32(i)
	}
	clear(l.Shift)
	l.sumStart()
	copy(w.cursor, l.Start)
	for i := range l.N {
		row := l.In[w.begin[i]:][:l.Start[i+1]-l.Start[i]]
		if w.outside || l.seesImages(row) {
			if err := l.enterImages(int32(i), row); err != nil {
				return err
			}
			continue
		}
		for _, j := range row {
			p := w.cursor[j]
			l.J[p] = int32(i)
			w.cursor[j] = p + 1
		}
	}
	l.incoming()
	return nil
}

// sumStart turns the lengths of rows in Start into their beginnings.
func (l *List) sumStart() {
	var sum int32
	for i, n := range l.Start[:l.N] {
		l.Start[i] = sum
		sum += n
	}
	l.Start[l.N] = sum
}

func (l *List) seesImages(row []int32) bool {
	sign := int32(0)
	for _, e := range row {
		sign |= int32(l.N-1) - e
	}
	return sign < 0
}

// enterImages enters atom i and its images into the rows of those that see them.
func (l *List) enterImages(i int32, row []int32) error {
	w := l.work
	if err := l.packShifts(i, row); err != nil {
		return err
	}
	w.findKinds()
	l.newTargets(i)
	w.place = resize(w.place, len(w.kinds)+1)
	clear(w.place)
	for _, s := range w.shift {
		k, _ := slices.BinarySearch(w.kinds, s)
		w.place[k+1]++
	}
	for k := range w.kinds {
		w.place[k+1] += w.place[k]
	}
	w.turned, w.which = resize(w.turned, len(row)), resize(w.which, len(row))
	for e, s := range w.shift {
		k, _ := slices.BinarySearch(w.kinds, s)
		p := w.place[k]
		w.turned[p], w.which[p] = row[e], w.target[k]
		w.place[k] = p + 1
	}
	for e, j := range w.turned {
		p := w.cursor[j]
		l.J[p] = w.which[e]
		w.cursor[j] = p + 1
	}
	return nil
}

// packShifts replaces the entries of a row by their owners and writes the shift under which each of them sees atom i
// into work.shift.
func (l *List) packShifts(i int32, row []int32) error {
	w := l.work
	w.shift = resize(w.shift, len(row))
	home := w.wrap[i]
	for e, j := range row {
		var n [3]int32
		if int(j) >= l.N {
			n = w.image[int(j)-l.N]
			j = w.owner[int(j)-l.N]
			row[e] = j
		}
		away := w.wrap[j]
		var ok bool
		if w.shift[e], ok = pack(away[0]-home[0]-n[0], away[1]-home[1]-n[1], away[2]-home[2]-n[2]); !ok {
			err := fmt.Errorf("atoms %d and %d are neighbors through an image a million cells away", i, j)
			return structure.Hint(err, "wrap the positions into the cell")
		}
	}
	return nil
}

// findKinds collects the different shifts of a row. There are few, so inserting them in order is cheap.
func (w *rows) findKinds() {
	w.kinds = w.kinds[:0]
	for _, s := range w.shift {
		if k, found := slices.BinarySearch(w.kinds, s); !found {
			w.kinds = slices.Insert(w.kinds, k, s)
		}
	}
}

// newTargets numbers the images of atom i that somebody sees.
func (l *List) newTargets(i int32) {
	w := l.work
	w.target = resize(w.target, len(w.kinds))
	for k, s := range w.kinds {
		if s == origin {
			w.target[k] = i
			continue
		}
		w.target[k] = int32(len(l.Owner))
		l.Owner, l.Shift = append(l.Owner, i), append(l.Shift, unpack(s))
	}
}

// incoming lists the edges that lead to each atom. There are as many as lead away from it.
func (l *List) incoming() {
	cursor := l.work.cursor
	l.InStart = l.Start
	copy(cursor, l.Start)
	for e, t := range l.J {
		if int(t) >= l.N {
			t = l.Owner[t]
		}
		p := cursor[t]
		l.In[p] = int32(e)
		cursor[t] = p + 1
	}
}

// A shift packed into 63 bits sorts like the shift itself.
const (
	packBits = 21
	bias     = 1 << (packBits - 1)
	origin   = bias<<(2*packBits) | bias<<packBits | bias
)

func pack(a, b, c int32) (packed uint64, ok bool) {
	x, y, z := uint64(int64(a)+bias), uint64(int64(b)+bias), uint64(int64(c)+bias)
	return x<<(2*packBits) | y<<packBits | z, (x|y|z)>>packBits == 0
}

func unpack(s uint64) [3]int32 {
	const mask = 1<<packBits - 1
	return [3]int32{int32(s>>(2*packBits)) - bias, int32(s>>packBits&mask) - bias, int32(s&mask) - bias}
}
