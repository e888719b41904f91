package validate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"mlff/structure"
)

// Scatter is what a parity plot and an error histogram show of one quantity.
type Scatter struct {
	Unit      string    `json:"unit"` // of the points
	Label     []float32 `json:"label"`
	Predicted []float32 `json:"predicted"`
	Numbers   []int     `json:"numbers,omitempty"` // atomic number of each point, where it belongs to an atom
	Of        int       `json:"of"`                // how many values the points were drawn from
	Errors    Histogram `json:"errors"`            // over all values
}

// Histogram counts the signed errors (predicted - label) of a quantity.
type Histogram struct {
	Unit    string  `json:"unit"`
	From    float64 `json:"from"` // left edge of the first bin
	Width   float64 `json:"width"`
	Counts  []int   `json:"counts"`
	Outside int     `json:"outside"` // errors beyond the bins, which hold at least 99 % of all
	Mean    float64 `json:"mean"`    // of the signed errors
	Median  float64 `json:"median"`  // of the absolute errors
	P95     float64 `json:"p95"`     // 95 % of the absolute errors are at most this
	P99     float64 `json:"p99"`
	Max     float64 `json:"max"` // largest absolute error
}

// bins is how many bins n values fill: more values, finer bins (the cube root of Rice's rule). Odd: zero is the centre
// of one.
func bins(n int) int { return min(2*int(math.Cbrt(float64(n)))+5, 61) | 1 }

// gathering sees all values of a quantity and keeps a fair sample of them (algorithm R, Vitter 1985).
type gathering struct {
	unit, errorUnit string
	errorScale      float64 // unit -> errorUnit
	rand            *rand.Rand
	points          []point
	limit           int
	errors          []float32
	classes         map[string]*average
}

type point struct {
	label, predicted float64
	class            string
	number           int
}

type average struct {
	sum float64
	n   int
}

func newGathering(name, unit, errorUnit string, errorScale float64, limit int, seed uint64) *gathering {
	return &gathering{unit: unit, errorUnit: errorUnit, errorScale: errorScale, limit: limit,
		rand: structure.Rand(seed, "parity "+name, 0), classes: map[string]*average{}}
}

// add notes one value; class names what shares a mean that is to be taken off, "" for none.
func (g *gathering) add(label, predicted float64, class string, number int) {
	if class != "" {
		if g.classes[class] == nil {
			g.classes[class] = &average{}
		}
		g.classes[class].sum += label
		g.classes[class].n++
	}
	g.errors = append(g.errors, single(g.errorScale*(predicted-label)))
	p := point{label, predicted, class, number}
	if len(g.points) < g.limit {
		g.points = append(g.points, p)
	} else if k := g.rand.IntN(len(g.errors)); k < g.limit {
		g.points[k] = p
	}
}

// scatter is nil where nothing was added.
func (g *gathering) scatter() *Scatter {
	if len(g.errors) == 0 {
		return nil
	}
	s := &Scatter{Unit: g.unit, Of: len(g.errors), Errors: histogram(g.errors, g.errorUnit)}
	for _, p := range g.points {
		zero := 0.0
		if a := g.classes[p.class]; a != nil {
			zero = a.sum / float64(a.n)
		}
		s.Label = append(s.Label, single(p.label-zero))
		s.Predicted = append(s.Predicted, single(p.predicted-zero))
		if p.number > 0 {
			s.Numbers = append(s.Numbers, p.number)
		}
	}
	return s
}

// single keeps what is too large for float32 finite, for JSON knows no infinities.
func single(v float64) float32 { return float32(max(-math.MaxFloat32, min(v, math.MaxFloat32))) }

// histogram bins errors symmetrically about zero; it sorts its argument by size.
func histogram(errors []float32, unit string) Histogram {
	h := Histogram{Unit: unit, Counts: make([]int, bins(len(errors)))}
	n := float64(len(h.Counts))
	for _, e := range errors {
		h.Mean += float64(e) / float64(len(errors))
	}
	absolute := func(e float32) float32 { return max(e, -e) }
	slices.SortFunc(errors, func(a, b float32) int { return cmp.Compare(absolute(a), absolute(b)) })
	quantile := func(q float64) float64 {
		return float64(absolute(errors[int(math.Ceil(q*float64(len(errors))))-1]))
	}
	h.Median, h.P95, h.P99, h.Max = quantile(0.5), quantile(0.95), quantile(0.99), quantile(1)
	reach := max(h.P99, 1e-6) // an exact potential still has a histogram
	h.Width = 2 * reach * (1 + 1e-6) / n
	h.From = -h.Width * n / 2
	for _, e := range errors {
		if k := int(math.Floor((float64(e) - h.From) / h.Width)); k >= 0 && k < len(h.Counts) {
			h.Counts[k]++
		} else {
			h.Outside++
		}
	}
	return h
}
