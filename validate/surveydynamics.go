package validate

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"mlff/md"
	"mlff/model"
	"mlff/structure"
)

const (
	blockLength  = 2.0  // ps, of block averages
	strideFrames = 20.0 // fs between frames that distributions are taken from
	frameSpacing = 0.5  // ps of the student's dynamics between frames that the teacher labels
	leastFrames  = 20
)

// dynamics compares what trajectories at a temperature are like: those of both where the teacher's is affordable, and in
// any case frames of the student's that the teacher labels. It may take a share of what is left of the budget.
func (v *surveyor) dynamics(s *structure.Structure, state string, temperature, share float64) {
	start := s.Clone()
	if s.Periodic() {
		start = structure.Supercell(s, Repeats(s, max(v.Atoms, s.Len())))
	}
	side := v.Walk
	side.Temperature = temperature
	side = side.withDefaults(&start)
	var runs [2][]Trajectory // of student and teacher
	if start.Periodic() && v.wantsDynamics() {
		calls := side.Seeds * side.steps()
		if calls <= v.affordable(start.Len(), 0.7*share) {
			runs = v.sideBySide(&start, state, side)
		} else {
			for _, p := range []string{"vdos", "diffusion", "density"} {
				if v.Wanted != nil && v.wants(p) {
					v.add(unknown(p, state, fmt.Sprintf("%d steps of the teacher are too dear", calls)))
				}
			}
		}
	}
	if v.ctx.Err() == nil && (v.wants("frames") || v.wants("rdf") && start.Periodic() || v.wants("adf")) {
		var from []*sampled
		for _, f := range []*sampled{v.alongStudent(&start, state, temperature, min(v.Frames, v.affordable(start.Len(), share)), runs[0]), v.alongTeacher(runs[1], state)} {
			if f != nil {
				from = append(from, f)
			}
		}
		if len(from) > 0 {
			v.reweighted(&start, state, temperature, from)
		}
	}
}

func (v *surveyor) wantsDynamics() bool {
	return v.wants("rdf") || v.wants("adf") || v.wants("vdos") || v.wants("diffusion") || v.wants("density")
}

func (v *surveyor) student() (structure.Potential, error) { return v.Student(model.Options{}) }

// walks runs both; nil where one of them failed, which is said.
func (v *surveyor) walks(start *structure.Structure, state string, w Walk) (runs [2][]Trajectory, ok bool) {
	for k := range runs {
		name, potential := "student-"+v.Name, v.student
		if k == 1 {
			name = "teacher-" + v.Teacher.Info().Identity[:12]
			potential = func() (structure.Potential, error) { return v.teacher(), nil }
		}
		var err error
		runs[k], err = w.Run(v.ctx, fmt.Sprintf("%s-%s-%gK%s", name, formula(start.Numbers), w.Temperature, map[bool]string{true: "-npt"}[w.Constant]), potential, start, func(done, total int) {
			v.Progress(fmt.Sprintf("dynamics of %s, %s", who(k), state), done, total)
		})
		if err != nil {
			v.add(unknown("dynamics", state, who(k)+": "+err.Error()))
			return runs, false
		}
	}
	return runs, true
}

// sideBySide runs the same dynamics with both and compares. It returns the runs, where they were made.
func (v *surveyor) sideBySide(start *structure.Structure, state string, w Walk) (runs [2][]Trajectory) {
	if v.wants("rdf") || v.wants("adf") || v.wants("vdos") || v.wants("diffusion") {
		var ok bool
		if runs, ok = v.walks(start, state, w); !ok {
			return [2][]Trajectory{}
		}
		method := fmt.Sprintf("%d runs of %g ps each, rescaled velocities", w.Seeds, w.Duration)
		if list := v.profiles(start); len(list) > 0 {
			others := v.repeats(start, state, w)
			for k := range list {
				v.distributions(&list[k], runs, others, state, method)
			}
		}
		if v.wants("vdos") {
			v.spectra(runs, state, method)
		}
		if v.wants("diffusion") {
			v.diffusions(start, runs, state, method)
		}
	}
	if v.wants("density") {
		v.density(start, state, w)
	}
	return runs
}

// blocks of all runs of one side.
func blocks[T any](runs []Trajectory, of func(t *Trajectory) []T) []T {
	var all []T
	for k := range runs {
		all = append(all, of(&runs[k])...)
	}
	return all
}

