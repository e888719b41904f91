package validate

import (
	"fmt"
	"math"
	"slices"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
)

// labelledWalk runs the student's dynamics and lets the teacher label n frames of it, evenly spaced, run by run.
func (v *surveyor) labelledWalk(start *structure.Structure, state string, temperature float64, n int) ([][]labelledFrame, error) {
	w := Walk{Temperature: temperature, Seeds: max(1, min(v.Walk.Seeds, n/leastFrames)), Seed: v.Walk.Seed + 1000, Interval: 1000 * frameSpacing, Folder: v.Walk.Folder}
	w.Duration = frameSpacing * math.Ceil(float64(n)/float64(w.Seeds))
	w = w.withDefaults(start)
	runs, err := w.Run(v.ctx, fmt.Sprintf("frames-%s-%s-%gK", v.Name, formula(start.Numbers), temperature), v.student, start, func(done, total int) { v.Progress("the student's dynamics, "+state, done, total) })
	if err != nil {
		return nil, err
	}
	return v.labelledRuns(runs, state, n)
}

// labelledRuns lets the teacher label n frames of the student's runs, evenly spaced.
func (v *surveyor) labelledRuns(runs []Trajectory, state string, n int) ([][]labelledFrame, error) {
	potential, err := v.Student(model.Options{Grade: v.Threshold > 0})
	if err != nil {
		return nil, err
	}
	frames := make([][]labelledFrame, len(runs))
	for k := range runs {
		share := (k+1)*n/len(runs) - k*n/len(runs)
		for i := range min(share, len(runs[k].Samples)) {
			v.Progress("frames for the teacher, "+state, k*n/len(runs)+i, n)
			f, err := v.labelledSample(&runs[k], i*len(runs[k].Samples)/share, potential)
			if err != nil {
				return nil, err
			}
			frames[k] = append(frames[k], *f)
		}
	}
	return frames, nil
}

// labelledSample is a sample as student and teacher see it.
func (v *surveyor) labelledSample(t *Trajectory, k int, potential structure.Potential) (*labelledFrame, error) {
	f := &labelledFrame{}
	f.frame.Structure = t.Structure(k)
	var err error
	if f.frame.Labels, err = v.labelled(&f.frame.Structure); err != nil {
		return nil, err
	}
	if err := potential.Evaluate(&f.frame.Structure, &f.student); err != nil {
		return nil, err
	}
	f.student = clonedResult(&f.student)
	if g, ok := potential.(interface{ Grades() []float64 }); ok && v.Threshold > 0 {
		f.grade = slices.Max(g.Grades())
	}
	return f, nil
}

// labelled asks the teacher about one frame, unless its answer was kept.
func (v *surveyor) labelled(s *structure.Structure) (structure.Labels, error) {
	if l, ok := v.kept.known[structure.ID(s)]; ok {
		return l, nil
	}
	labels, err := v.ask([]structure.Structure{*s})
	if err != nil {
		return structure.Labels{}, err
	}
	if labels[0].Energy == nil || len(labels[0].Forces) == 0 {
		return structure.Labels{}, fmt.Errorf("the teacher gives no energies or no forces")
	}
	return labels[0], v.kept.keep(s, labels[0])
}

func clonedResult(r *structure.Result) structure.Result {
	c := *r
	c.Forces, c.Energies = append([][3]float64(nil), r.Forces...), append([]float64(nil), r.Energies...)
	return c
}

// compareFrames are the errors over labelled frames.
func compareFrames(frames []labelledFrame) (structure.Errors, error) {
	var c dataset.Comparison
	for k := range frames {
		if err := c.Add(&frames[k].frame, &frames[k].student); err != nil {
			return structure.Errors{}, err
		}
	}
	return c.Errors(), nil
}

// errorsAlong tells the errors where the student goes by itself: relative to the forces there, and of the energy to the
// thermal energy that shares a frame's weight.
func (v *surveyor) errorsAlong(frames []labelledFrame, state string) {
	if !v.wants("frames") {
		return
	}
	e, err := compareFrames(frames)
	if err != nil {
		v.add(unknown("forces along the student's dynamics", state, err.Error()))
		return
	}
	size, count := 0.0, 0.0
	for k := range frames {
		for _, f := range frames[k].frame.Forces {
			for _, x := range f {
				size, count = size+math.Abs(x), count+1
			}
		}
	}
	if v.Threshold > 0 {
		v.alarms(frames, state)
	}
	method := fmt.Sprintf("%d frames, force MAE %.3g meV/Å", len(frames), e.Forces.MAE)
	v.add(differing("forces along the student's dynamics", state, "%", exact(100*e.Forces.MAE/(1e3*size/count)), forceTolerance, method))
}

// alarms tells how many frames of its own dynamics the student's grade calls strange.
func (v *surveyor) alarms(frames []labelledFrame, state string) {
	loud := 0
	for k := range frames {
		if frames[k].grade > v.Threshold {
			loud++
		}
	}
	v.add(differing("frames with an extrapolation alarm", state, "%", exact(100*float64(loud)/float64(len(frames))), alarmTolerance,
		fmt.Sprintf("%d of %d frames beyond grade %.3g", loud, len(frames), v.Threshold)))
}

// alarmTolerance is twice the share of held-out frames beyond the threshold, %.
var alarmTolerance = tolerance{absolute: 10}

// forceTolerance is an accuracy of 0.95, in % of the mean force.
var forceTolerance = tolerance{absolute: 5}
