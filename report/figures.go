package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"

	"mlff/structure"
	"mlff/validate"
)

// figure is a chart with its caption.
type figure struct {
	Title   string
	Chart   template.HTML
	Caption string
	ID      string
	Data    template.URL // the numbers as CSV
}

// figure finishes a chart; id is unique within the page.
func (c *chart) figure(id, caption string) figure {
	return figure{c.title, c.svg(id), caption, id, c.csv()}
}

const colours = 6 // series colours of the style sheet, s0 to s5

// parity sets predictions against labels; points of atoms have the colours of their elements.
func parity(name, axisName string, s *validate.Scatter, q *structure.Quality) figure {
	label, predicted := wide(s.Label), wide(s.Predicted)
	a := span("", label, predicted)
	c := &chart{title: name + ": student against labels", height: squareHeight, x: a, y: a}
	c.x.label, c.y.label = fmt.Sprintf("label: %s (%s)", axisName, s.Unit), fmt.Sprintf("student: %s (%s)", axisName, s.Unit)
	c.guide(a.lo, a.lo, a.hi, a.hi)
	c.scatter(s, label, predicted)
	unit := s.Errors.Unit
	c.about = fmt.Sprintf("%d points around the diagonal", len(label))
	if q != nil {
		c.about += fmt.Sprintf("; mean absolute error %s %s", number(q.MAE, 3), unit)
		c.notes = []string{"MAE " + number(q.MAE, 3) + " " + unit, "RMSE " + number(q.RMSE, 3) + " " + unit}
		if q.R2 != nil {
			c.notes = append(c.notes, "R² "+fraction(*q.R2))
		}
	}
	caption := fmt.Sprintf("%s of %s values", group(fmt.Sprint(len(label))), group(fmt.Sprint(s.Of)))
	if len(label) == s.Of {
		caption = fmt.Sprintf("All %s values", group(fmt.Sprint(s.Of)))
	}
	caption += "; the dashed line is perfect agreement."
	if name == "Energy" {
		caption += " Energies are relative to the mean label of their composition."
	}
	return c.figure("parity-"+name, caption)
}

// scatter draws the commonest elements in own colours, the rest in the last one.
func (c *chart) scatter(s *validate.Scatter, x, y []float64) {
	if len(s.Numbers) != len(x) {
		c.dots("s0", x, y)
		return
	}
	elements := slices.Clone(s.Numbers)
	slices.Sort(elements)
	elements = slices.Compact(elements)
	for k, z := range elements[:min(len(elements), colours)] {
		var px, py []float64
		for i := range x {
			if s.Numbers[i] == z || k == colours-1 && s.Numbers[i] >= z {
				px, py = append(px, x[i]), append(py, y[i])
			}
		}
		class := fmt.Sprintf("s%d", k)
		c.dots(class, px, py)
		switch {
		case k == colours-1 && len(elements) > colours:
			c.dotKey(class, "others")
		case len(elements) > 1:
			c.dotKey(class, structure.Symbol(z))
		}
	}
}

// spread is the histogram of the signed errors of a quantity.
func spread(name string, h *validate.Histogram) figure {
	total := h.Outside
	for _, n := range h.Counts {
		total += n
	}
	heights := make([]float64, len(h.Counts))
	for k, n := range h.Counts {
		heights[k] = 100 * float64(n) / float64(max(total, 1))
	}
	c := &chart{title: name + ": distribution of errors", height: squareHeight,
		x: axis{label: "student − label (" + h.Unit + ")", lo: h.From, hi: h.From + h.Width*float64(len(h.Counts))},
		y: axis{label: "share of values (%)", lo: 0, hi: 1.3 * max(slices.Max(heights), 1e-9)}, // three notes above the bars
	}
	c.bars("s0", h.From, h.Width, heights)
	c.guide(0, 0, 0, c.y.hi)
	c.notesRight = true
	c.notes = []string{"median |error| " + number(h.Median, 2), "95 % below " + number(h.P95, 2), "largest " + number(h.Max, 2)}
	c.about = fmt.Sprintf("Half of the errors are below %s %s, 95 %% below %s", number(h.Median, 2), h.Unit, number(h.P95, 2))
	caption := "The mean error vanishes."
	if math.Abs(h.Mean) > 1e-3*h.Median {
		caption = fmt.Sprintf("Mean error %s %s.", number(h.Mean, 2), h.Unit)
	}
	if h.Outside > 0 {
		caption += fmt.Sprintf(" Not shown: %s values beyond the axis.", group(fmt.Sprint(h.Outside)))
	}
	return c.figure("errors-"+name, caption)
}

