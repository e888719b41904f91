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

// labelling is the work of Label.
type labelling struct {
	teacher  teacher.Teacher
	out      *structure.WholeWriter
	progress func(done int)
	done     int
	refused  dataset.Quarantine
}

// Label writes a teacher's answers for the frames of files to a file and returns how many there are, and which frames the
// teacher could not label. Labels that were there before are replaced, everything else stays. The file appears when all
// is done and there are labels; until then what had its name stays. progress hears how many are done.
func Label(ctx context.Context, t teacher.Teacher, files []string, out string, progress func(done int)) (int, dataset.Quarantine, error) {
	w, err := structure.CreateWhole(out)
	if err != nil {
		return 0, nil, err
	}
	defer w.Abandon()
	l := &labelling{teacher: t, out: w, progress: progress}
	for _, path := range files {
		if err := l.file(ctx, path); err != nil {
			return l.done, l.refused, err
		}
	}
	if l.done == 0 {
		return 0, l.refused, nil
	}
	return l.done, l.refused, w.Close()
}

func (l *labelling) file(ctx context.Context, path string) error {
	var batch []structure.Frame
	first := 0
	flush := func() error {
		err := l.batch(ctx, path, first, batch)
		first += len(batch)
		batch = batch[:0]
		return err
	}
	var failed error // of a batch: it is not about the frame that was read last
	err := eachFrame(ctx, path, structure.Keys{}, func(f *structure.Frame) error {
		if err := f.Check(); err != nil {
			return err
		}
		if err := known(l.teacher, &f.Structure); err != nil {
			return err
		}
		if batch = append(batch, *f); len(batch) == labelBatch {
			failed = flush()
		}
		return failed
	})
	if err == nil {
		failed = flush()
	}
	if failed != nil {
		return fmt.Errorf("%s: %w", path, failed)
	}
	return err
}

// batch labels and writes frames, the first of which is so many frames from the beginning of the file.
func (l *labelling) batch(ctx context.Context, path string, first int, frames []structure.Frame) error {
	labels, failed, err := answers(ctx, l.teacher, frames)
	if err != nil {
		return err
	}
	for i := range frames {
		if reason := failed[i]; reason != nil {
			l.refused = append(l.refused, dataset.Rejected{File: path, Frame: first + i, Reason: reason.Error()})
			continue
		}
		f := &frames[i]
		f.Labels = labels[i]
		f.Info = signed(f.Info, l.teacher.Info().Identity)
		if err := l.out.Write(f); err != nil {
			return err
		}
		l.done++
	}
	l.progress(l.done)
	return l.out.Flush()
}

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
