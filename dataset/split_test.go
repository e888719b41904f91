package dataset

import (
	"fmt"
	"slices"
	"testing"

	"mlff/structure"
)

// items makes frames of Si2, size frames in each of the groups.
func items(source string, groups, size int) []Item {
	var out []Item
	for g := range groups {
		for k := range size {
			var f structure.Frame
			f.Numbers = []int{14, 14}
			f.Positions = [][3]float64{{}, {float64(g), float64(k), 1}}
			f.Forces = [][3]float64{{0.1, 0, 0}, {-0.1, 0, 0}}
			out = append(out, NewItem(f, source, fmt.Sprintf("%s:%d", source, g)))
		}
	}
	return out
}

func atom(z int) Item {
	e := -1.0
	var f structure.Frame
	f.Numbers, f.Positions, f.Energy = []int{z}, make([][3]float64, 1), &e
	return NewItem(f, "atoms", fmt.Sprintf("atom:%d", z))
}

func ids(items []Item) []string {
	var out []string
	for _, it := range items {
		out = append(out, it.ID)
	}
	return out
}

func groupNames(items []Item) map[string]int {
	m := map[string]int{}
	for _, it := range items {
		m[it.Group]++
	}
	return m
}

func TestSplit(t *testing.T) {
	for _, test := range []struct {
		name     string
		items    []Item
		min, max int // frames held out
	}{
		{"none", nil, 0, 0},
		{"one frame", items("a", 1, 1), 0, 0},
		{"two frames, one group", items("a", 1, 2), 1, 1},
		{"one group", items("a", 1, 10), 1, 1},
		{"two groups", items("a", 2, 10), 10, 10},
		{"three groups", items("a", 3, 4), 4, 4},
		{"many groups", items("a", 30, 10), 20, 40},
		{"many small groups", items("a", 200, 1), 19, 21},
		{"two sources", slices.Concat(items("a", 40, 5), items("b", 40, 5)), 35, 45},
		{"a large and a small group", slices.Concat(items("a", 1, 90), items("b", 1, 10)), 10, 10},
		{"atoms only", []Item{atom(1), atom(8)}, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			for seed := range uint64(5) {
				train, held := Split(test.items, 0.1, seed)
				if len(held) < test.min || len(held) > test.max {
					t.Errorf("seed %d holds out %d of %d frames, want %d to %d", seed, len(held), len(test.items), test.min, test.max)
				}
				if len(train)+len(held) != len(test.items) || len(test.items) > 0 && len(train) == 0 {
					t.Errorf("%d frames became %d and %d", len(test.items), len(train), len(held))
				}
			}
		})
	}
}

func TestSplitKeepsGroupsTogether(t *testing.T) {
	all := slices.Concat(items("a", 20, 5), items("b", 20, 5), []Item{atom(14), atom(8)})
	train, held := Split(all, 0.1, 1)
	in := groupNames(train)
	sources := map[string]bool{}
	for _, it := range held {
		if in[it.Group] > 0 {
			t.Fatalf("group %s is on both sides", it.Group)
		}
		if it.Len() == 1 {
			t.Error("an isolated atom is held out")
		}
		sources[it.Source] = true
	}
	if len(sources) != 2 {
		t.Errorf("held-out frames come from %v, want both sources", sources)
	}
}

func TestSplitDependsOnContentOnly(t *testing.T) {
	all := items("a", 30, 3)
	_, held := Split(all, 0.1, 1)
	again := slices.Clone(all)
	slices.Reverse(again)
	_, reversed := Split(again, 0.1, 1)
	slices.Reverse(reversed)
	if !slices.Equal(ids(held), ids(reversed)) {
		t.Error("the split depends on the order of the items")
	}
	if _, other := Split(all, 0.1, 2); slices.Equal(ids(held), ids(other)) {
		t.Error("the split does not depend on the seed")
	}
}

func TestSplitTrainsOnEveryElement(t *testing.T) {
	all := items("a", 10, 2)
	for k := range 2 { // the only group with oxygen
		all[k].Numbers = []int{14, 8}
	}
	for seed := range uint64(50) {
		train, _ := Split(all, 0.1, seed)
		if !slices.Contains(Elements(train), 8) {
			t.Fatalf("seed %d holds out all oxygen", seed)
		}
	}
}

func TestDescribe(t *testing.T) {
	s := Describe(slices.Concat(items("a", 2, 3), []Item{atom(8)}))
	if s.Frames != 7 || s.Groups != 3 || s.Atoms != 13 || s.Isolated != 1 || s.LargestFrame != 2 || s.Energies != 1 || s.Forces != 6 {
		t.Errorf("%+v", s)
	}
	near(t, "force RMS", s.ForceRMS, 0.1/1.7320508075688772)
	if len(s.Elements) != 2 || s.Elements[1].Atoms != 12 || len(s.Sources) != 2 {
		t.Errorf("%+v", s)
	}
}

func TestComposition(t *testing.T) {
	for want, numbers := range map[string][]int{"HO": {8, 1}, "H2O": {8, 1, 1, 1, 8, 1}, "Si": {14, 14, 14}, "O2Si": {14, 8, 8}, "": nil} {
		if got := Composition(numbers); got != want {
			t.Errorf("Composition(%v) = %s, want %s", numbers, got, want)
		}
	}
}

func TestHash(t *testing.T) {
	a := items("a", 2, 2)
	h := Hash(a)
	if Hash(items("a", 2, 2)) != h {
		t.Error("equal items, unequal hashes")
	}
	a[3].Forces[1][2] += 1e-9
	if Hash(a) == h {
		t.Error("the hash does not see the labels")
	}
	if Overlap(a, items("a", 1, 2)) != 2 {
		t.Error("overlap")
	}
}

// Every phase is held out in its share, though source and config_type are the same.
func TestSplitByPhase(t *testing.T) {
	all := items("md", 40, 3)
	for k := range all {
		phase := "crystal"
		if k < 30 {
			phase = "liquid"
		}
		all[k].Info = append(all[k].Info, structure.Entry{Key: PhaseKey, Value: phase})
	}
	for seed := range uint64(5) {
		_, held := Split(all, 0.2, seed)
		n := map[string]int{}
		for k := range held {
			phase, _ := held[k].Get(PhaseKey)
			n[phase]++
		}
		if n["liquid"] != 6 || n["crystal"] != 18 {
			t.Errorf("seed %d holds out %v", seed, n)
		}
	}
}
