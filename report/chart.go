package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
	"unicode/utf8"
)

// The paper of a chart, in units of an SVG that the page scales to its columns.
const (
	paperWidth   = 400.0
	marginLeft   = 66.0
	marginRight  = 14.0
	marginTop    = 10.0
	marginBottom = 46.0
	wideHeight   = 270.0
	squareHeight = paperWidth - marginLeft - marginRight + marginTop + marginBottom
)

// chart collects marks on two axes. Colours and letters are left to the page's style sheet, which knows the reader's
// colour scheme: marks have classes such as "s0" for the first series.
type chart struct {
	title, about string // for those who cannot see it
	x, y         axis
	height       float64
	under, marks strings.Builder // under: bands and guides, drawn before the grid
	legend       []key
	notes        []string // short lines in a corner
	notesRight   bool
	data         []series // what was drawn, for the table that can be downloaded
}

type key struct {
	class, text string
	dot         bool // the series is points without a line
}

func (c *chart) px(v float64) float64 {
	return marginLeft + c.x.at(v)*(paperWidth-marginLeft-marginRight)
}
func (c *chart) py(v float64) float64 {
	return c.height - marginBottom - c.y.at(v)*(c.height-marginTop-marginBottom)
}

// line joins points; it breaks where a value is missing (NaN, or not positive on a logarithmic axis).
func (c *chart) line(class string, x, y []float64) {
	var d strings.Builder
	pen := "M"
	for k := range x {
		px, py := c.px(x[k]), c.py(y[k])
		if math.IsNaN(px+py) || math.IsInf(px+py, 0) {
			pen = "M"
			continue
		}
		fmt.Fprintf(&d, "%s%.1f %.1f", pen, px, clamp(py))
		pen = "L"
	}
	fmt.Fprintf(&c.marks, `<path class="line %s" d="%s"/>`, class, d.String())
	c.keep(class, x, y)
}

// clamp keeps far-away points near the paper: renderers lose precision beyond.
func clamp(v float64) float64 { return max(-2000, min(2000, v)) }

// dots are points of one colour, all in one path: strokes of no length with round ends.
func (c *chart) dots(class string, x, y []float64) {
	var d strings.Builder
	for k := range x {
		px, py := c.px(x[k]), c.py(y[k])
		if !math.IsNaN(px+py) && !math.IsInf(px+py, 0) {
			fmt.Fprintf(&d, "M%.1f %.1fh0", px, clamp(py))
		}
	}
	fmt.Fprintf(&c.marks, `<path class="dots %s" d="%s"/>`, class, d.String())
	c.keep(class, x, y)
}

// bars of a histogram stand on the x axis; from is the left edge of the first.
func (c *chart) bars(class string, from, width float64, heights []float64) {
	base := c.py(0)
	var d strings.Builder
	middles := make([]float64, len(heights))
	for k, h := range heights {
		middles[k] = from + (float64(k)+0.5)*width
		if h > 0 {
			left := c.px(from + float64(k)*width)
			right := c.px(from + float64(k+1)*width)
			fmt.Fprintf(&d, "M%.2f %.1fV%.1fH%.2fV%.1fZ", left+0.4, base, c.py(h), right-0.4, base)
		}
	}
	fmt.Fprintf(&c.marks, `<path class="bars %s" d="%s"/>`, class, d.String())
	c.keep(class, middles, heights)
}

