package report

import (
	"fmt"
	"slices"
	"strings"

	"mlff/validate"
)

// observables is the chapter about properties of student and teacher side by side.
func observables(r *Run) *section {
	if r.Validation == nil || r.Validation.Observables == nil {
		return nil
	}
	o := r.Validation.Observables
	s := &section{
		Title: "Observables",
		Intro: fmt.Sprintf("Student and teacher (%s) side by side; %s calls of the teacher, %s s.", o.Teacher, group(fmt.Sprint(o.Calls)), number(o.Seconds, 3)),
		Method: "Crystals at their own equilibrium, in double precision. Errors are standard errors of block averages, of leaving out blocks in " +
			"turn, or of a bootstrap over blocks. Differences of distributions are integrals of the absolute difference over the integral of the teacher's, with the weight r² for " +
			"g(r), up to half the narrowest width of the cell. A difference is green where it, or its upper 95 % bound, holds the bar; red where it " +
			"is surely more than twice as large. The noise floor is how far runs of the student are from others of its own.",
	}
	t := table{Caption: "Properties of student and teacher, and how far they are apart.", Head: []string{"Property", "Student", "Teacher", "Difference", "Verdict"}}
	var methods []string
	for _, x := range o.List {
		t.Rows = append(t.Rows, []string{titleOf(x.Name, x.State), valueCell(x.Student, x.Unit), valueCell(x.Teacher, x.Unit), x.Reason, x.Verdict})
		if x.Method != "" {
			methods = append(methods, fmt.Sprintf("%s: %s.", titleOf(x.Name, x.State), x.Method))
		}
	}
	if len(t.Rows) > 0 {
		s.Tables = append(s.Tables, t)
	}
	s.Method += " " + strings.Join(methods, " ")
	for k := range o.Curves {
		s.Figures = append(s.Figures, curve(k, &o.Curves[k]))
	}
	return s
}

func valueCell(v *validate.Value, unit string) string {
	switch {
	case v == nil:
		return "–"
	case v.Error == nil:
		return strings.TrimSpace(number(v.Mean, 5) + " " + unit)
	}
	return uncertain(v.Mean, *v.Error) + " " + unit
}

// curve draws both with their standard errors as bands.
func curve(k int, v *validate.Curve) figure {
	studentX := v.X
	if v.StudentX != nil {
		studentX = v.StudentX
	}
	c := &chart{title: titleOf(v.Name, v.State), height: wideHeight, x: span(axisOf(v.XUnit), v.X, studentX), y: span(withUnit(v.Name, v.Unit), v.Student, v.Teacher),
		notesRight: true, about: v.Name + " of student and teacher"}
	c.around("s1", v.X, v.Teacher, v.TeacherError)
	c.around("s0", studentX, v.Student, v.StudentError)
	c.line("s1 dashed", v.X, v.Teacher)
	c.line("s0", studentX, v.Student)
	if len(v.X) <= mostDots {
		c.dots("s1", v.X, v.Teacher)
		c.dots("s0", studentX, v.Student)
	}
	c.key("s1", "teacher")
	c.key("s0", "student")
	caption := ""
	if v.StudentError != nil {
		caption = "Bands are standard errors."
	}
	return c.figure(fmt.Sprintf("curve%d", k), caption)
}

// mostDots is how many points of a curve are shown as such.
const mostDots = 20

func titleOf(name, state string) string {
	if state == "" {
		return name
	}
	return name + ", " + state
}

// axisOf names what a unit measures.
func axisOf(unit string) string {
	quantity := map[string]string{"Å": "distance", "°": "angle", "THz": "frequency", "Å³/atom": "volume"}[unit]
	if quantity == "" {
		return unit
	}
	return withUnit(quantity, unit)
}

func withUnit(name, unit string) string {
	if unit == "" {
		return name
	}
	return name + " (" + unit + ")"
}

// around shades a standard error to both sides of a line.
func (c *chart) around(class string, x, y, deviation []float64) {
	if len(deviation) != len(y) {
		return
	}
	var d strings.Builder
	pen := "M"
	edge := func(k int, sign float64) {
		fmt.Fprintf(&d, "%s%.1f %.1f", pen, c.px(x[k]), clamp(c.py(y[k]+sign*deviation[k])))
		pen = "L"
	}
	for k := range x {
		edge(k, 1)
	}
	for k := range slices.Backward(x) {
		edge(k, -1)
	}
	fmt.Fprintf(&c.under, `<path class="bars %s" opacity="0.25" d="%sZ"/>`, class, d.String())
}
