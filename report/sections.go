package report

// section is a chapter of the page about one part of what was measured. Whoever measures something new adds a file with a
// function that returns one, and its line to parts.
type section struct {
	Title   string
	Intro   string // what was done, in a sentence or two
	Tables  []table
	Figures []figure // a chart's figure method makes one
	Method  string   // how the figures were come by, and in which units
}

// parts are the chapters between the short distances and the checks, in their order on the page. They return nil where
// the run says nothing of their subject.
var parts = []func(*Run) *section{
	gateSection,
	guardSection,
	observables,
	labelEconomics,
}

func (r *Run) sections() []section {
	var out []section
	for _, part := range parts {
		if s := part(r); s != nil {
			out = append(out, *s)
		}
	}
	return out
}
