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

// oneTeacher refuses labels of several teachers, as far as frames say whose labels they have. With the identity of a
// run's teacher, all must be of that one.
func oneTeacher(items []dataset.Item, identity string) error {
	where := "the run's teacher"
	for i := range items {
		by, known := items[i].Get(identityKey)
		switch {
		case !known || by == identity:
			continue
		case identity != "":
			err := fmt.Errorf("%s has labels of another teacher (%.12s) than %s (%.12s)", items[i].Source, by, where, identity)
			return structure.Hint(err, "their energies do not fit together; label all frames with one teacher, or remove "+identityKey+" from the comment lines")
		}
		identity, where = by, items[i].Source
	}
	return nil
}
