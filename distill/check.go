package distill

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"mlff/sample"
	"mlff/structure"
)

// Marshal writes the configuration as a file that Load accepts and that says every key.
func (c *Config) Marshal() ([]byte, error) { return yaml.Marshal(c) }

// Check finds what no run can work with: nothing to learn from, two sources of labels, values out of range.
func (c *Config) Check() error {
	if err := c.checkSource(); err != nil {
		return err
	}
	for _, rule := range c.rules() {
		if !rule.holds {
			return structure.Hint(fmt.Errorf("%s: %v is out of range", rule.key, rule.value), rule.hint)
		}
	}
	if w := c.Train.Weights; w == (Weights{}) {
		return structure.Hint(fmt.Errorf("train.weights: all are zero"), "give forces a weight above zero, such as 1")
	}
	for _, name := range c.Sample.Extra {
		if !slices.Contains(sample.Extras(), name) {
			return structure.Hint(fmt.Errorf("sample.extra: nothing is called %q", name), nearest(name, sample.Extras()))
		}
	}
	for _, ends := range c.Sample.Paths {
		if len(ends) != 2 {
			return structure.Hint(fmt.Errorf("sample.paths: a path with %d files", len(ends)), "give the two ends of each path, such as [[a.xyz, b.xyz]]")
		}
	}
	if learn := []string{learnBoth, learnForces, learnEnergies}; !slices.Contains(learn, c.Train.Learn) {
		return structure.Hint(fmt.Errorf("train.learn: nothing is called %q", c.Train.Learn), nearest(c.Train.Learn, learn))
	}
	if c.weights() == (Weights{}) {
		return structure.Hint(fmt.Errorf("train.weights: all that is left by train.learn: %s are zero", c.Train.Learn), "give what is learned a weight above zero, such as 1")
	}
	if c.Train.Loss != "squared" && c.Train.Loss != "huber" {
		return structure.Hint(fmt.Errorf("train.loss: unknown loss %q", c.Train.Loss), nearest(c.Train.Loss, []string{"squared", "huber"}))
	}
	return nil
}

func (c *Config) checkSource() error {
	switch {
	case c.Teacher == "" && len(c.Data) == 0:
		return structure.Hint(fmt.Errorf("nothing to learn from: neither a teacher nor data"),
			"give --data train.extxyz, or a configuration with `teacher:` such as examples/silicon.yaml")
	case c.Teacher != "" && len(c.Data) > 0:
		return structure.Hint(fmt.Errorf("both a teacher (%s) and data (%s)", c.Teacher, c.Data[0].File),
			"give one of them; a finished run of a teacher takes further frames with --add FILE")
	case c.Teacher != "" && len(c.Structures) == 0:
		return structure.Hint(fmt.Errorf("the teacher %s has no start structures", c.Teacher),
			"name at least one file under `structures:` or with --structures")
	case c.Teacher == "" && len(c.Structures) > 0:
		return structure.Hint(fmt.Errorf("structures (%s) without a teacher", c.Structures[0]),
			"only a teacher starts from structures: name one with `teacher:` or --teacher, or leave them out")
	case c.Domain.Charge != 0 || c.Domain.Spin != 1:
		if kind, _, _ := strings.Cut(c.Teacher, ":"); c.Teacher == "sw-si" || c.Teacher == "lj-ar" || kind == "eam" {
			return structure.Hint(fmt.Errorf("domain: %s knows neither charge nor spin", c.Teacher), "leave out domain.charge and domain.spin")
		}
	}
	return nil
}

const (
	leastCutoff = 1.5 // Å: few bonds are shorter
	leastBudget = Duration(time.Second)
	mostBudget  = Duration(10000 * time.Hour)
)

type rule struct {
	key   string
	value any
	holds bool
	hint  string
}

// rules are the ranges of single values; none has a reason beyond "outside it nothing sensible happens".
func (c *Config) rules() []rule {
	whole := func(key string, v, low, high int) rule {
		return rule{key, v, v >= low && v <= high, fmt.Sprintf("give a whole number from %d to %d", low, high)}
	}
	real := func(key string, v, low, high float64) rule {
		return rule{key, v, v >= low && v <= high, fmt.Sprintf("give a number from %g to %g", low, high)}
	}
	s := c.Student
	rules := []rule{
		whole("sample.labels", c.Sample.Labels, 10, math.MaxInt32),
		real("sample.rattle", c.Sample.Rattle, 0, 2),
		real("sample.strain", c.Sample.Strain, 0, 0.5),
		whole("student.radial", s.Radial, 1, 64),
		whole("student.channels", s.Channels, 1, 128),
		whole("student.mixed", s.Mixed, 1, 128),
		whole("student.hidden", s.Hidden, 1, 1024),
		whole("student.lmax", s.LMax, 1, 3),
		whole("student.lt", s.LT, 1, 3),
		{"student.lt", s.LT, s.LT <= s.LMax, fmt.Sprintf("it must not exceed student.lmax, which is %d", s.LMax)},
		whole("student.layers", s.Layers, 1, 1),
		whole("student.intervals", s.Intervals, 8, 1024),
		real("price_per_hour", c.PricePerHour, 0, 1e9),
		whole("train.batch", c.Train.Batch, 1, math.MaxInt32),
		real("train.rate", c.Train.Rate, 1e-9, 1),
		real("train.weights.energy", c.Train.Weights.Energy, 0, 1e6),
		real("train.weights.forces", c.Train.Weights.Forces, 0, 1e6),
		real("train.weights.stress", c.Train.Weights.Stress, 0, 1e6),
		{"domain.temperatures", c.Domain.Temperatures, len(c.Domain.Temperatures) > 0 || c.Teacher == "", "name at least one temperature in K"},
		{"domain.pressure", c.Domain.Pressure, c.Domain.Pressure[0] <= c.Domain.Pressure[1], "give the lower pressure first, in GPa"},
	}
	for k, bar := range []*float64{c.Bars.Energy, c.Bars.Forces, c.Bars.Stress} {
		if bar != nil {
			rules = append(rules, rule{[]string{"bars.energy", "bars.forces", "bars.stress"}[k], *bar, *bar > 0 && *bar <= 1, "give an accuracy above 0 and up to 1, such as 0.95"})
		}
	}
	if d := c.Bars.Drift; d != nil {
		rules = append(rules, rule{"bars.drift", *d, *d >= 0 && *d <= math.MaxFloat64, "give meV/atom/ps, at least 0"})
	}
	if p := c.Bars.OnPolicy; p != nil {
		rules = append(rules, rule{"bars.on_policy", *p, *p > 0 && *p <= math.MaxFloat64, "give a ratio above 0, such as 1.5"})
	}
	if s.Cutoff != 0 {
		rules = append(rules, real("student.cutoff", float64(s.Cutoff), leastCutoff, 15))
	}
	if c.Train.Steps == nil {
		d := c.Train.Budget
		rules = append(rules, rule{"train.budget", d, d >= leastBudget && d <= mostBudget, "give a time from 1s to 10000h"})
	} else {
		rules = append(rules, whole("train.steps", *c.Train.Steps, 1, math.MaxInt32))
	}
	for _, t := range c.Domain.Temperatures {
		rules = append(rules, real("domain.temperatures", t, 1, 20000))
	}
	for _, d := range slices.Concat(c.Data, c.Finetune) {
		rules = append(rules, rule{"data.weight", d.Weight, d.Weight > 0 && d.Weight <= 1e6, fmt.Sprintf("give a number above 0, or leave %s out", d.File)})
	}
	return rules
}
