package validate

import (
	"fmt"
	"slices"
	"strings"

	"mlff/model"
	"mlff/structure"
)

// Bars decide whether a student passes, by name: accuracies "energy", "forces", "stress" (at least), "drift" in
// meV/atom/ps and "on_policy", the force error in the student's own dynamics over that of held-out frames (at most). A bar that is missing or nil decides nothing.
type Bars map[string]*float64

// Check is one figure, and the bar it is held against where there is one.
type Check = model.Check

// judge compares every figure with its bar. Bars alone decide; what they do not speak of warns.
func (v *Validation) judge() {
	v.Checks = slices.Concat(v.accuracyChecks(), v.phaseChecks(), v.physicsChecks(), v.Gate.checks(v.Bars["on_policy"]), v.Guard.checks(), v.Observables.checks())
	v.Passed = true
	for _, c := range v.Checks {
		if c.Decides && c.Pass != nil && !*c.Pass {
			v.Passed = false
		}
	}
}

func (v *Validation) accuracyChecks() []Check {
	e := v.Comparison.Errors
	var checks []Check
	for _, q := range []struct {
		name    string
		quality *structure.Quality
	}{{"energy", e.Energy}, {"forces", e.Forces}, {"stress", e.Stress}} {
		if q.quality != nil {
			checks = append(checks, decide(q.name+" accuracy", q.quality.Accuracy, "", "at least", v.Bars[q.name]))
		}
	}
	return append(checks, v.driftCheck()...)
}

// phaseChecks are the force errors of every phase and kind of frames that there are enough of, and those of the walls. They
// have no bar: what is little in a liquid is much near a minimum.
func (v *Validation) phaseChecks() []Check {
	var kinds []Group
	for _, t := range v.Comparison.ByType {
		kinds = append(kinds, Group{t.Type, t.Errors})
	}
	var checks []Check
	said := map[string]bool{"": true}
	for _, groups := range [][]Group{v.ByPhase, kinds} {
		for _, g := range groups {
			if e := g.Errors; !said[g.Name] && e.Forces != nil && e.Frames >= fewest && len(groups) > 1 {
				checks = append(checks, Check{Name: "force MAE", State: g.Name, Figure: &e.Forces.MAE, Unit: "meV/Å", Note: framesNote(e.Frames)})
				said[g.Name] = true
			}
		}
	}
	if w := v.Comparison.Walls; w != nil && w.Forces != nil {
		checks = append(checks, Check{Name: "force MAE", State: "walls around the domain", Figure: &w.Forces.MAE, Unit: "meV/Å", Note: framesNote(w.Frames)})
	}
	return checks
}

func framesNote(n int) string {
	if n == 1 {
		return "1 frame"
	}
	return fmt.Sprintf("%d frames", n)
}

// driftCheck fails a run that broke down, whatever its slope was until then; without a bar that is a warning.
func (v *Validation) driftCheck() []Check {
	if v.NVE == nil {
		return nil
	}
	c := decide("energy drift", v.NVE.Drift, "meV/atom/ps", "at most", v.Bars["drift"])
	if v.NVE.Failure != "" {
		c = failedWith(c, v.NVE.Failure)
	}
	return []Check{c}
}

func (v *Validation) physicsChecks() []Check {
	var checks []Check
	zero := 0.0
	for i := range v.Dimers {
		d := &v.Dimers[i]
		name := fmt.Sprintf("%s repulsive from 0.2 to %.2f Å", strings.Join(d.Pair[:], "–"), 0.9*d.Shortest)
		c := decide(name, d.Repulsion, "eV/Å", "above", &zero)
		c.Decides = false
		checks = append(checks, failedWith(c, d.Failure))
	}
	if v.Compression != nil {
		c := decide("energy rises down to half the volume", v.Compression.Rise, "eV/atom per step", "above", &zero)
		c.Decides = false
		checks = append(checks, failedWith(c, v.Compression.Failure))
	}
	return checks
}

// failedWith is a check, failed and without a figure where something went wrong on the way to it.
func failedWith(c Check, reason string) Check {
	if reason != "" {
		c.Figure, c.Note, c.Pass = nil, reason, new(bool)
	}
	return c
}

func decide(name string, figure *float64, unit, sense string, bar *float64) Check {
	c := Check{Name: name, Figure: figure, Unit: unit, Sense: sense, Bar: bar, Decides: bar != nil}
	if figure == nil || bar == nil {
		return c
	}
	pass := *figure >= *bar
	switch sense {
	case "at most":
		pass = *figure <= *bar
	case "above":
		pass = *figure > *bar
	}
	c.Pass = &pass
	return c
}
