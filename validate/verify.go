package validate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mlff/model"
	"mlff/structure"
)

// Verify is a survey of a student that somebody else made: before anything is measured it says whether student, teacher
// and structures belong together.
func (s Survey) Verify(ctx context.Context, m *model.Model) (*Observables, error) {
	list := []Observation{s.acquaintance(m)}
	var fit []structure.Structure
	names := s.names()
	var phases []string
	for k := range s.Structures {
		if x := unknownElements(&s.Structures[k], m); x != "" {
			list = append(list, broken("elements", names[k], "the student does not know "+x))
			continue
		}
		fit, phases = append(fit, s.Structures[k]), append(phases, names[k])
	}
	if d := m.Meta().Domain.Temperatures; len(d) > 0 {
		for _, t := range s.Temperatures {
			if t < slices.Min(d) || t > slices.Max(d) {
				list = append(list, Observation{Name: "domain", State: fmt.Sprintf("%g K", t), Verdict: Amber,
					Reason: fmt.Sprintf("the student was made for %g to %g K", slices.Min(d), slices.Max(d))})
			}
		}
	}
	s.Structures, s.Phases = fit, phases
	o, err := s.Observe(ctx)
	if err != nil {
		return nil, err
	}
	o.List = append(list, o.List...)
	return o, nil
}

// acquaintance tells whether the student learned from this teacher.
func (s *Survey) acquaintance(m *model.Model) Observation {
	info, learned := s.Teacher.Info(), m.Meta().Teacher
	o := Observation{Name: "teacher", Verdict: Green, Reason: "the student learned from " + info.Name}
	switch {
	case learned == nil:
		o.Verdict, o.Reason = Amber, "the student learned from labels in files; whether they were this teacher's is not known"
	case learned.Identity != info.Identity:
		o.Verdict, o.Reason = Amber, fmt.Sprintf("the student learned from another teacher, %s (%.12s), not %s (%.12s): differences may be the teachers'",
			learned.Name, learned.Identity, info.Name, info.Identity)
	}
	return o
}

func unknownElements(s *structure.Structure, m *model.Model) string {
	var names []string
	for _, z := range elementsOf(s) {
		if m.SpeciesIndex(z) < 0 {
			names = append(names, structure.Symbol(z))
		}
	}
	return strings.Join(names, ", ")
}
