package validate

import (
	"fmt"

	"mlff/structure"
)

// teacherReweighted gives the frames of the teacher's own runs, which cost nothing more, the weights of the student.
func (v *surveyor) teacherReweighted(start *structure.Structure, runs []Trajectory, state string, temperature float64) {
	student, err := v.student()
	if err != nil {
		v.add(unknown("the teacher's runs", state, err.Error()))
		return
	}
	var excess []float64
	var structures []structure.Structure
	var out structure.Result
	for k := range runs {
		for i := 0; i < len(runs[k].Samples); i += max(1, int(strideFrames/runs[k].Interval)) {
			s := runs[k].Structure(i)
			if err := student.Evaluate(&s, &out); err != nil {
				v.add(unknown("the teacher's runs", state, "the student: "+err.Error()))
				return
			}
			structures, excess = append(structures, s), append(excess, out.Energy-runs[k].Samples[i].Energy)
		}
	}
	v.reweighted(start, structures, excess, join(state, "teacher reweighted"), temperature, true)
}

// reweighted compares distributions over frames of one with those over the same frames with the weights of the other,
// which takes most of the noise out of the difference.
func (v *surveyor) reweighted(start *structure.Structure, frames []structure.Structure, excess []float64, state string, temperature float64, toStudent bool) {
	weights, effective := boltzmann(excess, temperature)
	method := fmt.Sprintf("%d frames, effective %.0f %%", len(frames), 100*effective)
	for _, x := range []struct {
		property string
		d        *distributions
		t        tolerance
		shares   bool
	}{{"rdf", radial(start), radialTolerance, false}, {"adf", angular(start), angularTolerance, true}} {
		if !v.wants(x.property) || x.property == "rdf" && !start.Periodic() {
			continue
		}
		if effective < leastEffective {
			v.add(unknown(x.property, state, fmt.Sprintf("the effective share of frames is %.1f %%, below %g %%", 100*effective, 100*leastEffective)))
			continue
		}
		all := make([]weighted, len(frames))
		for k := range frames {
			all[k] = weighted{weights[k], x.d.frame(&frames[k])}
		}
		v.sameFrames(x.d, all, state, x.t, x.shares, toStudent, method)
	}
}

// sameFrames compares the plain means over frames with the reweighted ones; toStudent says whose those are.
func (v *surveyor) sameFrames(d *distributions, all []weighted, state string, t tolerance, shares, toStudent bool, method string) {
	means := func(some []weighted) (student, teacher []float64) {
		plain, other := weightedMeans(some)
		if toStudent {
			return other, plain
		}
		return plain, other
	}
	student, teacher := means(all)
	for i := range d.list {
		one := &d.list[i]
		if sumOf(d.of(student, i)) == 0 {
			continue // no such angle
		}
		difference := grouped(all, func(some []weighted) float64 {
			a, b := means(some)
			return one.apart(d.of(a, i), d.of(b, i), shares)
		})
		v.add(differing(one.Name, state, "%", percent(difference), t, method))
		c := Curve{Name: one.Name, State: state, XUnit: one.XUnit, Unit: one.Unit, X: one.X, Student: d.of(student, i), Teacher: d.of(teacher, i)}
		if shares {
			c.normalise(one.X[1] - one.X[0])
		}
		v.result.Curves = append(v.result.Curves, c)
	}
}
