package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"mlff/md"
	"mlff/model"
	"mlff/structure"
)

// What mlff md does where a run leaves what the student was taught.
const (
	gradeWarn = "warn"
	gradeStop = "stop"
	gradeOff  = "off"
)

// patience is how many steps in a row must alarm before a run is stopped; twice the threshold stops it at once.
const patience = 10

// guarding is the flags about alarms.
type guarding struct {
	mode      string
	threshold float64 // 0: the student's own
}

// options add what the alarm needs to those of a student. Without grades there is nothing to look at.
func (g *guarding) options(m *model.Model, o model.Options) (model.Options, error) {
	switch {
	case g.mode != gradeWarn && g.mode != gradeStop && g.mode != gradeOff:
		return o, usage("--grade %s is neither warn, stop nor off", g.mode)
	case g.threshold < 0:
		return o, usage("--threshold %g: a threshold is above 0", g.threshold)
	case m.Grade() == nil && g.mode == gradeStop:
		return o, structure.Hint(errors.New("the student's extrapolation grade was never calibrated"), "distil it again, or leave out --grade stop")
	case m.Grade() == nil || g.mode == gradeOff:
		g.mode = gradeOff
		return o, nil
	}
	if g.threshold == 0 {
		g.threshold = m.Meta().Threshold
	}
	o.Grade = true
	return o, nil
}

// sentry looks at the alarms of one replica.
type sentry struct {
	*guarding
	potential *model.Potential
	say       func(text string)
	file      string // for the frame at which a run stops
	row       int    // steps in a row that alarmed
	told      bool
}

// observer looks at every step.
func (s *sentry) observer() md.Observer { return md.Observer{Every: 1, Observe: s.look} }

func (s *sentry) look(m *md.Simulation) error {
	grade, alarms := s.potential.Frame()
	if grade <= s.threshold && alarms == 0 {
		s.row = 0
		return nil
	}
	s.row++
	what := fmt.Sprintf("step %d: %s: the simulation has left what the student was taught", m.Steps(), s.reason(grade, alarms))
	if s.mode == gradeWarn {
		if !s.told {
			s.say("warning: " + what + "; further warnings are left out")
		}
		s.told = true
		return nil
	}
	if s.row < patience && grade <= 2*s.threshold {
		return nil
	}
	f := structure.Frame{Structure: *m.Structure(), Info: []structure.Entry{{Key: "grade", Value: fmt.Sprintf("%.4g", grade)}}}
	w, err := structure.Create(s.file)
	if err == nil {
		err = errors.Join(w.Write(&f), w.Close())
	}
	if err != nil {
		return err
	}
	return structure.Hint(errors.New(what), fmt.Sprintf("%s holds the frame: label it and learn from it with mlff distill --resume RUN --add %s", s.file, s.file))
}

func (s *sentry) reason(grade float64, alarms model.Alarm) string {
	var list []string
	if !(grade <= s.threshold) {
		list = append(list, fmt.Sprintf("a grade of %.3g, above %.3g", grade, s.threshold))
	}
	for _, a := range []struct {
		alarm model.Alarm
		text  string
	}{{model.Contact, "atoms closer than in training"}, {model.Neighbors, "a number of neighbours that training did not have"}, {model.Composition, "a new composition"}} {
		if alarms&a.alarm != 0 {
			list = append(list, a.text)
		}
	}
	return strings.Join(list, ", ")
}

// alarmFile is where the frame of a stopped run goes: beside its trajectory.
func alarmFile(out string, k, n int) string {
	folder, base := filepath.Split(out)
	stem, _, _ := strings.Cut(base, ".")
	if stem == "" {
		stem = "md"
	}
	return numbered(folder+stem+".alarm.extxyz", k, n)
}