// distributions compares those of the two as their runs show them. Whether runs of that length can tell is seen by the
// student beside itself.
func (v *surveyor) distributions(x *profile, runs [2][]Trajectory, others [][]Trajectory, state, method string) {
	var side [2][][]float64
	for k := range side {
		side[k] = blocks(runs[k], x.strided)
	}
	mean := [2][]float64{averaged(side[0]), averaged(side[1])}
	repeated := [][]float64{mean[0]}
	for _, set := range others {
		repeated = append(repeated, averaged(blocks(set, x.strided)))
	}
	for i := range x.list {
		one := &x.list[i]
		if sumOf(x.of(mean[1], i)) == 0 && sumOf(x.of(mean[0], i)) == 0 {
			continue // no such angle
		}
		apart := func(a, b []float64) float64 { return one.apart(x.of(a, i), x.of(b, i), x.shares) }
		difference := jackknife(side[0], side[1], func(a, b [][]float64) float64 { return apart(averaged(a), averaged(b)) })
		o := differing(one.Name, state, "%", percent(difference), x.tolerance, method)
		if len(others) > 0 {
			o.above(pairwise(repeated, func(a, b []float64) float64 { return 100 * apart(a, b) }))
		}
		v.add(o)
		c := Curve{Name: one.Name, State: state, XUnit: one.XUnit, Unit: one.Unit, X: one.X,
			Student: x.of(mean[0], i), Teacher: x.of(mean[1], i)}
		if e := [2][]float64{deviations(side[0]), deviations(side[1])}; e[0] != nil && e[1] != nil {
			c.StudentError, c.TeacherError = x.of(e[0], i), x.of(e[1], i)
		}
		if x.shares {
			c.normalise(one.X[1] - one.X[0])
		}
		v.result.Curves = append(v.result.Curves, c)
	}
}

// strided are block averages of a run.
func (d *distributions) strided(t *Trajectory) [][]float64 {
	return d.blocksOf(t, blockLength, max(1, int(strideFrames/t.Interval)))
}

// floorSets is how often the student's runs are repeated: with the first they make ten pairs.
const floorSets = 4

// repeats are sets of as many runs of the student as w has, of other seeds; none where they failed, which the first said.
func (v *surveyor) repeats(start *structure.Structure, state string, w Walk) [][]Trajectory {
	n := w.Seeds
	w.Seed, w.Seeds, w.Interval = w.Seed+2000, floorSets*n, strideFrames
	runs, err := w.Run(v.ctx, fmt.Sprintf("repeats-%s-%s-%gK", v.Name, formula(start.Numbers), w.Temperature), v.student, start,
		func(done, total int) { v.Progress("repeated dynamics of the student, "+state, done, total) })
	if err != nil {
		return nil
	}
	var sets [][]Trajectory
	for k := range floorSets {
		sets = append(sets, runs[k*n:(k+1)*n])
	}
	return sets
}

// pairwise is a measure of all pairs.
func pairwise(all [][]float64, measure func(a, b []float64) float64) (list []float64) {
	for i := range all {
		for j := range i {
			list = append(list, measure(all[i], all[j]))
		}
	}
	return list
}

// normalise makes the integrals one.
func (c *Curve) normalise(step float64) {
	for _, pair := range [2][2][]float64{{c.Student, c.StudentError}, {c.Teacher, c.TeacherError}} {
		f := 1 / (step * sumOf(pair[0]))
		scaled, deviation := append([]float64(nil), pair[0]...), append([]float64(nil), pair[1]...)
		scale(scaled, f)
		scale(deviation, f)
		copy(pair[0], scaled)
		copy(pair[1], deviation)
	}
}

func sumOf(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum
}

func percent(v *Value) *Value {
	p := &Value{Mean: 100 * v.Mean}
	if v.Error != nil {
		e := 100 * *v.Error
		p.Error = &e
	}
	return p
}

