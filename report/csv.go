package report

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// series is what one colour of a chart shows.
type series struct {
	class string
	x, y  []float64
}

// keep remembers what is drawn; a line and its dots are one series.
func (c *chart) keep(class string, x, y []float64) {
	colour, _, _ := strings.Cut(class, " ")
	for _, s := range c.data {
		if s.class == colour && len(s.x) == len(x) {
			return
		}
	}
	if len(x) > 0 {
		c.data = append(c.data, series{colour, x, y})
	}
}

// csv is a link that saves the numbers of a chart: series, x, y, with the labels of the axes, which hold the units, as
// heads. It lies in the page itself, so that it works without a network.
func (c *chart) csv() template.URL {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	_ = w.Write([]string{"series", c.x.label, c.y.label}) // a buffer takes everything
	for _, s := range c.data {
		for k := range s.x {
			if !math.IsNaN(s.x[k] + s.y[k]) {
				_ = w.Write([]string{c.nameOf(s.class), digits(s.x[k]), digits(s.y[k])})
			}
		}
	}
	w.Flush()
	return template.URL("data:text/csv;charset=utf-8;base64," + base64.StdEncoding.EncodeToString(text.Bytes()))
}

// nameOf is the legend of a colour, else the title of the chart.
func (c *chart) nameOf(class string) string {
	for _, k := range c.legend {
		if k.class == class {
			return k.text
		}
	}
	return c.title
}

// digits are seven significant ones: more than a float32 holds or a plot shows.
func digits(v float64) string { return strconv.FormatFloat(v, 'g', 7, 64) }
