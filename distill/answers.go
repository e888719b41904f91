package distill

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mlff/dataset"
	"mlff/structure"
	"mlff/teacher"
)

// identityKey names the teacher of a labelled frame in its comment line: labels of two teachers do not fit together.
const identityKey = "teacher_identity"

// answers are the teacher's labels of frames, and by frame why there are none.
func answers(ctx context.Context, t teacher.Teacher, frames []structure.Frame) ([]structure.Labels, map[int]error, error) {
	structures := make([]structure.Structure, len(frames))
	for i := range frames {
		structures[i] = frames[i].Structure
	}
	labels, err := t.Label(ctx, structures)
	var some *teacher.LabelError
	if !errors.As(err, &some) {
		return labels, nil, err
	}
	failed := map[int]error{}
	for n, k := range some.Structures {
		failed[k] = some.Errs[n]
	}
	return labels, failed, nil
}

// signed is the entries of a comment line with the identity of whoever labelled the frame.
func signed(info []structure.Entry, identity string) []structure.Entry {
	rest := slices.DeleteFunc(slices.Clone(info), func(e structure.Entry) bool { return e.Key == identityKey })
	return append(rest, structure.Entry{Key: identityKey, Value: identity})
}

// oneTeacher refuses labels of several teachers, as far as frames say whose labels they have. With the identity
// of those of a run, all must be of that teacher.
func oneTeacher(items []dataset.Item, identity string) error {
	where := "the run"
	for i := range items {
		by, known := items[i].Get(identityKey)
		switch {
		case !known || by == identity:
			continue
		case identity != "":
			err := fmt.Errorf("%s has labels of another teacher (%.12s) than %s (%.12s)", items[i].Source, by, where, identity)
			return structure.Hint(err, "their energies do not fit together; label all frames with one teacher; --mix-teachers takes them all the same and records it in the student")
		}
		identity, where = by, items[i].Source
	}
	return nil
}

// signature is the identity of whoever labelled the frames of the run so far; empty where nobody knows.
func (r *run) signature() (string, error) {
	all, err := r.signatures()
	if len(all) == 0 {
		return "", err
	}
	return all[0], err
}

// signatures are the identities of all who labelled frames of the run, its own teacher first, as far as frames say it.
func (r *run) signatures() ([]string, error) {
	var all []string
	if r.inputs.teacher != nil {
		all = append(all, r.config.Plan.Teacher)
	}
	items, err := r.store.Items()
	for i := range items {
		if by, known := items[i].Get(identityKey); known && !slices.Contains(all, by) {
			all = append(all, by)
		}
	}
	return all, err
}

// mixed are the signatures, ascending, where there are several: the user has asked for that.
func (r *run) mixed() ([]string, error) {
	all, err := r.signatures()
	if len(all) < 2 {
		return nil, err
	}
	slices.Sort(all)
	return all, err
}
