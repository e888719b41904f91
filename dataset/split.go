package dataset

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Split holds out about the given fraction of the items, always whole groups. Which ones depends on the seed and on the
// groups alone: they are ordered by SHA-256(seed, group), and each source, config_type and phase gives its share,
// so that the held-out frames look like the rest. Isolated atoms, and the last group that holds an element, stay in training.
// With a single group its last frames are held out, at least one if there are two. Both results keep the order of items.
func Split(items []Item, fraction float64, seed uint64) (train, held []Item) {
	out := hold(groupsOf(items, seed), items, fraction)
	if len(out) == 0 {
		out = holdLast(items, fraction)
	}
	for i, it := range items {
		if out[i] {
			held = append(held, it)
		} else {
			train = append(train, it)
		}
	}
	return train, held
}

// group is the unit of a split.
type group struct {
	kind     string // source, config_type and phase of its first frame
	order    [sha256.Size]byte
	frames   []int // indices of items
	elements []int
}

// groupsOf lists the groups by kind, within a kind by hash.
func groupsOf(items []Item, seed uint64) []*group {
	byName := map[string]*group{}
	var all []*group
	for i := range items {
		it := &items[i]
		g := byName[it.Group]
		if g == nil {
			phase, _ := it.Get(PhaseKey)
			g = &group{kind: it.Source + "\x00" + it.ConfigType() + "\x00" + phase, order: groupHash(it.Group, seed)}
			byName[it.Group] = g
			all = append(all, g)
		}
		g.frames = append(g.frames, i)
	}
	for _, g := range all {
		members := make([]Item, 0, len(g.frames))
		for _, i := range g.frames {
			members = append(members, items[i])
		}
		g.elements = Elements(members)
	}
	slices.SortStableFunc(all, func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), slices.Compare(a.order[:], b.order[:]))
	})
	return all
}

func groupHash(name string, seed uint64) [sha256.Size]byte {
	return sha256.Sum256(append(binary.LittleEndian.AppendUint64(nil, seed), name...))
}

// hold walks through the groups with a debt that grows by the fraction of every frame passed and is paid by holding
// out a group, so that each kind pays its share and small kinds together pay theirs.
func hold(groups []*group, items []Item, fraction float64) map[int]bool {
	left := map[int]int{} // groups not held out, by element
	for _, g := range groups {
		for _, z := range g.elements {
			left[z]++
		}
	}
	out := map[int]bool{}
	take := func(g *group) {
		for _, z := range g.elements {
			left[z]--
		}
		for _, i := range g.frames {
			out[i] = true
		}
	}
	spare := func(g *group) bool {
		if len(g.frames) == 1 && isolated(&items[g.frames[0]].Structure) {
			return false
		}
		return !slices.ContainsFunc(g.elements, func(z int) bool { return left[z] < 2 })
	}
	debt := 0.0
	for _, kind := range byKind(groups) {
		for _, g := range kind {
			debt += fraction * float64(len(g.frames))
		}
		for _, g := range kind {
			if size := float64(len(g.frames)); size/2 <= debt && spare(g) {
				take(g)
				debt -= size
			}
		}
	}
	if len(out) > 0 || fraction <= 0 {
		return out
	}
	if g := smallest(groups, spare); g != nil && 2*len(g.frames) <= len(items) {
		take(g)
	}
	return out
}

func byKind(groups []*group) [][]*group {
	var out [][]*group
	for i, g := range groups {
		if i == 0 || groups[i-1].kind != g.kind {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], g)
	}
	return out
}

func smallest(groups []*group, allowed func(*group) bool) *group {
	var best *group
	for _, g := range groups {
		if allowed(g) && (best == nil || len(g.frames) < len(best.frames)) {
			best = g
		}
	}
	return best
}

// holdLast is the split of items that cannot be divided by groups: the last frames, correlated with the others as they
// are, are better than none.
func holdLast(items []Item, fraction float64) map[int]bool {
	out := map[int]bool{}
	if fraction <= 0 || len(items) < 2 {
		return out
	}
	n := max(1, int(fraction*float64(len(items))+0.5))
	for i := len(items) - 1; i > 0 && len(out) < n; i-- {
		if !isolated(&items[i].Structure) {
			out[i] = true
		}
	}
	return out
}
