package neighbor

import (
	"math/bits"
)

// grid holds the entries sorted by the box they fall into. Boxes are as wide as the reach along x and y and half as
// wide along z, and sorted along z first, so all that an atom can see lies in nine stretches of five boxes. Only
// boxes that hold something exist: memory does not depend on how far apart the atoms are.
type grid struct {
	key, spareKey     []uint64     // [entries] box
	entry, spareEntry []int32      // [entries] what is there
	sorted            [][3]float64 // [entries] and where
	rods              [9]rod
	near              [][3]float64 // what the atoms of one box can see
	nearEntry         []int32
}

// rod is a stretch of boxes that moves along with the box whose neighbourhood it belongs to.
type rod struct {
	offset   uint64 // key of its middle relative to the box, modulo 2^64
	from, to int    // stretch of the sorted entries
}

const halfRod = 2 // boxes before and after the middle of a rod

// fill sorts the entries by box.
func (g *grid) fill(position [][3]float64, reach float64) {
	n := len(position)
	g.key, g.spareKey = resize(g.key, n), resize(g.spareKey, n)
	g.entry, g.spareEntry = resize(g.entry, n), resize(g.spareEntry, n)
	g.sorted = resize(g.sorted, n)
	lo, hi := bounds(position)
	var scale [3]float64 // boxes per Å
	var count [3]uint64
	for k, edge := range [3]float64{reach, reach, reach / halfRod} {
		edge = max(edge*(1+1e-6), (hi[k]-lo[k])*0x1p-19) // keys fit 64 bits however far the atoms are apart
		scale[k] = 1 / edge
		count[k] = uint64((hi[k]-lo[k])*scale[k]) + 1 + 2*halfRod // margins keep rods from running into the next row
	}
	for i := range position {
		x := &position[i]
		a, b, c := uint64((x[0]-lo[0])*scale[0]), uint64((x[1]-lo[1])*scale[1]), uint64((x[2]-lo[2])*scale[2])
		g.key[i], g.entry[i] = ((a+1)*count[1]+b+1)*count[2]+c+halfRod, int32(i)
	}
	g.sort(bits.Len64(count[0] * count[1] * count[2]))
	for i, e := range g.entry {
		g.sorted[i] = position[e]
	}
	for r := range g.rods {
		a, b := uint64(r/3)-1, uint64(r%3)-1
		g.rods[r] = rod{offset: (a*count[1] + b) * count[2]}
	}
}

// sort orders the entries by key, keeping those of one box in order: radix sort from the lowest digit.
func (g *grid) sort(keyBits int) {
	const most = 11
	passes := max(1, (keyBits+most-1)/most)
	width := (keyBits + passes - 1) / passes
	mask := uint64(1)<<width - 1
	var place [1 << most]int32
	for pass := range passes {
		shift := pass * width
		clear(place[:])
		for _, k := range g.key {
			place[k>>shift&mask]++
		}
		var sum int32
		for d, c := range place {
			place[d] = sum
			sum += c
		}
		for i, k := range g.key {
			d := k >> shift & mask
			p := place[d]
			g.spareKey[p], g.spareEntry[p] = k, g.entry[i]
			place[d] = p + 1
		}
		g.key, g.spareKey = g.spareKey, g.key
		g.entry, g.spareEntry = g.spareEntry, g.entry
	}
}

// gather copies what the atoms of a box can see into near, and returns where entry number first of the sorted
// entries, which is in that box, went. Boxes must come in ascending order.
func (g *grid) gather(first int) int {
	g.near, g.nearEntry = g.near[:0], g.nearEntry[:0]
	self := 0
	for r := range g.rods {
		d := &g.rods[r]
		middle := g.key[first] + d.offset
		for d.from < len(g.key) && g.key[d.from] < middle-halfRod {
			d.from++
		}
		d.to = max(d.to, d.from)
		for d.to < len(g.key) && g.key[d.to] <= middle+halfRod {
			d.to++
		}
		if d.offset == 0 {
			self = len(g.near) + first - d.from
		}
		g.near = append(g.near, g.sorted[d.from:d.to]...)
		g.nearEntry = append(g.nearEntry, g.entry[d.from:d.to]...)
	}
	return self
}

func bounds(x [][3]float64) (lo, hi [3]float64) {
	if len(x) == 0 {
		return
	}
	lo, hi = x[0], x[0]
	for _, p := range x {
		for k := range p {
			lo[k], hi[k] = min(lo[k], p[k]), max(hi[k], p[k])
		}
	}
	return lo, hi
}
