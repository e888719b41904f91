package main

import (
	"mlff/distill"
	"mlff/model"
	"mlff/structure"
	"mlff/teacher"
	"mlff/validate"
)

// policy says how validate judges the student in its own dynamics; nil where it is not to, or cannot.
func (v *validation) policy(m *model.Model, t teacher.Teacher, from *starts) *validate.OnPolicy {
	if v.policyFrames == 0 {
		return nil
	}
	s := &v.surveying
	o := &validate.OnPolicy{Starts: from.structures, Phases: from.phases, Temperatures: s.temperatures, Frames: v.policyFrames,
		Seed: s.seed, Fluctuations: true, Label: distill.TeacherLabels(t)}
	if len(o.Temperatures) == 0 {
		o.Temperatures = m.Meta().Domain.Temperatures
	}
	if d := v.terminal.dynamics; d.Duration > 0 { // of tests
		o.Atoms, o.Settling, o.Fluctuations = d.Atoms, d.Duration, false
	}
	return o
}

// guard says how validate scores the student's alarm; nil where nothing labels strange frames.
func (v *validation) guard(m *model.Model, t teacher.Teacher) *validate.Guarding {
	if v.guardFrames == 0 {
		return nil
	}
	g := &validate.Guarding{Student: m, Frames: v.guardFrames, Seed: v.surveying.seed, Label: distill.TeacherLabels(t)}
	if ladder := validate.Extremes(m.Meta().Domain.Temperatures); len(ladder) > 0 {
		g.Warm, g.Hot = ladder[len(ladder)/2], 2*ladder[len(ladder)-1]
	}
	if d := v.terminal.dynamics; d.Duration > 0 { // of tests
		g.Duration = d.Duration
	}
	return g
}

// savePool writes labelled frames to learn from.
func savePool(path string, frames []structure.Frame) error {
	w, err := structure.CreateWhole(path)
	if err != nil {
		return err
	}
	defer w.Abandon()
	for k := range frames {
		if err := w.Write(&frames[k]); err != nil {
			return err
		}
	}
	return w.Close()
}
