package neighbor

import (
	"cmp"
	"math/bits"
	"slices"
)

// rows is the memory that sorting rows takes.
type rows struct {
	begin  []int32 // [N] where the unsorted row of each atom is
	cursor []int32 // [N] where the next edge of each atom goes

	kinds  []int64 // the different shifts under which an atom is seen, packed, in the order met
	order  []int32 // [kinds] the kinds in ascending order
	count  []int32 // [kinds] edges of each, then where they go
	target []int32 // [kinds] target of each
	kind   []int32 // [row] kind of each edge
	table  []int32 // hash table of 1 + kind, 0 where free
	turned []int32 // [2 row] neighbor and target of each edge, sorted by kind
}

// transpose turns the unsorted rows in In into the sorted list.
//
// If i sees image n of j, then j sees image -n of i. So walk the atoms i in order, and the edges of each in the order
// of -n, and append image -n of i to the row of j: all rows end up sorted by (owner, shift), and the images of every
// owner are met together, which numbers them.
func (l *List) transpose() {
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
		if w.outside || seesImages(row, l.N) {
			l.enterImages(int32(i), row)
			continue
		}
		for _, j := range row {
			p := w.cursor[j]
			l.J[p] = int32(i)
			w.cursor[j] = p + 1
		}
	}
	l.incoming()
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

func seesImages(row []int32, atoms int) bool {
	sign, last := int32(0), int32(atoms-1)
	for _, e := range row {
		sign |= last - e
	}
	return sign < 0
}

// enterImages enters atom i and its images into the rows of those that see them.
func (l *List) enterImages(i int32, row []int32) {
	w := l.work
	w.findKinds(row, w.shift, w.shift[i])
	l.numberTargets(i)
	if w.repeats {
		l.enterSorted(row)
		return
	}
	for e, q := range row {
		j := w.owner[q]
		p := w.cursor[j]
		l.J[p] = w.target[w.kind[e]]
		w.cursor[j] = p + 1
	}
}

// enterSorted enters the kinds one after the other, because the same neighbor may be there in several.
func (l *List) enterSorted(row []int32) {
	w := l.work
	var sum int32
	for _, k := range w.order {
		n := w.count[k]
		w.count[k] = sum
		sum += n
	}
	w.turned = resize(w.turned, 2*len(row))
	for e, q := range row {
		k := w.kind[e]
		p := w.count[k]
		w.turned[2*p], w.turned[2*p+1] = w.owner[q], w.target[k]
		w.count[k] = p + 1
	}
	for e := 0; e+1 < len(w.turned); e += 2 {
		j := w.turned[e]
		p := w.cursor[j]
		l.J[p] = w.turned[e+1]
		w.cursor[j] = p + 1
	}
}

// findKinds sorts out the shifts under which the entries of a row see an atom that was itself shifted by home:
// which there are, how often, and which of them each edge has.
func (w *rows) findKinds(row []int32, shift []int64, home int64) {
	w.kinds, w.count = w.kinds[:0], w.count[:0]
	width := bits.Len(uint(len(row))) + 1 // at most half full
	w.table = resize(w.table, 1<<width)
	clear(w.table)
	w.kind = resize(w.kind, len(row))
	var last int64
	k := int32(-1)
	for e, q := range row {
		if s := shift[q] - home; s != last || k < 0 { // runs of edges lead through the same face of the cell
			last, k = s, w.lookUp(s, width)
		}
		w.kind[e] = k
		w.count[k]++
	}
	w.order = resize(w.order, len(w.kinds))
	for k := range w.order {
		w.order[k] = int32(k)
	}
	slices.SortFunc(w.order, func(a, b int32) int { return cmp.Compare(w.kinds[a], w.kinds[b]) })
}

// lookUp finds the number of a kind, a new one if it was not met before.
func (w *rows) lookUp(s int64, width int) int32 {
	mask := uint64(1)<<width - 1
	h := uint64(s) * 0x9e3779b97f4a7c15 >> (64 - width)
	for ; w.table[h] != 0; h = (h + 1) & mask {
		if k := w.table[h] - 1; w.kinds[k] == s {
			return k
		}
	}
	w.kinds, w.count = append(w.kinds, s), append(w.count, 0)
	w.table[h] = int32(len(w.kinds))
	return int32(len(w.kinds)) - 1
}

// numberTargets numbers the images of atom i that somebody sees, in the order of their shifts.
func (l *List) numberTargets(i int32) {
	w := l.work
	w.target = resize(w.target, len(w.kinds))
	for _, k := range w.order {
		if w.kinds[k] == 0 {
			w.target[k] = i
			continue
		}
		w.target[k] = int32(len(l.Owner))
		l.Owner, l.Shift = append(l.Owner, i), append(l.Shift, unpack(w.kinds[k]))
	}
}

// incoming lists the edges that lead to each atom. There are as many as lead away from it, and sorted in the same
// way: if In[e] = f, edge f comes back from where edge e goes, then In[f] = e. So walking up from each atom to those
// after it fills both halves. (Where atoms see several images of each other, the k-th edge pairs with the k-th.)
func (l *List) incoming() {
	cursor := l.work.cursor
	l.InStart = l.Start
	copy(cursor, l.Start)
	in := l.In
	for i := range l.N {
		first, end := int(cursor[i]), int(l.Start[i+1])
		for e, t := range l.J[first:end] {
			if int(t) >= l.N {
				t = l.Owner[t]
			}
			f := cursor[t]
			cursor[t] = f + 1
			in[first+e], in[f] = f, int32(first+e)
		}
	}
}

// Packed shifts sort like the shifts and add like them, as long as no component reaches 2^20.
const packBits = 21

func pack(n [3]int32) int64 {
	return int64(n[0])<<(2*packBits) + int64(n[1])<<packBits + int64(n[2])
}

func unpack(s int64) [3]int32 {
	c := s << (64 - packBits) >> (64 - packBits) // the lowest digit, signed
	s = (s - c) >> packBits
	b := s << (64 - packBits) >> (64 - packBits)
	return [3]int32{int32((s - b) >> packBits), int32(b), int32(c)}
}
