package dataset

import (
	"fmt"
	"math"
	"slices"

	"mlff/structure"
)

const (
	perMilli = 1e3                 // eV -> meV
	perMPa   = 1e3 / structure.GPa // eV/Å³ -> MPa
	minimum  = 10                  // frames below which no accuracy is stated
	spread   = 1.0                 // meV/atom (meV/Å, MPa): smaller spreads make the accuracy meaningless
)

// Comparison accumulates how far predictions are from labels. The zero value is ready; it keeps the labelled
// components (8 bytes each), for the spread around their mean is known only at the end.
//
// With y a label and p its prediction, one sample per component,
//
//	accuracy = 1 - mean|p - y| / mean|y - mean(y)|      R² = 1 - sum (p - y)² / sum (y - mean(y))²
//
// energies are per atom and their mean(y) is taken per composition (the error itself is never shifted), forces and the
// nine stress components have one mean each; e* = std over frames of (E_p - E_y)/sqrt(N).
type Comparison struct {
	total   tally
	species map[int]*quantity // forces on the atoms of a species
	types   map[string]*tally // by config_type
}

// tally is everything compared over one set of frames.
type tally struct {
	frames                 int
	energy, forces, stress quantity
	star                   []float64 // (E_p - E_y)/sqrt(N), meV
}

// quantity gathers the samples of one labelled quantity in its display unit.
type quantity struct {
	frames   int
	abs, sqr float64              // sums of |p - y| and (p - y)²
	labels   map[string][]float64 // y, by the class that shares a mean
}

func (q *quantity) add(class string, p, y float64) {
	if q.labels == nil {
		q.labels = map[string][]float64{}
	}
	q.labels[class] = append(q.labels[class], y)
	q.abs += math.Abs(p - y)
	q.sqr += (p - y) * (p - y)
}

// Add compares one prediction with the labels of its frame; what is not labelled is not compared, and stress only where
// all three directions are periodic. It refuses predictions of another length or that are not finite.
func (c *Comparison) Add(label *structure.Frame, r *structure.Result) error {
	if err := checkPrediction(label, r); err != nil {
		return err
	}
	if c.types == nil {
		c.species, c.types = map[int]*quantity{}, map[string]*tally{}
	}
	name := configType(label, "")
	if c.types[name] == nil {
		c.types[name] = &tally{}
	}
	c.total.add(label, r)
	c.types[name].add(label, r)
	c.addSpecies(label, r)
	return nil
}

func checkPrediction(label *structure.Frame, r *structure.Result) error {
	if len(r.Forces) != label.Len() {
		return fmt.Errorf("%d atoms have %d predicted forces", label.Len(), len(r.Forces))
	}
	sum := r.Energy
	for _, f := range r.Forces {
		sum += f[0] + f[1] + f[2]
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		return fmt.Errorf("the predicted energy or forces are not finite")
	}
	return nil
}

func (t *tally) add(label *structure.Frame, r *structure.Result) {
	t.frames++
	n := float64(label.Len())
	if label.Energy != nil {
		t.energy.frames++
		t.energy.add(Composition(label.Numbers), perMilli*r.Energy/n, perMilli**label.Energy/n)
		t.star = append(t.star, perMilli*(r.Energy-*label.Energy)/math.Sqrt(n))
	}
	if label.Forces != nil {
		t.forces.frames++
		for i := range label.Forces {
			t.forces.addVector(r.Forces[i], label.Forces[i])
		}
	}
	if label.Stress != nil && label.Periodic() {
		t.stress.frames++
		p := structure.Tensor(structure.StressOf(r.Virial, label.Volume()))
		y := structure.Tensor(*label.Stress)
		for a := range y {
			for b := range y[a] {
				t.stress.add("", perMPa*p[a][b], perMPa*y[a][b])
			}
		}
	}
}

func (q *quantity) addVector(p, y [3]float64) {
	for a := range y {
		q.add("", perMilli*p[a], perMilli*y[a])
	}
}

func (c *Comparison) addSpecies(label *structure.Frame, r *structure.Result) {
	if label.Forces == nil {
		return
	}
	seen := map[int]bool{}
	for i, z := range label.Numbers {
		q := c.species[z]
		if q == nil {
			q = &quantity{}
			c.species[z] = q
		}
		if !seen[z] {
			seen[z] = true
			q.frames++
		}
		q.addVector(r.Forces[i], label.Forces[i])
	}
}

// Errors is the comparison over all frames added so far.
func (c *Comparison) Errors() structure.Errors { return c.total.errors() }

func (t *tally) errors() structure.Errors {
	e := structure.Errors{Frames: t.frames, Energy: t.energy.quality(), Forces: t.forces.quality(), Stress: t.stress.quality()}
	if len(t.star) > 0 {
		s := deviation(t.star)
		e.EStar = &s
	}
	return e
}

// quality is nil where nothing was labelled.
func (q *quantity) quality() *structure.Quality {
	n, abs, sqr := q.spread()
	if n == 0 {
		return nil
	}
	out := &structure.Quality{MAE: q.abs / n, RMSE: math.Sqrt(q.sqr / n)}
	if q.frames < minimum || abs/n < spread {
		return out
	}
	accuracy, r2 := 1-q.abs/abs, 1-q.sqr/sqr
	out.Accuracy, out.R2 = &accuracy, &r2
	return out
}

// spread is the number of samples and the sums of |y - mean(y)| and (y - mean(y))², each class with its own mean.
// Classes are taken in the order of their names, so that equal input gives equal bits.
func (q *quantity) spread() (n, abs, sqr float64) {
	for _, class := range sortedKeys(q.labels) {
		y := q.labels[class]
		n += float64(len(y))
		m := mean(y)
		for _, v := range y {
			abs += math.Abs(v - m)
			sqr += (v - m) * (v - m)
		}
	}
	return n, abs, sqr
}

// SpeciesErrors is the force error on the atoms of one element.
type SpeciesErrors struct {
	Number int               `json:"number"` // atomic number
	Symbol string            `json:"symbol"`
	Atoms  int               `json:"atoms"`
	Forces structure.Quality `json:"forces"`
}

// BySpecies is the force error of each element, ascending by atomic number.
func (c *Comparison) BySpecies() []SpeciesErrors {
	var out []SpeciesErrors
	for _, z := range sortedKeys(c.species) {
		q := c.species[z]
		out = append(out, SpeciesErrors{z, structure.Symbol(z), len(q.labels[""]) / 3, *q.quality()})
	}
	return out
}

// TypeErrors is the comparison over the frames of one config_type ("" where a frame has none).
type TypeErrors struct {
	Type   string           `json:"config_type"`
	Errors structure.Errors `json:"test"`
}

// ByType is the comparison for each config_type, in the order of their names.
func (c *Comparison) ByType() []TypeErrors {
	var out []TypeErrors
	for _, name := range sortedKeys(c.types) {
		out = append(out, TypeErrors{name, c.types[name].errors()})
	}
	return out
}

func mean(y []float64) float64 {
	s := 0.0
	for _, v := range y {
		s += v
	}
	return s / float64(len(y))
}

func deviation(y []float64) float64 {
	m, s := mean(y), 0.0
	for _, v := range y {
		s += (v - m) * (v - m)
	}
	return math.Sqrt(s / float64(len(y)))
}

func sortedKeys[K int | string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
