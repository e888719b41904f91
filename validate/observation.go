package validate

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Observation is one property of student and teacher side by side.
type Observation struct {
	Name       string   `json:"name"`
	State      string   `json:"state,omitempty"` // structure and temperature it speaks of
	Unit       string   `json:"unit,omitempty"`
	Student    *Value   `json:"student"` // null where the property is a whole curve
	Teacher    *Value   `json:"teacher"`
	Difference *Value   `json:"difference"`        // what the bar speaks of; null: not established
	Measure    string   `json:"measure,omitempty"` // unit of difference and bar
	Bar        *float64 `json:"bar"`               // the difference, or its upper 95 % bound, must not exceed it
	Decides    bool     `json:"decides,omitempty"` // whether missing it fails the student
	Verdict    string   `json:"verdict"`           // Green, Amber, Red or Unknown
	Reason     string   `json:"reason"`
	Method     string   `json:"method,omitempty"`
}

// Verdicts. Green: the bar is held, by the upper bound where there are statistics. Red: missed by more than a factor of
// two, with certainty. Amber: between. Unknown: not established.
const (
	Green   = "green"
	Amber   = "amber"
	Red     = "red"
	Unknown = "not established"
)

// tolerance is how far a student may be from its teacher: the larger of an absolute and a relative part of the
// teacher's value. Those that decide are the bars that a certificate rests on; the others warn.
type tolerance struct {
	absolute, relative float64
	decides            bool
}

var (
	latticeTolerance   = tolerance{relative: 0.001, decides: true}             // 0.1 %
	modulusTolerance   = tolerance{absolute: 3, relative: 0.05, decides: true} // GPa: what DFT codes differ by
	phononTolerance    = tolerance{absolute: 0.1, decides: true}               // THz
	vibrationTolerance = tolerance{absolute: 10, decides: true}                // cm⁻¹
	vacancyTolerance   = tolerance{absolute: 0.1, relative: 0.05}              // eV
	surfaceTolerance   = tolerance{absolute: 0.05, relative: 0.05}             // J/m²
	radialTolerance    = tolerance{absolute: 2, decides: true}                 // % of the integral of g r²
	angularTolerance   = tolerance{absolute: 5}                                // % of the angles
	spectrumTolerance  = tolerance{absolute: 10}                               // % of the modes
	diffusionTolerance = tolerance{absolute: 2e-3, relative: 0.2}              // Å²/ps; slower is still within these runs
	densityTolerance   = tolerance{relative: 0.01}
	transferTolerance  = tolerance{absolute: 1.2, decides: true} // times the error in the training cell
)

func (t tolerance) bar(teacher float64) *float64 {
	b := math.Max(t.absolute, t.relative*math.Abs(teacher))
	return &b
}

// compared is a property that both have, with |student - teacher| held against the tolerance.
func compared(name, state, unit string, student, teacher *Value, t tolerance, method string) Observation {
	d := &Value{Mean: math.Abs(student.Mean - teacher.Mean)}
	if student.Error != nil && teacher.Error != nil {
		e := math.Hypot(*student.Error, *teacher.Error)
		d.Error = &e
	}
	o := Observation{Name: name, State: state, Unit: unit, Student: student, Teacher: teacher, Difference: d, Measure: unit,
		Bar: t.bar(teacher.Mean), Decides: t.decides, Method: method}
	o.judge()
	return o
}

// differing is a property that only the difference of two curves tells.
func differing(name, state, unit string, d *Value, t tolerance, method string) Observation {
	o := Observation{Name: name, State: state, Difference: d, Measure: unit, Bar: t.bar(0), Decides: t.decides, Method: method}
	o.judge()
	return o
}

// unknown is a property that could not be had.
func unknown(name, state, reason string) Observation {
	return Observation{Name: name, State: state, Verdict: Unknown, Reason: reason}
}

// broken is something that went wrong on the way, and should not have.
func broken(name, state, reason string) Observation {
	return Observation{Name: name, State: state, Decides: true, Verdict: Red, Reason: reason}
}

func (o *Observation) judge() {
	d := o.Difference
	if !finite(d.Mean) {
		o.Difference, o.Verdict, o.Reason = nil, Unknown, "the figure is not finite"
		return
	}
	figure := o.figure()
	switch bar := *o.Bar; {
	case d.upper() <= bar:
		o.Verdict, o.Reason = Green, fmt.Sprintf("%s, within %.3g", figure, bar)
	case d.lower() > 2*bar:
		o.Verdict, o.Reason = Red, fmt.Sprintf("%s, more than twice %.3g", figure, bar)
	case d.lower() > bar:
		o.Verdict, o.Reason = Amber, fmt.Sprintf("%s, beyond %.3g", figure, bar)
	default:
		o.Verdict, o.Reason = Amber, fmt.Sprintf("%s: the statistics do not decide about %.3g", figure, bar)
	}
}

// figure is the difference in words.
func (o *Observation) figure() string {
	d := o.Difference
	if d.Error == nil {
		return strings.TrimSpace(fmt.Sprintf("%.3g %s", d.Mean, o.Measure))
	}
	return strings.TrimSpace(fmt.Sprintf("%.3g ± %.2g %s", d.Mean, *d.Error, o.Measure))
}

// above tells of distances that chance alone puts between runs of the same. Where they are on average beyond the bar, the
// difference says nothing about that, unless the largest of them would leave it beyond the bar.
func (o *Observation) above(chance []float64) {
	noise := mean(chance)
	o.Method += fmt.Sprintf("; noise floor %.3g %s", noise, o.Measure)
	if o.Difference == nil || noise <= *o.Bar || o.Difference.lower()-slices.Max(chance) > *o.Bar {
		return
	}
	o.Verdict, o.Decides = Unknown, false
	o.Reason = fmt.Sprintf("%s, not resolved by this length (noise floor %.3g %s)", o.figure(), noise, o.Measure)
}

// Check is the observation as a certificate keeps it. Where there are statistics the figure is the upper 95 % bound.
func (o *Observation) Check() Check {
	c := Check{Name: o.Name, State: o.State, Unit: o.Measure, Sense: "at most", Bar: o.Bar, Decides: o.Decides, Note: o.Method}
	d := o.Difference
	if o.Verdict == Red && d == nil {
		return failedWith(c, o.Reason)
	}
	if d == nil {
		c.Note = "not established: " + o.Reason
		return c
	}
	figure := d.upper()
	c.Figure = &figure
	if d.Error != nil {
		c.Note = strings.TrimPrefix(fmt.Sprintf("%s; upper 95 %% bound of %.3g ± %.2g", o.Method, d.Mean, *d.Error), "; ")
	}
	if o.Verdict == Unknown {
		c.Note += "; not resolved by this length"
	} else if pass := figure <= *o.Bar; pass || d.lower() > *o.Bar {
		c.Pass = &pass
	}
	return c
}

// Curve is a function that both have.
type Curve struct {
	Name         string    `json:"name"`
	State        string    `json:"state,omitempty"`
	XUnit        string    `json:"x_unit"`
	Unit         string    `json:"unit"`
	X            []float64 `json:"x"`
	Student      []float64 `json:"student"`
	Teacher      []float64 `json:"teacher"`
	StudentError []float64 `json:"student_error,omitempty"` // standard errors
	TeacherError []float64 `json:"teacher_error,omitempty"`
	StudentX     []float64 `json:"student_x,omitempty"` // where the two are not known at the same places
}
