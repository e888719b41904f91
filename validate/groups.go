package validate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"

	"mlff/dataset"
	"mlff/structure"
)

// Group is the comparison over frames that have something in common.
type Group struct {
	Name   string           `json:"name"`
	Errors structure.Errors `json:"test"`
}

// graded is a potential that knows how far a structure is from what it was taught.
type graded interface {
	structure.Potential
	Grades() []float64
}

// groupErrors compares frames by phase and temperature, and by frame grade where there is a graded potential. Frames
// without a phase or temperature are in no group of these.
func (v *Validation) groupErrors(ctx context.Context, s Subject, frames []structure.Frame) error {
	p := s.Potential
	if s.Graded != nil {
		p = s.Graded
	}
	phases, temperatures, grades := grouping{}, grouping{}, grouping{}
	var out structure.Result
	for k := range frames {
		f := &frames[k]
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.Evaluate(&f.Structure, &out); err != nil {
			return &FrameError{k, err}
		}
		var err error
		if phase, ok := f.Get(dataset.PhaseKey); ok && phase != "" {
			err = phases.add(phase, 0, f, &out)
		}
		if t, ok := temperatureOf(f); ok && err == nil {
			err = temperatures.add(fmt.Sprintf("%g K", t), t, f, &out)
		}
		if s.Graded != nil && s.Threshold > 0 && f.Len() > 0 && err == nil {
			name, order := gradeClass(slices.Max(s.Graded.Grades()) / s.Threshold)
			err = grades.add(name, order, f, &out)
		}
		if err != nil {
			return &FrameError{k, err}
		}
	}
	v.ByPhase, v.ByTemperature, v.ByGrade = phases.groups(), temperatures.groups(), grades.groups()
	return nil
}

// kelvin finds the temperature in a config_type such as "md-300K" or "liquid (2000 K)".
var kelvin = regexp.MustCompile(`(\d+(?:\.\d+)?) ?K\b`)

// temperatureOf is what the config_type says; else the key temperature, which of a single frame fluctuates, to 100 K.
func temperatureOf(f *structure.Frame) (float64, bool) {
	if text, ok := f.Get("config_type"); ok {
		if m := kelvin.FindStringSubmatch(text); m != nil {
			t, err := strconv.ParseFloat(m[1], 64)
			return t, err == nil
		}
	}
	text, ok := f.Get("temperature")
	if !ok {
		return 0, false
	}
	t, err := strconv.ParseFloat(text, 64)
	return 100 * math.Round(t/100), err == nil && finite(t)
}

// gradeClass is a class of frame grades in units of the threshold.
func gradeClass(g float64) (name string, order float64) {
	switch {
	case g <= 0.5:
		return "up to half the threshold", 0
	case g <= 1:
		return "up to the threshold", 1
	case g <= 2:
		return "up to twice the threshold: alarm", 2
	}
	return "beyond twice the threshold: alarm", 3
}

// grouping gathers comparisons by name, in the order of a number that each name stands for, then of names.
type grouping map[string]*ordered

type ordered struct {
	order      float64
	comparison dataset.Comparison
}

func (g grouping) add(name string, order float64, f *structure.Frame, out *structure.Result) error {
	if g[name] == nil {
		g[name] = &ordered{order: order}
	}
	return g[name].comparison.Add(f, out)
}

func (g grouping) groups() []Group {
	names := sortedKeys(g)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(g[a].order, g[b].order) })
	var all []Group
	for _, name := range names {
		all = append(all, Group{name, g[name].comparison.Errors()})
	}
	return all
}