// training draws the loss, and the held-out errors where they were measured.
func training(h *History) []figure {
	var step, loss, checked, held, energy, forces []float64
	for _, p := range h.Points {
		step, loss = append(step, float64(p.Step)), append(loss, p.Loss)
	}
	for _, c := range h.Checks {
		checked, held = append(checked, float64(c.Step)), append(held, c.Loss)
		energy, forces = append(energy, c.Energy), append(forces, c.Forces)
	}
	x := axis{label: "optimiser updates", lo: 0, hi: max(last(step), last(checked), 1)}
	c := &chart{title: "Loss", height: wideHeight, x: x, y: logSpan("loss", loss, held), notesRight: true,
		about: "training loss and held-out loss over the updates"}
	c.line("s0 thin", step, loss)
	c.line("s1", checked, held)
	c.dots("s1", checked, held)
	c.key("s0", "training batches")
	c.key("s1", "held-out frames")
	caption := fmt.Sprintf("The averaged parameters of update %s were kept.", group(fmt.Sprint(h.Best)))
	if h.Note != "" {
		caption += " " + sentence(h.Note)
	}
	figures := []figure{c.figure("loss", caption)}
	if largestOf(energy) <= 0 && largestOf(forces) <= 0 {
		return figures
	}
	e := &chart{title: "Held-out errors while training", height: wideHeight, x: x, notesRight: true,
		y: logSpan("MAE (meV/atom, meV/Å)", energy, forces), about: "mean absolute errors on held-out frames over the updates"}
	for k, series := range [][]float64{forces, energy} {
		if largestOf(series) > 0 {
			class := fmt.Sprintf("s%d", 2+k)
			e.line(class, checked, series)
			e.dots(class, checked, series)
			e.key(class, []string{"forces, meV/Å", "energy, meV/atom"}[k])
		}
	}
	return append(figures, e.figure("held", "Frames held out of training, used to choose the parameters that are kept."))
}

// drift draws total energy and temperature of the run in which the energy should not change.
func drift(n *validate.NVE) []figure {
	if len(n.Trace.Time) == 0 {
		return nil
	}
	time, energy, temperature := wide(n.Trace.Time), wide(n.Trace.Energy), wide(n.Trace.Temperature)
	x := axis{label: "time (ps)", lo: 0, hi: max(last(time), 1e-9)}
	unit, scale := "meV/atom", 1.0
	if lo, hi := extent([][]float64{energy}); max(-lo, hi) < 0.1 {
		unit, scale = "µeV/atom", 1e3
	}
	for k := range energy {
		energy[k] *= scale
	}
	c := &chart{title: "Total energy", height: wideHeight, x: x, y: span("energy − mean ("+unit+")", energy),
		about: "total energy per atom over time with the fitted slope"}
	c.band("aside", 0, n.From)
	c.line("s0 thin", time, energy)
	caption := "No slope was fitted."
	if n.Drift != nil {
		ends := []float64{n.From, last(time)}
		c.line("s1", ends, []float64{scale * (n.Offset + n.Slope*ends[0]), scale * (n.Offset + n.Slope*ends[1])})
		caption = fmt.Sprintf("Slope over the unshaded part: %s meV/atom/ps, which is %s K/ns.", uncertain(n.Slope, *n.Error),
			uncertain(validate.KelvinPerNanosecond(n.Slope), validate.KelvinPerNanosecond(*n.Error)))
	}
	t := &chart{title: "Temperature", height: wideHeight, x: x, y: span("temperature (K)", temperature), about: "temperature over time"}
	t.line("s2 thin", time, temperature)
	t.guide(0, n.MeanTemperature, x.hi, n.MeanTemperature)
	return []figure{c.figure("drift", caption),
		t.figure("temperature", fmt.Sprintf("Mean %s K; thermalised at %s K.", number(n.MeanTemperature, 3), number(n.Temperature, 3)))}
}

