package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"mlff/structure"
	"mlff/validate"
)

// tiles are the headline: the three errors and the drift, as far as they were measured.
func tiles(d *validate.Validation) []tile {
	e := d.Comparison.Errors
	var out []tile
	for _, q := range []struct {
		name, unit, bar string
		quality         *structure.Quality
	}{{"Energy", "meV/atom", "energy", e.Energy}, {"Forces", "meV/Å", "forces", e.Forces}, {"Stress", "MPa", "stress", e.Stress}} {
		if q.quality == nil {
			continue
		}
		t := tile{Name: q.name + " error (MAE)", Figure: number(q.quality.MAE, 3), Unit: q.unit, Detail: "accuracy not defined here"}
		if a := q.quality.Accuracy; a != nil {
			t.Detail = "accuracy " + fraction(*a)
			if b := d.Bars[q.bar]; b != nil {
				t.Detail += ", bar " + plain(*b)
			}
		}
		t.Class, t.Mark = outcome(d, q.bar+" accuracy")
		out = append(out, t)
	}
	if n := d.NVE; n != nil {
		t := tile{Name: "Energy drift", Figure: "–", Unit: "meV/atom/ps", Detail: n.Failure}
		if n.Drift != nil {
			t.Figure = number(*n.Drift, 2)
			t.Detail = "± " + number(*n.Error, 2)
			if b := d.Bars["drift"]; b != nil {
				t.Detail += ", bar " + plain(*b)
			}
		}
		t.Class, t.Mark = outcome(d, "energy drift")
		out = append(out, t)
	}
	return out
}

func outcome(d *validate.Validation, check string) (class, mark_ string) {
	for _, c := range d.Checks {
		if c.Name == check {
			return mark(c.Pass, c.Decides)
		}
	}
	return "open", "–"
}

// errorTable has one row for each labelled quantity. Nil bars leave their column out.
func errorTable(e structure.Errors, set string, bars validate.Bars) table {
	t := table{
		Caption: fmt.Sprintf("Student against labels, %s frames (%s).", group(fmt.Sprint(e.Frames)), set),
		Head:    []string{"Quantity", "Unit", "MAE", "RMSE", "R²", "Accuracy", "Bar"},
	}
	add := func(name, unit, bar string, q *structure.Quality) {
		if q != nil {
			t.Rows = append(t.Rows, append([]string{name, unit}, append(qualityCells(q), barCell(bars[bar]))...))
		}
	}
	add("Energy per atom", "meV/atom", "energy", e.Energy)
	add("Force components", "meV/Å", "forces", e.Forces)
	add("Stress components", "MPa", "stress", e.Stress)
	if e.EStar != nil {
		t.Rows = append(t.Rows, []string{"Energy, size-intensive e*", "meV", "", number(*e.EStar, 3), "", "", ""})
	}
	if bars == nil {
		t.Head = t.Head[:len(t.Head)-1]
		for k, row := range t.Rows {
			t.Rows[k] = row[:len(row)-1]
		}
	}
	return t
}

func qualityCells(q *structure.Quality) []string {
	cells := []string{number(q.MAE, 3), number(q.RMSE, 3), "–", "–"}
	if q.R2 != nil {
		cells[2] = fraction(*q.R2)
	}
	if q.Accuracy != nil {
		cells[3] = fraction(*q.Accuracy)
	}
	return cells
}

func optional(v *float64, digits int) string {
	if v == nil {
		return "–"
	}
	return number(*v, digits)
}

// tables break the errors down; those with nothing to compare are left out.
func tables(e *validate.Comparison) []table {
	var out []table
	if len(e.ByType) > 1 || len(e.ByType) == 1 && e.ByType[0].Type != "" {
		out = append(out, typeTable(e))
	}
	if len(e.BySpecies) > 1 {
		out = append(out, speciesTable(e))
	}
	if len(e.Worst) > 0 {
		out = append(out, worstTable(e))
	}
	return out
}

