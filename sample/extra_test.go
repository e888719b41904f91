package sample

import (
	"math"
	"slices"
	"testing"

	"mlff/structure"
)

// planned are the frames of a share for one start structure, labelled.
func planned(t *testing.T, c Config, share string, start structure.Structure) []structure.Frame {
	t.Helper()
	tasks, err := Plan(c, []structure.Frame{{Structure: start}})
	if err != nil {
		t.Fatal(err)
	}
	tasks = slices.DeleteFunc(tasks, func(task Task) bool { return task.Source != share })
	var frames []structure.Frame
	for _, it := range runAll(t, tasks, swsi(t)) {
		frames = append(frames, it.Frame)
	}
	return frames
}

func extra(names ...string) Config {
	c, _ := silicon(100)
	c.Extra = names
	return c
}

func TestVacancies(t *testing.T) {
	frames := planned(t, extra("vacancies"), "vacancies", diamond())
	if len(frames) != 8 {
		t.Errorf("%d frames, want 8", len(frames))
	}
	for _, f := range frames {
		if f.Len() != 63 {
			t.Errorf("%d atoms, want one less than 64", f.Len())
		}
	}
}

// A slab has an empty layer as wide as the cutoff, and is as dense as the crystal beside it.
func TestSlabs(t *testing.T) {
	s := diamond()
	for k, facet := range facets {
		c := cut(&s, facet, 0.3, 5, 80)
		bulk := c.Volume() - 5*structure.Norm(structure.Cross(c.Cell[0], c.Cell[1]))
		if density := bulk / float64(c.Len()); math.Abs(density-s.Volume()/8) > 1e-9 {
			t.Errorf("facet %d: %g Å³ for an atom beside the vacuum, want %g", k, density, s.Volume()/8)
		}
		inverse := structure.Inverse(c.Cell)
		var heights []float64
		for _, x := range c.Positions {
			heights = append(heights, structure.Mul(x, inverse)[2])
		}
		slices.Sort(heights)
		gap := heights[0] + 1 - heights[len(heights)-1]
		height := c.Volume() / structure.Norm(structure.Cross(c.Cell[0], c.Cell[1]))
		if gap*height < 5 {
			t.Errorf("facet %d: the surfaces are %g Å apart", k, gap*height)
		}
	}
	if frames := planned(t, extra("slabs"), "slabs", diamond()); len(frames) < 6 {
		t.Errorf("%d frames, want about 8", len(frames))
	}
}

func TestSwapsKeepTheComposition(t *testing.T) {
	s := diamond()
	s.Numbers = []int{14, 14, 14, 14, 6, 6, 6, 6}
	p, err := newPlanner(extra("swaps"), []structure.Frame{{Structure: s}})
	if err != nil {
		t.Fatal(err)
	}
	p.share = "swaps"
	before := slices.Clone(p.large[0].Numbers)
	p.swaps(12)
	if len(p.tasks) != 4 || !slices.Equal(p.large[0].Numbers, before) {
		t.Errorf("%d tasks; the start has changed: %v", len(p.tasks), !slices.Equal(p.large[0].Numbers, before))
	}
}

func TestExtrasThatCannotBe(t *testing.T) {
	for name, start := range map[string]structure.Structure{"vacancies": ethanol(), "slabs": slab(), "swaps": diamond(), "holes": diamond()} {
		if _, err := Plan(extra(name), []structure.Frame{{Structure: start}}); err == nil || structure.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Images lie on the straight way through the nearest images, and relax across it only.
func TestPaths(t *testing.T) {
	a := enlargedSilicon()
	b := a.Clone()
	b.Positions[0] = structure.Add(b.Positions[0], [3]float64{0.4, 0.2, 0})
	b.Positions[1] = structure.Add(b.Positions[1], b.Cell[0]) // the same place
	s, tangent := between(&a, &b, 0.25)
	if d := structure.Sub(s.Positions[0], a.Positions[0]); structure.Norm(structure.Sub(d, [3]float64{0.1, 0.05, 0})) > 1e-12 {
		t.Errorf("the first atom moved by %v", d)
	}
	if tangent[1] != [3]float64{} || math.Abs(structure.Norm(tangent[0])-1) > 1e-12 {
		t.Errorf("tangent %v, %v", tangent[0], tangent[1])
	}
	c := extra()
	c.Paths = [][2]structure.Structure{{a, b}}
	if frames := planned(t, c, "paths", diamond()); len(frames) != 8 {
		t.Errorf("%d frames, want 8", len(frames))
	}
	c.Paths[0][1].Numbers = c.Paths[0][1].Numbers[1:]
	if _, err := Plan(c, []structure.Frame{{Structure: diamond()}}); err == nil {
		t.Error("a path between different atoms was planned")
	}
}

func TestSiblingsDiffer(t *testing.T) {
	var path []structure.Frame
	for _, x := range []float64{0, 1, 2, 2.1, 2.2, 2.3} {
		path = append(path, structure.Frame{Structure: structure.Structure{Numbers: []int{1}, Positions: [][3]float64{{x, 0, 0}}}})
	}
	got := apart(path, 3)
	if len(got) != 3 || got[0].Positions[0][0] != 0 || got[1].Positions[0][0] != 1 || got[2].Positions[0][0] != 2.3 {
		t.Errorf("picked %v", got)
	}
}
