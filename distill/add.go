package distill

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mlff/dataset"
	"mlff/neighbor"
	"mlff/structure"
	"mlff/teacher"
)

// addable reads the files of --add and keeps those that hold a frame the run does not have. Whatever is wrong with one of
// them is found here, before anything of the finished round is touched.
func (r *run) addable(files []string) ([]Source, error) {
	there, err := r.stored()
	if err != nil {
		return nil, err
	}
	var sources []Source
	for _, file := range files {
		s := Source{File: file, Weight: 1}
		usable, err := r.usable(s)
		if err != nil {
			return nil, err
		}
		fresh := 0
		for _, id := range usable {
			if !there.ids[id] {
				there.ids[id] = true
				fresh++
			}
		}
		if fresh == 0 {
			r.say("%s: 0 new frames: the run has all of them", file)
			continue
		}
		sources = append(sources, s)
	}
	return sources, nil
}

// usable are the ids of the frames of a file that can be learned from, once they are labelled.
func (r *run) usable(s Source) ([]string, error) {
	frames, err := r.readAdded(r.inputs.ctx, s.File)
	if err != nil {
		return nil, err
	}
	if t := r.inputs.teacher; t != nil {
		for k := range frames {
			if err := known(t, &frames[k].Structure); err != nil {
				return nil, structure.Hint(fmt.Errorf("%s frame %d: %w", s.File, k, err), structure.HintOf(err))
			}
		}
	}
	if !slices.ContainsFunc(frames, func(f structure.Frame) bool { return !hasLabels(&f) }) {
		items, _, err := r.loadAdded(s)
		return ids(items), err
	}
	if r.inputs.teacher == nil {
		return nil, unlabelled(s.File)
	}
	faulty := faults()
	var usable []string
	var quarantine dataset.Quarantine
	for k := range frames {
		if reason := faulty(&frames[k]); reason != "" {
			quarantine = append(quarantine, dataset.Rejected{File: s.File, Frame: k, Reason: reason})
			continue
		}
		usable = append(usable, structure.ID(&frames[k].Structure))
	}
	if len(usable) == 0 {
		return nil, structure.Hint(fmt.Errorf("%s frame 0: %s; no frame is left", s.File, quarantine[0].Reason), quarantine[0].Hint())
	}
	return usable, nil
}

// readAdded reads a file whose frames may have labels; of formats that only ASE reads, they have none.
func (r *run) readAdded(ctx context.Context, file string) ([]structure.Frame, error) {
	frames, err := teacher.ReadStructures(ctx, file, r.config.TeacherPython, r.config.Keys.labels())
	return frames, readable(err)
}

// loadAdded reads a labelled file, whose labels must fit those that the run has.
func (r *run) loadAdded(s Source) ([]dataset.Item, dataset.Quarantine, error) {
	identity, err := r.signature()
	if err != nil {
		return nil, nil, err
	}
	return r.config.load([]Source{s}, identity, true)
}

func unlabelled(file string) error {
	hint := "label them first: mlff label FILE --teacher NAME --out LABELLED"
	if !structure.Native(file) {
		hint += "; labels are read from extended XYZ, which ase convert writes"
	}
	return structure.Hint(fmt.Errorf("%s holds frames without labels, and this run has no teacher", file), hint)
}

// faults is a function that says why a frame cannot be learned from, even if a teacher labels it; empty where it can.
func faults() func(*structure.Frame) string {
	together := coincidence()
	return func(f *structure.Frame) string {
		if hasLabels(f) {
			if fault := dataset.Fault(f); fault != "" {
				return fault
			}
		} else if err := f.Check(); err != nil {
			return err.Error()
		}
		return together(&f.Structure)
	}
}

// contact is a distance below that of any two nuclei, Å: only to find atoms at the same place.
const contact = 0.2

// coincidence is a function that names two atoms at the same place; empty where there are none.
func coincidence() func(*structure.Structure) string {
	list := neighbor.New(contact, 0)
	return func(s *structure.Structure) string {
		var e *neighbor.CoincidentError
		if _, err := list.Update(s); errors.As(err, &e) {
			return e.Error()
		}
		return ""
	}
}
