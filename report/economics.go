package report

import (
	"fmt"
	"math"
	"strings"
)

// EconomicsFile is the file of a run directory that says what labels cost and what they buy.
const EconomicsFile = "economics.json"

// Economics is what labels cost, what they buy, and where the error sits.
type Economics struct {
	SecondsPerLabel float64      `json:"seconds_per_label,omitempty"` // of wall time; 0: nobody was asked for labels
	PricePerHour    float64      `json:"price_per_hour,omitempty"`    // of the machines that label
	Curve           []LabelPoint `json:"curve,omitempty"`             // by labels, ascending; the last is the student itself
	Fit             *PowerLaw    `json:"fit,omitempty"`
	CurveSeconds    float64      `json:"curve_seconds,omitempty"` // what measuring the curve cost
	ByForce         []ForceClass `json:"by_force"`
}

// LabelPoint is the force error of a student that learned from so many labelled frames.
type LabelPoint struct {
	Labels int     `json:"labels"`
	MAE    float64 `json:"mae"` // of force components on the test frames, meV/Å
}

// PowerLaw is MAE(n) = Floor + A n^-B.
type PowerLaw struct {
	A     float64 `json:"a"`
	B     float64 `json:"b"`
	Floor float64 `json:"floor"` // what no student of this cutoff can go below, meV/Å; 0 where it was not measured
}

// At is the error with n labels, meV/Å.
func (p *PowerLaw) At(n float64) float64 { return p.Floor + p.A*math.Pow(n, -p.B) }

// ForceClass is the error of forces by their size.
type ForceClass struct {
	From  float64  `json:"from"` // eV/Å
	To    *float64 `json:"to"`   // null: no limit
	Atoms int      `json:"atoms"`
	MAE   float64  `json:"mae"` // of components, meV/Å
}

// labelEconomics is the chapter about labels.
func labelEconomics(r *Run) *section {
	e := r.Economics
	if e == nil {
		return nil
	}
	s := &section{Title: "What labels buy", Intro: e.text()}
	if len(e.ByForce) > 1 {
		t := table{Caption: "Where the error sits, by the size of the force on an atom; other tables break it down by element, config_type, temperature and grade.",
			Head: []string{"Force (eV/Å)", "Atoms", "Forces (meV/Å)"}}
		for _, c := range e.ByForce {
			name := fmt.Sprintf("above %g", c.From)
			if c.To != nil {
				name = fmt.Sprintf("%g to %g", c.From, *c.To)
			}
			t.Rows = append(t.Rows, []string{name, group(fmt.Sprint(c.Atoms)), number(c.MAE, 3)})
		}
		s.Tables = append(s.Tables, t)
	}
	if len(e.Curve) > 1 {
		s.Figures = []figure{e.figure()}
		s.Method = fmt.Sprintf("Students of the same shape were trained on parts of the training frames, whole groups at a time, for the same number of epochs, and compared with the same test frames; this took %s s. "+
			"The curve is floor + a/nᵇ through the points; with three of them, it is a rule of thumb.", number(e.CurveSeconds, 2))
		if e.Fit != nil && e.Fit.Floor > 0 {
			s.Method += " The floor is how much the teacher's force on an atom changes when everything beyond the cutoff is displaced by 0.1 Å: no student of this cutoff can know that."
		}
	}
	return s
}

// text says in sentences what a label costs and what twice as many would bring.
func (e *Economics) text() string {
	var parts []string
	if e.SecondsPerLabel > 0 {
		cost := "A label took " + duration(e.SecondsPerLabel)
		if e.PricePerHour > 0 {
			cost += fmt.Sprintf(": a thousand cost %s where an hour costs %g", price(e.SecondsPerLabel/3.6*e.PricePerHour), e.PricePerHour)
		}
		parts = append(parts, cost+".")
	}
	if e.Fit != nil {
		parts = append(parts, e.double())
	}
	return strings.Join(parts, " ")
}

// double is what twice the labels would bring.
func (e *Economics) double() string {
	last := e.Curve[len(e.Curve)-1]
	n := float64(last.Labels)
	if e.Fit.B <= 0 {
		return "More labels would not help: the error does not fall with their number."
	}
	text := fmt.Sprintf("Twice the labels (%d) would lower the force error from %s to about %s meV/Å", 2*last.Labels, number(last.MAE, 3), number(last.MAE*e.Fit.At(2*n)/e.Fit.At(n), 3))
	if e.SecondsPerLabel > 0 {
		text += " and take " + duration(e.SecondsPerLabel*n) + " more"
		if e.PricePerHour > 0 {
			text += ", which costs " + price(e.SecondsPerLabel*n/3600*e.PricePerHour)
		}
	}
	return text + "."
}

// duration in the unit that people would use.
func duration(seconds float64) string {
	switch {
	case seconds < 0.1:
		return number(1e3*seconds, 2) + " ms"
	case seconds < 600:
		return number(seconds, 2) + " s"
	case seconds < 7200:
		return number(seconds/60, 2) + " min"
	}
	return number(seconds/3600, 2) + " h"
}

// price has two decimals, as money does; a currency is not known here.
func price(v float64) string {
	if v < 0.01 {
		return "less than 0.01"
	}
	return group(fmt.Sprintf("%.2f", v))
}

// figure draws error against labels on logarithmic axes, to twice the labels there are.
func (e *Economics) figure() figure {
	var n, mae []float64
	for _, p := range e.Curve {
		n, mae = append(n, float64(p.Labels)), append(mae, p.MAE)
	}
	end := 2 * last(n)
	low, high := extent([][]float64{mae})
	var x, y []float64
	if e.Fit != nil {
		const steps = 60
		for k := range steps + 1 {
			x = append(x, n[0]*math.Pow(end/n[0], float64(k)/steps))
			y = append(y, e.Fit.At(x[k]))
		}
		low = min(low, last(y))
	}
	c := &chart{title: "Force error against labels", height: wideHeight, notesRight: true, about: "force error over the number of labelled frames",
		x: axis{label: "labelled frames in training", lo: 0.9 * n[0], hi: 1.1 * end, log: true},
		y: axis{label: "force MAE (meV/Å)", lo: 0.8 * low, hi: 1.2 * high, log: true}}
	if e.Fit != nil {
		c.line("s1 dashed", x, y)
		c.dotKey("s0", "measured")
		c.key("s1", fmt.Sprintf("fit, b = %s", number(e.Fit.B, 2)))
		if e.Fit.Floor > 0 {
			c.guide(c.x.lo, e.Fit.Floor, c.x.hi, e.Fit.Floor)
			c.notes = []string{"floor " + number(e.Fit.Floor, 2) + " meV/Å"}
		}
	}
	c.dots("s0 big", n, mae)
	return c.figure("labels", "The last point is this student.")
}