func typeTable(e *validate.Comparison) table {
	t := table{
		Caption: "By config_type. Mean absolute errors; e* is the size-intensive energy error.",
		Head:    []string{"config_type", "Frames", "Energy (meV/atom)", "e* (meV)", "Forces (meV/Å)", "Force accuracy", "Stress (MPa)"},
	}
	for _, r := range e.ByType {
		row := []string{cmp.Or(r.Type, "(none)"), fmt.Sprint(r.Errors.Frames), mae(r.Errors.Energy), optional(r.Errors.EStar, 3), mae(r.Errors.Forces), "–", mae(r.Errors.Stress)}
		if r.Errors.Forces != nil && r.Errors.Forces.Accuracy != nil {
			row[5] = fraction(*r.Errors.Forces.Accuracy)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func speciesTable(e *validate.Comparison) table {
	t := table{
		Caption: "Forces by element, in meV/Å.",
		Head:    []string{"Element", "Atoms", "MAE", "RMSE", "R²", "Accuracy"},
	}
	for _, r := range e.BySpecies {
		t.Rows = append(t.Rows, append([]string{r.Symbol, group(fmt.Sprint(r.Atoms))}, qualityCells(&r.Forces)...))
	}
	return t
}

func worstTable(e *validate.Comparison) table {
	t := table{
		Caption: "The frames with the largest force errors, in meV/Å; frames count from 0.",
		Head:    []string{"Frame", "Atoms", "RMSE", "Largest vector"},
	}
	typed := slices.ContainsFunc(e.Worst, func(w validate.WorstFrame) bool { return w.Type != "" })
	if typed {
		t.Head = append([]string{"config_type"}, t.Head...)
	}
	for _, w := range e.Worst {
		row := []string{fmt.Sprint(w.Index), fmt.Sprint(w.Atoms), number(w.RMSE, 3), number(w.Max, 3)}
		if typed {
			row = append([]string{cmp.Or(w.Type, "(none)")}, row...)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func barCell(bar *float64) string {
	if bar == nil {
		return "–"
	}
	return plain(*bar)
}

func mae(q *structure.Quality) string {
	if q == nil {
		return "–"
	}
	return number(q.MAE, 3)
}

func dynamicsText(n *validate.NVE) string {
	text := fmt.Sprintf("%d atoms (%s), %s steps of %s fs at constant energy after %s ps of Langevin dynamics at %s K.",
		n.Atoms, n.Formula, group(fmt.Sprint(n.Steps)), plain(n.Timestep), plain(n.Thermalised), plain(n.Temperature))
	if n.Failure != "" {
		text += " The run broke down: " + n.Failure + "."
	}
	return text
}

// facts say where the student comes from and what it is for.
func (r *Run) facts() []fact {
	s := r.Student
	if s == nil {
		return nil
	}
	var out []fact
	add := func(name, value string) {
		if value != "" {
			out = append(out, fact{name, value})
		}
	}
	add("File", s.File)
	if t := s.Meta.Teacher; t != nil {
		add("Teacher", t.Name)
		add("Teacher identity", t.Identity)
		add("Teacher licence", t.Licence+", commercial use: "+t.Commercial)
		add("Citation", t.Citation)
	}
	add("Licence", s.Meta.Licence)
	add("Data hash", s.Meta.DataHash)
	add("Domain", domain(s))
	c := s.Config
	add("Sizes", fmt.Sprintf("radial %d, channels %d, mixed %d, hidden %d, lmax %d, lt %d, layers %d, intervals %d",
		c.Radial, c.Channels, c.Mixed, c.Hidden, c.LMax, c.LT, c.Layers, c.Intervals))
	if run := s.Meta.Run; run != nil {
		add("Made", strings.TrimSpace(fmt.Sprintf("%s on %s in %s s", date(run.Date), run.Host, number(run.Seconds, 2))))
	}
	return out
}

func domain(s *Student) string {
	d := s.Meta.Domain
	parts := []string{strings.Join(d.Elements, " ")}
	if len(d.Temperatures) > 0 {
		var t []string
		for _, v := range d.Temperatures {
			t = append(t, plain(v))
		}
		parts = append(parts, strings.Join(t, ", ")+" K")
	}
	if d.Pressure != nil {
		parts = append(parts, fmt.Sprintf("%s to %s GPa", plain(d.Pressure[0]), plain(d.Pressure[1])))
	}
	parts = append(parts, fmt.Sprintf("charge %d, spin %d", d.Charge, d.Spin))
	return strings.Join(parts, "; ")
}

// date writes the time of a run for people; what is not in RFC 3339 stays as it is.
func date(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return t.UTC().Format("2 January 2006, 15:04 UTC")
}
