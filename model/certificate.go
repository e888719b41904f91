package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mlff/structure"
)

// bars are the names of the bars, and of the checks that they decide.
var bars = []struct{ name, check string }{
	{"energy", "energy accuracy"}, {"forces", "forces accuracy"}, {"stress", "stress accuracy"}, {"drift", "energy drift"}, {"on_policy", "on-policy force error"},
}

// Statement is what every certificate says of itself.
const Statement = "student against teacher, not teacher against nature"

// Failures are the checks below their bars, as text; they decided against the student.
func (c *Certificate) Failures() []string { return c.failed(c.decides) }

// Warnings are failed checks that decide nothing, as text.
func (c *Certificate) Warnings() []string {
	return c.failed(func(k Check) bool { return !c.decides(k) })
}

// decides tells whether failing a check fails the student. Certificates of the first students do not say it of a check;
// there a bar of the name does.
func (c *Certificate) decides(k Check) bool {
	if k.Decides {
		return true
	}
	for _, b := range bars {
		if b.check == k.Name {
			return c.Bars[b.name] != nil
		}
	}
	return false
}

// Over is the certificate that remains when c was measured after an earlier one of the same student: a figure measured
// again replaces the old one, and what was not measured again stays.
func (c *Certificate) Over(before *Certificate) *Certificate {
	if before == nil {
		return c
	}
	all := *c
	if c.Test.Frames == 0 {
		all.Test = before.Test
	}
	if c.NVE == nil {
		all.NVE = before.NVE
	}
	if c.Reference == nil {
		all.Reference = before.Reference
	}
	all.Bars = maps.Clone(before.Bars)
	if all.Bars == nil {
		all.Bars = map[string]*float64{}
	}
	maps.Copy(all.Bars, c.Bars)
	all.Checks = slices.Clone(c.Checks)
	for _, k := range before.Checks {
		if !slices.ContainsFunc(c.Checks, func(n Check) bool { return n.Title() == k.Title() }) {
			all.Checks = append(all.Checks, k)
		}
	}
	all.Passed = len(all.Failures()) == 0
	return &all
}

// Title is the name of a check with the state it speaks of.
func (k *Check) Title() string {
	if k.State == "" {
		return k.Name
	}
	return k.Name + ", " + k.State
}

func (c *Certificate) failed(which func(Check) bool) []string {
	var list []string
	for _, k := range c.Checks {
		if k.Pass == nil || *k.Pass || !which(k) {
			continue
		}
		text, why := k.Title(), k.Note
		if k.Figure != nil {
			text += ": " + strings.TrimSpace(fmt.Sprintf("%.4g %s", *k.Figure, k.Unit))
			if why != "" {
				why = "(" + why + ")"
			}
		} else if why != "" {
			text += ":"
		}
		list = append(list, strings.TrimSpace(text+" "+why))
	}
	return list
}

// Decided is how many bars came to a decision, whichever it was.
func (c *Certificate) Decided() int {
	n := 0
	for _, k := range c.Checks {
		if k.Pass != nil && c.decides(k) {
			n++
		}
	}
	return n
}

// measured tells whether a check came to a result.
func (c *Certificate) measured(check string) bool {
	return slices.ContainsFunc(c.Checks, func(k Check) bool { return k.Name == check && k.Pass != nil })
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
	if c.Bars[name] == nil || c.measured(check) {
		return ""
	}
	quality, ok := map[string]*structure.Quality{"energy": c.Test.Energy, "forces": c.Test.Forces, "stress": c.Test.Stress}[name]
	switch {
	case name == "on_policy" && slices.ContainsFunc(c.Checks, func(k Check) bool { return k.Name == check }):
		return "too few held-out frames to compare with"
	case name == "on_policy":
		return "no teacher was asked about the student's own dynamics"
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

// Caveat is what whoever loads a student should know in one line; "" where its certificate passed.
func (m *Model) Caveat() string {
	switch c := m.meta.Certificate; {
	case c == nil:
		return "has no certificate: nobody measured how good it is"
	case !c.Passed:
		return "did not reach its bars; mlff info shows what was measured"
	case c.Decided() == 0:
		return "has a certificate in which no bar decided; mlff info shows what was measured"
	}
	return ""
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