// band shades a range of x.
func (c *chart) band(class string, from, to float64) {
	from, to = max(from, c.x.lo), min(to, c.x.hi)
	if from < to {
		fmt.Fprintf(&c.under, `<rect class="band %s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, class,
			c.px(from), marginTop, c.px(to)-c.px(from), c.height-marginTop-marginBottom)
	}
}

// guide is a straight dashed line between two points.
func (c *chart) guide(x0, y0, x1, y1 float64) {
	fmt.Fprintf(&c.under, `<path class="guide" d="M%.1f %.1fL%.1f %.1f"/>`, c.px(x0), c.py(y0), c.px(x1), c.py(y1))
}

func (c *chart) key(class, text string) { c.legend = append(c.legend, key{class, text, false}) }

// dotKey names a series of points.
func (c *chart) dotKey(class, text string) { c.legend = append(c.legend, key{class, text, true}) }

// svg draws everything, clipped to the frame.
func (c *chart) svg(id string) template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" aria-labelledby="%s-t %s-d">`, paperWidth, c.height, id, id)
	fmt.Fprintf(&b, `<title id="%s-t">%s</title><desc id="%s-d">%s</desc>`, id, html.EscapeString(c.title), id, html.EscapeString(c.about))
	top, left := marginTop, marginLeft
	width, height := paperWidth-marginLeft-marginRight, c.height-marginTop-marginBottom
	fmt.Fprintf(&b, `<clipPath id="%s-c"><rect x="%g" y="%g" width="%g" height="%g"/></clipPath>`, id, left, top, width, height)
	c.drawAxes(&b)
	fmt.Fprintf(&b, `<g clip-path="url(#%s-c)">%s%s</g>`, id, c.under.String(), c.marks.String())
	fmt.Fprintf(&b, `<rect class="frame" x="%g" y="%g" width="%g" height="%g"/>`, left, top, width, height)
	c.drawNotes(&b)
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

func (c *chart) drawAxes(b *strings.Builder) {
	bottom, right := c.height-marginBottom, paperWidth-marginRight
	ticks := c.x.ticks(6)
	for k, text := range c.x.labels(ticks) {
		x := c.px(ticks[k])
		fmt.Fprintf(b, `<path class="grid" d="M%.1f %gV%g"/><text class="tick" x="%.1f" y="%g" text-anchor="middle">%s</text>`,
			x, marginTop, bottom, x, bottom+16, text)
	}
	ticks = c.y.ticks(6)
	for k, text := range c.y.labels(ticks) {
		y := c.py(ticks[k])
		fmt.Fprintf(b, `<path class="grid" d="M%g %.1fH%g"/><text class="tick" x="%g" y="%.1f" text-anchor="end">%s</text>`,
			marginLeft, y, right, marginLeft-6, y+4, text)
	}
	fmt.Fprintf(b, `<text class="label" x="%g" y="%g" text-anchor="middle">%s</text>`,
		(marginLeft+right)/2, c.height-8, html.EscapeString(c.x.label))
	middle := (marginTop + bottom) / 2
	fmt.Fprintf(b, `<text class="label" x="13" y="%.1f" text-anchor="middle" transform="rotate(-90 13 %.1f)">%s</text>`,
		middle, middle, html.EscapeString(c.y.label))
}

func (a axis) labels(ticks []float64) []string {
	if a.log {
		return logLabels(ticks)
	}
	return tickLabels(ticks)
}

// letter is the mean width of one in a note, generously: nothing here can measure text.
const letter = 6.9

// drawNotes writes notes, then the legend, from the top of the left or right corner downwards, on paper of their own: lines
// and guides pass behind it.
func (c *chart) drawNotes(b *strings.Builder) {
	x, anchor, swatch := marginLeft+10, "start", 0.0
	if c.notesRight {
		x, anchor = paperWidth-marginRight-10, "end"
	}
	y := marginTop + 18
	c.drawBacking(b, x)
	for _, n := range c.notes {
		fmt.Fprintf(b, `<text class="note" x="%g" y="%g" text-anchor="%s">%s</text>`, x, y, anchor, html.EscapeString(n))
		y += 16
	}
	for _, k := range c.legend {
		if c.notesRight {
			swatch = x - 18
			fmt.Fprintf(b, `<text class="note" x="%g" y="%g" text-anchor="end">%s</text>`, swatch-6, y, html.EscapeString(k.text))
		} else {
			swatch = x
			fmt.Fprintf(b, `<text class="note" x="%g" y="%g">%s</text>`, x+24, y, html.EscapeString(k.text))
		}
		if k.dot {
			fmt.Fprintf(b, `<path class="dots key %s" d="M%g %gh0"/>`, k.class, swatch+9, y-4)
		} else {
			fmt.Fprintf(b, `<path class="key %s" d="M%g %gh18"/>`, k.class, swatch, y-4)
		}
		y += 16
	}
}

// drawBacking puts paper under the notes and the legend that start, or end, at x.
func (c *chart) drawBacking(b *strings.Builder, x float64) {
	lines, letters := len(c.notes)+len(c.legend), 0
	if lines == 0 {
		return
	}
	for _, n := range c.notes {
		letters = max(letters, utf8.RuneCountInString(n))
	}
	width := letter * float64(letters)
	for _, k := range c.legend {
		width = max(width, 24+letter*float64(utf8.RuneCountInString(k.text)))
	}
	if c.notesRight {
		x -= width
	}
	fmt.Fprintf(b, `<rect class="backing" x="%.1f" y="%g" width="%.1f" height="%g"/>`, x-4, marginTop+4, width+8, 16*float64(lines)+4)
}
