package validate

import "fmt"

// The bars of the gate beside that of the configuration: the largest error of an atom over the median of all atoms of
// the same frames, and the number of bonds that only the student breaks.
const (
	mostLargest = 10.0
	mostBroken  = 0.0
)

// checks hold every state against the bars. The force error may be bar times that of held-out frames; without a bar
// nothing decides, but the figures stand there.
func (g *Gate) checks(bar *float64) []Check {
	if g == nil {
		return nil
	}
	var checks []Check
	for k := range g.States {
		checks = append(checks, g.stateChecks(&g.States[k], bar)...)
	}
	return checks
}

func (g *Gate) stateChecks(s *State, bar *float64) []Check {
	worst, broken := mostLargest, mostBroken
	forces := decide("on-policy force error", nil, "× held-out", "at most", bar)
	atom := decide("on-policy worst atom", nil, "× median", "at most", &worst)
	if r := g.Reference; r != nil && s.MAE != nil && r.MAE > 0 {
		ratio := *s.MAE / r.MAE
		forces = decide(forces.Name, &ratio, forces.Unit, forces.Sense, bar)
	}
	if s.MAE != nil {
		forces.Note = fmt.Sprintf("MAE %.3g meV/Å over %d frames of %d atoms, %.2g ps apart", *s.MAE, s.Frames, s.Atoms, s.Interval)
		if *s.Median > 0 {
			largest := *s.Largest / *s.Median
			atom = decide(atom.Name, &largest, atom.Unit, atom.Sense, &worst)
			atom.Note = fmt.Sprintf("%s: %.3g meV/Å, median %.3g", s.Where, *s.Largest, *s.Median)
		}
	}
	if s.Failure != "" {
		forces = failedWith(forces, s.Failure)
		forces.Decides = bar != nil
	}
	checks := []Check{forces, atom}
	if s.Molecules {
		n := float64(len(s.Broken))
		c := decide("bonds broken that the teacher keeps", &n, "", "at most", &broken)
		if n > 0 {
			c.Note = s.Broken[0]
		}
		checks = append(checks, c)
	}
	for k := range checks {
		checks[k].State, checks[k].Decides = s.Name, bar != nil
	}
	if d, deviation := s.Density(); d != nil {
		percent := 100 * *d
		checks = append(checks, Check{Name: "density error", State: s.Name, Figure: &percent, Unit: "%",
			Note: fmt.Sprintf("± %.2g %%; pressure off by %.3g GPa, compressibility %.3g/GPa from %s", 100**deviation, *s.Pressure, *s.Stiffness, s.From)})
	}
	return checks
}
