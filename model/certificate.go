package model

import (
	"fmt"
	"slices"
	"strings"

	"mlff/structure"
)

// bars are the names of the bars, and of the checks that they decide.
var bars = []struct{ name, check string }{
	{"energy", "energy accuracy"}, {"forces", "forces accuracy"}, {"stress", "stress accuracy"}, {"drift", "energy drift"},
}

// Failures are the checks below their bars, as text; they decided against the student.
func (c *Certificate) Failures() []string {
	return c.failed(func(k Check) bool { return c.decides(k.Name) })
}

// Warnings are failed checks that decide nothing, as text.
func (c *Certificate) Warnings() []string {
	return c.failed(func(k Check) bool { return !c.decides(k.Name) })
}

// decides tells whether there is a bar for a check.
func (c *Certificate) decides(check string) bool {
	for _, b := range bars {
		if b.check == check {
			return c.Bars[b.name] != nil
		}
	}
	return false
}

func (c *Certificate) failed(which func(Check) bool) []string {
	var list []string
	for _, k := range c.Checks {
		if k.Passed || !which(k) {
			continue
		}
		switch text := k.Name; {
		case k.Note != "":
			list = append(list, text+": "+k.Note)
		case k.Figure != nil:
			list = append(list, fmt.Sprintf("%s: %s", text, strings.TrimSpace(fmt.Sprintf("%.4g %s", *k.Figure, k.Unit))))
		default:
			list = append(list, text)
		}
	}
	return list
}

// Decided is how many bars came to a decision, whichever it was.
func (c *Certificate) Decided() int {
	n := 0
	for _, b := range bars {
		if c.Bars[b.name] != nil && slices.ContainsFunc(c.Checks, func(k Check) bool { return k.Name == b.check }) {
			n++
		}
	}
	return n
}

// Undecided says in a line which bars decided nothing because their figure could not be had, and why; "" where there
// are none.
func (c *Certificate) Undecided() string {
	var names, reasons []string // names that share a reason stand together
	for _, b := range bars {
		reason := c.unmeasured(b.name, b.check)
		switch k := slices.Index(reasons, reason); {
		case reason == "":
		case k >= 0:
			names[k] += ", " + b.name
		default:
			names, reasons = append(names, b.name), append(reasons, reason)
		}
	}
	var parts []string
	for k := range names {
		parts = append(parts, fmt.Sprintf("%s (%s)", names[k], reasons[k]))
	}
	return strings.Join(parts, "; ")
}

// fewest frames give an accuracy.
const fewest = 10

// unmeasured is why a bar decided nothing; "" where there is no bar or it did.
func (c *Certificate) unmeasured(name, check string) string {
	if c.Bars[name] == nil || slices.ContainsFunc(c.Checks, func(k Check) bool { return k.Name == check }) {
		return ""
	}
	quality, ok := map[string]*structure.Quality{"energy": c.Test.Energy, "forces": c.Test.Forces, "stress": c.Test.Stress}[name]
	switch {
	case !ok && c.NVE == nil:
		return "there is no structure periodic in all directions to run"
	case !ok:
		return "the run was too short for a slope"
	case c.Test.Frames == 0:
		return "there are no test frames"
	case quality == nil:
		return "no test frame has labels of it"
	case c.Test.Frames < fewest:
		return fmt.Sprintf("%s; %d are needed", frames(c.Test.Frames), fewest)
	}
	return "the labels hardly differ, or fewer than ten frames have them"
}

func frames(n int) string {
	if n == 1 {
		return "1 test frame"
	}
	return fmt.Sprintf("%d test frames", n)
}

// Verdict is the outcome in a few words.
func (c *Certificate) Verdict() string {
	switch {
	case !c.Passed:
		return "NOT passed"
	case c.Decided() == 0:
		return "no bar decided"
	}
	return "passed"
}
