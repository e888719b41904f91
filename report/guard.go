package report

import (
	"fmt"
	"slices"

	"mlff/validate"
)

// guardSection shows whether the alarm tells frames that the student knows from those that it gets wrong.
func guardSection(r *Run) *section {
	if r.Validation == nil || r.Validation.Guard == nil {
		return nil
	}
	g := r.Validation.Guard
	s := &section{Title: "The alarm",
		Intro:   fmt.Sprintf("A frame alarms where its largest extrapolation grade exceeds %s, where atoms come closer or have other numbers of neighbours than in training, or where its composition is new.", number(g.Threshold, 3)),
		Tables:  []table{guardFigures(g), guardTable(g)},
		Figures: []figure{guardFigure(g)},
		Method: knownFrames(g) + " They are of the domain and were neither learned from nor used to calibrate the grade. Strange frames are made from test frames and labelled by the teacher. " +
			"Errors are mean absolute errors of force components; a wrong frame has more than five times the median of the test frames."}
	return s
}

// knownFrames says where they come from, and what others calibrated the grade.
func knownFrames(g *validate.Guard) string {
	text := fmt.Sprintf("Known frames are %d for the test", len(g.Known.Grades)-g.Gate)
	if g.Gate > 0 {
		text += fmt.Sprintf(" and %d of the student's own dynamics that its teacher labelled", g.Gate)
	}
	if g.Calibration != "" {
		return text + fmt.Sprintf("; the grade was calibrated on %s.", g.Calibration)
	}
	return text + "."
}

func guardFigures(g *validate.Guard) table {
	percent := func(v *float64) string {
		if v == nil {
			return "–"
		}
		return number(100**v, 3)
	}
	t := table{Caption: "How well it tells them apart.", Head: []string{"Figure", "Value", "Unit", "Wanted"}}
	t.Rows = [][]string{
		{"Known frames that alarm", percent(&g.FalseAlarms), "%", "at most 5"},
		{fmt.Sprintf("Wrong frames that alarm (of %d)", g.Wrong), percent(g.Caught), "%", "at least 99"},
		{"Wrong frames caught at 5 % false alarms", percent(g.CaughtAt5), "%", "–"},
		{"Area under the ROC curve", optional(g.AUROC, 4), "", "–"},
		{"Rank correlation of grade and error (Spearman)", optional(g.Spearman, 3), "", "at least 0.8"},
		{"False alarms: " + g.PerNsFrom, optional(g.PerNs, 2), "1/ns, 1000 atoms", "–"},
	}
	return t
}

func guardTable(g *validate.Guard) table {
	t := table{Caption: "By kind of frame; medians.", Head: []string{"Frames", "Number", "Error (meV/Å)", "Grade", "Alarm (%)"}}
	for _, s := range append([]validate.GuardSet{g.Known}, g.Shifts...) {
		alarms := 0
		for _, f := range s.Flagged {
			if f {
				alarms++
			}
		}
		t.Rows = append(t.Rows, []string{s.Name, fmt.Sprint(len(s.Grades)), number(middle(s.Errors), 3), number(middle(s.Grades), 3),
			number(100*float64(alarms)/float64(max(1, len(s.Flagged))), 3)})
	}
	return t
}

// guardFigure sets errors against grades, known frames in the first colour.
func guardFigure(g *validate.Guard) figure {
	sets := append([]validate.GuardSet{g.Known}, g.Shifts...)
	var grades, errors [][]float64
	for _, s := range sets {
		grades, errors = append(grades, wide(s.Grades)), append(errors, wide(s.Errors))
	}
	c := &chart{title: "Force error and grade of frames", height: squareHeight,
		x: logSpan("grade", grades...), y: logSpan("force MAE (meV/Å)", errors...), about: "errors of frames over their grades"}
	c.y.hi *= 20 // room for the legend
	c.guide(g.Threshold, c.y.lo, g.Threshold, c.y.hi)
	if limit := 5 * g.Median; limit > c.y.lo && limit < c.y.hi {
		c.guide(c.x.lo, limit, c.x.hi, limit)
	}
	for k := range sets {
		class := fmt.Sprintf("s%d", min(k, colours-1))
		c.dots(class, grades[k], errors[k])
		if k < colours-1 || len(sets) <= colours {
			c.dotKey(class, sets[k].Name)
		} else if k == len(sets)-1 {
			c.dotKey(class, "others")
		}
	}
	return c.figure("guard", "Each point is a frame. Dashed: the threshold, and five times the median error of test frames. The lower right are needless alarms, the upper left would be missed ones.")
}

// middle is the median.
func middle(v []float32) float64 {
	if len(v) == 0 {
		return 0
	}
	return float64(slices.Sorted(slices.Values(v))[len(v)/2])
}
