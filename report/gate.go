package report

import (
	"fmt"
	"strings"

	"mlff/validate"
)

// gateSection shows what the teacher said of the student's own dynamics.
func gateSection(r *Run) *section {
	if r.Validation == nil || r.Validation.Gate == nil {
		return nil
	}
	g := r.Validation.Gate
	s := &section{Title: "The student's own dynamics",
		Intro: "The student ran by itself at the lowest, the middle and the highest temperature of its domain, and the teacher labelled where it went."}
	s.Tables = []table{gateTable(g)}
	if t := pressureTable(g); len(t.Rows) > 0 {
		s.Tables = append(s.Tables, t)
	}
	if f := gateFigure(g); f != nil {
		s.Figures = []figure{*f}
	}
	s.Method = "Langevin dynamics (friction 10/ps) at constant volume; frames are twice the integrated autocorrelation time of the potential energy apart, 0.05 to 0.5 ps. " +
		"Force errors are mean absolute errors of components; the worst atom is the longest error vector, with the median beside it. " +
		"The pressure bias is the mean of student less teacher; the density error at the teacher's pressure is −κ times it, κ being the isothermal compressibility of the student."
	return s
}

func gateTable(g *validate.Gate) table {
	t := table{Caption: "Force errors in the student's own dynamics, meV/Å.",
		Head: []string{"State", "Atoms", "Frames", "Apart (ps)", "MAE", "× held-out", "Worst atom", "Median atom"}}
	molecules := false
	for k := range g.States {
		molecules = molecules || g.States[k].Molecules
	}
	if molecules {
		t.Head = append(t.Head, "Bonds lost")
	}
	for k := range g.States {
		s := &g.States[k]
		row := []string{s.Name, fmt.Sprint(s.Atoms), fmt.Sprint(s.Frames), number(s.Interval, 2), optional(s.MAE, 3), "–", optional(s.Largest, 3), optional(s.Median, 3)}
		if s.MAE != nil && g.Reference != nil && g.Reference.MAE > 0 {
			row[5] = number(*s.MAE/g.Reference.MAE, 3)
		}
		if molecules {
			row = append(row, fmt.Sprint(len(s.Broken)))
		}
		if s.Failure != "" {
			row[0] += " – " + s.Failure
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// pressureTable has the states whose pressure the teacher told.
func pressureTable(g *validate.Gate) table {
	t := table{Caption: "Pressure and density in the student's own dynamics.",
		Head: []string{"State", "Pressure bias (GPa)", "Compressibility (1/GPa)", "from", "Density error (%)"}}
	for k := range g.States {
		s := &g.States[k]
		if s.Pressure == nil {
			continue
		}
		row := []string{s.Name, uncertain(*s.Pressure, *s.PressureErr), optional(s.Stiffness, 3), s.From, "–"}
		if d, deviation := s.Density(); d != nil {
			row[4] = uncertain(100**d, 100**deviation)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// gateFigure draws the error of every frame over time: an error that grows shows a student on its way out.
func gateFigure(g *validate.Gate) *figure {
	var times, errors [][]float64
	for k := range g.States {
		if len(g.States[k].Time) > 0 {
			times, errors = append(times, wide(g.States[k].Time)), append(errors, wide(g.States[k].Errors))
		}
	}
	if len(times) == 0 {
		return nil
	}
	c := &chart{title: "Force error along the way", height: wideHeight, x: span("time (ps)", times...), y: logSpan("force MAE (meV/Å)", errors...),
		about: "force error of every labelled frame over time, one colour for each state"}
	if r := g.Reference; r != nil {
		c.y = logSpan("force MAE (meV/Å)", append(errors, []float64{r.MAE})...)
	}
	c.y.hi *= 4 // room for the legend
	if r := g.Reference; r != nil {
		c.guide(c.x.lo, r.MAE, c.x.hi, r.MAE)
	}
	drawn := 0
	for k := range g.States {
		s := &g.States[k]
		if len(s.Time) == 0 || drawn == colours {
			continue
		}
		class := fmt.Sprintf("s%d", drawn)
		c.line(class+" thin", wide(s.Time), wide(s.Errors))
		c.dots(class, wide(s.Time), wide(s.Errors))
		c.key(class, s.Name)
		drawn++
	}
	caption := "Each point is a frame."
	if g.Reference != nil {
		caption = "Each point is a frame; the dashed line is the error on held-out frames, " + number(g.Reference.MAE, 3) + " meV/Å."
	}
	if rest := len(g.States) - drawn; rest > 0 {
		caption += fmt.Sprintf(" Not drawn: %d more.", rest)
	}
	f := c.figure("on-policy", strings.TrimSpace(caption))
	return &f
}