// spectra compares the vibrational densities of states: half the integral of the absolute difference is the share of
// modes at another frequency.
func (v *surveyor) spectra(runs [2][]Trajectory, state, method string) {
	var frequency []float64
	var side [2][][]float64
	for k := range side {
		side[k] = blocks(runs[k], func(t *Trajectory) [][]float64 {
			f, b := vibrational(t)
			frequency = f
			return b
		})
	}
	if len(side[0]) == 0 || len(side[1]) == 0 {
		v.add(unknown("vibrational spectrum", state, fmt.Sprintf("runs shorter than %g ps have none", spectralBlock)))
		return
	}
	step := frequency[1]
	d := jackknife(side[0], side[1], func(a, b [][]float64) float64 {
		x := less(averaged(a), averaged(b))
		sum := 0.0
		for _, y := range x {
			sum += math.Abs(y)
		}
		return sum * step / 2
	})
	v.add(differing("vibrational spectrum", state, "% of modes", percent(d), spectrumTolerance, method))
	c := Curve{Name: "vibrational spectrum", State: state, XUnit: "THz", Unit: "1/THz", X: frequency,
		Student: averaged(side[0]), Teacher: averaged(side[1]), StudentError: deviations(side[0]), TeacherError: deviations(side[1])}
	c.cut(step)
	v.result.Curves = append(v.result.Curves, c)
}

// cut leaves out what lies beyond the highest modes: the last thousandth of the integral, with a tenth added.
func (c *Curve) cut(step float64) {
	end, sum := 0, 0.0
	for end < len(c.X) && sum < 0.999 {
		sum += step * (c.Student[end] + c.Teacher[end]) / 2
		end++
	}
	end = min(len(c.X), end+end/10+2)
	for _, v := range []*[]float64{&c.X, &c.Student, &c.Teacher, &c.StudentError, &c.TeacherError} {
		*v = (*v)[:min(end, len(*v))]
	}
}

func (v *surveyor) diffusions(start *structure.Structure, runs [2][]Trajectory, state, method string) {
	for _, z := range elementsOf(start) {
		name := "self-diffusion " + structure.Symbol(z)
		var side [2][]float64
		for k := range side {
			side[k] = blocks(runs[k], func(t *Trajectory) []float64 { return diffusion(t, z) })
		}
		if len(side[0]) == 0 || len(side[1]) == 0 {
			v.add(unknown(name, state, fmt.Sprintf("runs shorter than %g ps have none", diffusionPart)))
			continue
		}
		o := compared(name, state, "Å²/ps", blocked(side[0]), blocked(side[1]), diffusionTolerance,
			method+"; a periodic cell slows both alike, by 2.84 kT/(6π η L)")
		if t := o.Teacher; t.Error != nil && t.Mean < 2**t.Error {
			o.Verdict, o.Reason = Amber, "the teacher's own is not told from zero: "+o.Reason
		}
		v.add(o)
	}
}

func (v *surveyor) density(start *structure.Structure, state string, w Walk) {
	if !v.Teacher.Info().Stress {
		v.add(unknown("density", state, "the teacher has no stress"))
		return
	}
	w.Constant = true
	runs, ok := v.walks(start, state+", no pressure", w)
	if !ok {
		return
	}
	var side [2]*Value
	for k := range side {
		side[k] = blocked(blocks(runs[k], func(t *Trajectory) []float64 { return densities(t, blockLength) }))
	}
	v.add(compared("density", state, "g/cm³", side[0], side[1], densityTolerance, fmt.Sprintf("%d runs of %g ps each at no pressure", w.Seeds, w.Duration)))
}

// alongStudent lets the teacher label frames of the student's own dynamics: of runs that are there, else of one made for it.
// They tell the errors where the student goes, and lead to the teacher's ensemble.
func (v *surveyor) alongStudent(start *structure.Structure, state string, temperature float64, n int, runs []Trajectory) *sampled {
	if n < leastFrames {
		v.add(unknown("frames of the student's dynamics", state, fmt.Sprintf("%d calls are left, %d are needed", n, leastFrames)))
		return nil
	}
	var frames [][]labelledFrame
	var err error
	if runs != nil {
		frames, err = v.labelledRuns(runs, state, n)
	} else {
		frames, err = v.labelledWalk(start, state, temperature, n)
	}
	var exploded *md.StepError
	if errors.As(err, &exploded) {
		v.add(broken("the student's dynamics", state, err.Error()))
		return nil
	}
	if err != nil {
		v.add(unknown("frames of the student's dynamics", state, err.Error()))
		return nil
	}
	v.errorsAlong(slices.Concat(frames...), state)
	if runs == nil {
		v.known[temperature] = slices.Concat(frames...) // those of runs are closer together than independent ones
	}
	f := &sampled{whose: "student"}
	for _, run := range frames {
		var structures []structure.Structure
		for k := range run {
			f.excess = append(f.excess, *run[k].frame.Energy-run[k].student.Energy)
			structures = append(structures, run[k].frame.Structure)
		}
		f.runs = append(f.runs, structures)
	}
	return f
}
