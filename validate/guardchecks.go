package validate

import "fmt"

// The bars of the guard. They warn: a student may be good where it is taught and know badly where it is not.
const (
	mostFalseAlarms = 0.05
	leastCaught     = 0.99
	leastSpearman   = 0.8
)

func (g *Guard) checks() []Check {
	if g == nil {
		return nil
	}
	falseAlarms, caught, rank := mostFalseAlarms, leastCaught, leastSpearman
	checks := []Check{
		decide("guard: known frames that alarm", &g.FalseAlarms, "share", "at most", &falseAlarms),
		decide("guard: wrong frames that alarm", g.Caught, "share", "at least", &caught),
		decide("guard: rank correlation of grade and error", g.Spearman, "Spearman", "at least", &rank),
		{Name: "guard: area under the ROC curve", Figure: g.AUROC, Unit: "AUROC"},
		{Name: "guard: wrong frames caught at 5 % false alarms", Figure: g.CaughtAt5, Unit: "share"},
		{Name: "guard: false alarms", Figure: g.PerNs, Unit: "per ns of 1000 atoms", Note: g.PerNsFrom},
	}
	checks[0].Note = g.frames()
	for k := range checks {
		checks[k].Decides = false
	}
	return checks
}

// frames says how many frames score the guard, and what others calibrated it.
func (g *Guard) frames() string {
	text := fmt.Sprintf("of %d test frames", len(g.Known.Grades)-g.Gate)
	if g.Gate > 0 {
		text += fmt.Sprintf(" and %d of the on-policy gate", g.Gate)
	}
	if g.Calibration != "" {
		text += "; calibrated on " + g.Calibration
	}
	return text
}
