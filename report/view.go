package report

import (
	"cmp"
	"fmt"
	"html/template"
	"strings"

	"mlff/structure"
	"mlff/validate"
)

// view is what the page's template shows.
type view struct {
	Style        template.CSS
	Title        string
	Subtitle     string
	Verdict      *verdict
	Tiles        []tile
	Checks       []checkRow
	Errors       table
	Tables       []table
	Valid        table // frames that are only reported
	Parity       []figure
	Training     []figure
	Dynamics     []figure
	DynamicsText string
	Dimers       []figure
	MorePairs    bool // some dimers have no figure
	Compression  []figure
	Sections     []section
	Facts        []fact
	Config, Log  string
}

// mostDimers are drawn; the others stand in the table of checks.
const mostDimers = 12

type verdict struct {
	Class, Word, Text string
}

// tile is one headline figure.
type tile struct {
	Name, Figure, Unit, Detail string
	Class, Mark                string
}

type checkRow struct {
	Name, Figure, Bar, Class, Mark, Note string
}

// table has one heading per column; the first column names its row.
type table struct {
	Caption string
	Head    []string
	Rows    [][]string
}

type fact struct{ Name, Value string }

func (r *Run) view() view {
	v := view{Style: template.CSS(style), Title: r.title(), Subtitle: r.subtitle(), Config: r.Config, Log: r.Log, Facts: r.facts()}
	if r.History != nil && len(r.History.Points)+len(r.History.Checks) > 0 {
		v.Training = training(r.History)
	}
	v.Sections = r.sections()
	if r.Valid != nil {
		v.Valid = errorTable(*r.Valid, "validation files, which decide nothing", nil)
	}
	if r.Validation == nil {
		v.Verdict = &verdict{"open", "Not validated", "There is no " + validate.File + " in the run directory yet."}
		return v
	}
	v.addValidation(r.Validation)
	return v
}

func (v *view) addValidation(d *validate.Validation) {
	v.Verdict = verdictOf(d)
	v.Tiles = tiles(d)
	for _, c := range d.Checks {
		v.Checks = append(v.Checks, checkLine(c))
	}
	e := &d.Comparison
	if e.Errors.Frames > 0 {
		v.Errors = errorTable(e.Errors, cmp.Or(e.Set, "test"), d.Bars)
		if w := e.Walls; w != nil {
			v.Errors.Caption += fmt.Sprintf(" %d more, of walls around the domain, are in the tables below alone.", w.Frames)
		}
		v.Tables = append(tables(e), groupTables(d)...)
	}
	v.addParity(e)
	if d.NVE != nil {
		v.Dynamics, v.DynamicsText = drift(d.NVE), dynamicsText(d.NVE)
	}
	for k := range d.Dimers {
		if len(v.Dimers) < mostDimers && len(d.Dimers[k].Energy) > 0 {
			v.Dimers = append(v.Dimers, dimerFigure(k, &d.Dimers[k]))
		}
	}
	v.MorePairs = len(v.Dimers) < len(d.Dimers)
	if d.Compression != nil {
		v.Compression = compression(d.Compression)
	}
}

// addParity puts every parity plot before its histogram.
func (v *view) addParity(e *validate.Comparison) {
	for _, q := range []struct {
		name, axis string
		scatter    *validate.Scatter
		quality    *structure.Quality
	}{
		{"Energy", "energy", e.Energy, e.Errors.Energy},
		{"Forces", "force component", e.Forces, e.Errors.Forces},
		{"Stress", "stress component", e.Stress, e.Errors.Stress},
	} {
		if q.scatter != nil {
			v.Parity = append(v.Parity, parity(q.name, q.axis, q.scatter, q.quality), spread(q.name, &q.scatter.Errors))
		}
	}
}

func (r *Run) title() string {
	if r.Student == nil {
		return r.Name
	}
	return "Student for " + strings.Join(symbols(r.Student.Config.Numbers), ", ")
}

func (r *Run) subtitle() string {
	s := r.Student
	if s == nil {
		return ""
	}
	parts := []string{"cutoff " + number(s.Config.Cutoff, 2) + " Å"}
	if s.Meta.Teacher != nil {
		parts = append([]string{"distilled from " + s.Meta.Teacher.Name}, parts...)
	}
	if s.Meta.Run != nil && s.Meta.Run.Date != "" {
		parts = append(parts, date(s.Meta.Run.Date))
	}
	return strings.Join(parts, " · ")
}

func symbols(numbers []int) []string {
	out := make([]string, len(numbers))
	for k, z := range numbers {
		out[k] = structure.Symbol(z)
	}
	return out
}

func verdictOf(d *validate.Validation) *verdict {
	var failed, warned []string
	c := d.Certificate()
	decided, undecided := c.Decided(), c.Undecided()
	for _, c := range d.Checks {
		if c.Pass != nil && !*c.Pass {
			if c.Decides {
				failed = append(failed, c.Title())
			} else {
				warned = append(warned, c.Title())
			}
		}
	}
	v := &verdict{"pass", "Passed", fmt.Sprintf("Every bar that could decide was reached (%d).", decided)}
	switch {
	case decided == 0 && undecided == "":
		v = &verdict{"open", "No bar decided", "No figure had a bar to reach. Passed means no more here than that nothing failed."}
	case decided == 0:
		v = &verdict{"open", "No bar decided", ""}
	}
	if !d.Passed {
		v = &verdict{"fail", "Failed", "Below the bar: " + strings.Join(failed, ", ") + "."}
	}
	if undecided != "" {
		v.Text = strings.TrimSpace(v.Text + " Not decided: " + undecided + ".")
	}
	if len(warned) > 0 {
		v.Text += fmt.Sprintf(" Not held, as a warning: %s.", strings.Join(warned, "; "))
	}
	return v
}

// mark is the class and sign of a check's outcome.
func mark(pass *bool, decides bool) (class, sign string) {
	switch {
	case pass == nil:
		return "open", "–"
	case *pass:
		return "pass", "✓"
	case decides:
		return "fail", "✗"
	}
	return "warn", "!"
}

func checkLine(c validate.Check) checkRow {
	row := checkRow{Name: c.Title(), Figure: "–", Note: c.Note}
	row.Class, row.Mark = mark(c.Pass, c.Decides)
	if c.Figure != nil {
		row.Figure = strings.TrimSpace(figureOf(c, *c.Figure) + " " + c.Unit)
	}
	if c.Bar != nil {
		row.Bar = c.Sense + " " + plain(*c.Bar)
	}
	return row
}

// figureOf writes accuracies with four digits after the point, everything else with three significant ones.
func figureOf(c validate.Check, v float64) string {
	if c.Unit == "" {
		return fraction(v)
	}
	return number(v, 3)
}

// fraction writes a number whose distance from 1 matters.
func fraction(v float64) string { return sign(fmt.Sprintf("%.4f", v)) }

// sentence gives a note a capital letter and a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}