// dimerFigure shows the well; the wall rises far beyond the paper.
func dimerFigure(k int, d *validate.Dimer) figure {
	name := d.Pair[0] + "–" + d.Pair[1]
	lo, hi := wellRange(d)
	c := &chart{title: name, height: wideHeight, notesRight: true,
		x: axis{label: "distance (Å)", lo: 0, hi: last(d.Distance)}, y: axis{label: "energy (eV)", lo: lo, hi: hi},
		about: "energy of two atoms over their distance"}
	c.band("aside", 0.2, 0.9*d.Shortest)
	c.guide(0, 0, c.x.hi, 0)
	if len(d.Teacher) == len(d.Distance) && len(d.Teacher) > 0 {
		c.line("s1 dashed", d.Distance, d.Teacher)
		c.key("s1", "teacher")
		c.key("s0", "student")
	}
	c.line("s0", d.Distance, d.Energy)
	c.notes = []string{number(d.Energy[0], 2) + " eV at 0.2 Å"}
	return c.figure(fmt.Sprintf("dimer%d", k),
		fmt.Sprintf("Shaded: closer than 0.9 r_s, r_s = %.2f Å being the shortest distance in training.", d.Shortest))
}

// wellRange is the part of the energy axis where bonds are decided: from the bottom of the well, or a tenth below
// zero, to three times its depth above, at least 3 eV.
func wellRange(d *validate.Dimer) (lo, hi float64) {
	lo, _ = extent([][]float64{d.Energy, d.Teacher})
	if math.IsInf(lo, 0) {
		lo = 0
	}
	hi = max(3, -3*lo)
	return min(1.15*lo, -0.1*hi), hi
}

// compression draws energy and pressure of the squeezed example.
func compression(c *validate.Compression) []figure {
	if len(c.Volume) == 0 {
		return nil
	}
	volume := make([]float64, len(c.Volume))
	for k, v := range c.Volume {
		volume[k] = 100 * v
	}
	e := squeezed("Energy under compression", "energy (eV/atom)", volume, c.Energy, c.Teacher)
	p := squeezed("Pressure under compression", "pressure (GPa)", volume, c.Pressure, c.TeacherPressure)
	caption := fmt.Sprintf("%s, %d atoms, squeezed evenly in all directions; energies relative to the example.", c.Formula, c.Atoms)
	return []figure{e.figure("compression", caption),
		p.figure("pressure", fmt.Sprintf("From the virial. Largest force on the way: %s eV/Å.", number(largestOf(c.Force), 2)))}
}

// squeezed draws a quantity over the volume, the teacher's beside it where there is one.
func squeezed(title, axisName string, volume, student, teacher []float64) *chart {
	c := &chart{title: title, height: wideHeight, x: axis{label: "volume (% of the example)", lo: 49, hi: 101},
		y: span(axisName, student, teacher), notesRight: true, about: axisName + " over volume"}
	if len(teacher) == len(student) {
		c.line("s1 dashed", volume, teacher)
		c.key("s1", "teacher")
		c.key("s0", "student")
	}
	c.line("s0", volume, student)
	c.dots("s0", volume, student)
	return c
}

func wide(v []float32) []float64 {
	out := make([]float64, len(v))
	for k := range v {
		out[k] = float64(v[k])
	}
	return out
}

// last is 0 for an empty list.
func last(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	return v[len(v)-1]
}

func largestOf(v []float64) float64 {
	m := 0.0
	for _, x := range v {
		m = max(m, x)
	}
	return m
}
