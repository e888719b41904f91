package distill

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mlff/model"
	"mlff/sample"
	"mlff/structure"
	"mlff/teacher"
	"mlff/validate"
)

// Label writes a teacher's answers for the frames of files to a file and returns how many there are. Labels that were
// there before are replaced, everything else stays. progress hears how many are done.
func Label(ctx context.Context, t teacher.Teacher, files []string, out string, progress func(done int)) (int, error) {
	w, err := structure.Create(out)
	if err != nil {
		return 0, err
	}
	done := 0
	for _, path := range files {
		var batch []structure.Frame
		flush := func() error {
			if err := answer(ctx, t, batch); err != nil {
				return err
			}
			for i := range batch {
				if err := w.Write(&batch[i]); err != nil {
					return err
				}
			}
			done += len(batch)
			batch = batch[:0]
			progress(done)
			return nil
		}
		err := eachFrame(ctx, path, structure.Keys{}, func(f *structure.Frame) error {
			if err := f.Check(); err != nil {
				return err
			}
			if batch = append(batch, *f); len(batch) < labelBatch {
				return nil
			}
			return flush()
		})
		if err == nil {
			err = flush()
		}
		if err != nil {
			return done, errors.Join(err, w.Close())
		}
	}
	return done, w.Close()
}

// answer asks the teacher for the labels of all frames.
func answer(ctx context.Context, t teacher.Teacher, frames []structure.Frame) error {
	structures := make([]structure.Structure, len(frames))
	for i := range frames {
		structures[i] = frames[i].Structure
	}
	labels, err := t.Label(ctx, structures)
	if err != nil {
		return err
	}
	for i := range labels {
		frames[i].Labels = labels[i]
	}
	return nil
}

// Sample writes the labelled frames that distilling a configuration would begin with to a file, and returns how many
// there are.
func Sample(ctx context.Context, c *Config, out string, o teacher.Options, progress func(stage string, done, total int)) (int, error) {
	c.Complete()
	if err := c.Check(); err != nil {
		return 0, err
	}
	if c.Teacher == "" {
		return 0, structure.Hint(fmt.Errorf("there is no teacher to sample with"), "give a configuration with `teacher:`, or --teacher and --structures")
	}
	in, err := c.read(o)
	if err != nil {
		return 0, err
	}
	defer in.close()
	c.Plan = &Plan{Labels: c.Sample.Labels}
	tasks, err := c.tasks(in.starts)
	if err != nil {
		return 0, err
	}
	w, err := structure.Create(out)
	if err != nil {
		return 0, err
	}
	n, err := writeTasks(ctx, in.teacher, tasks, w, progress)
	return n, errors.Join(err, w.Close())
}

func writeTasks(ctx context.Context, t teacher.Teacher, tasks []sample.Task, w *structure.Writer, progress func(stage string, done, total int)) (int, error) {
	total, _ := sample.Cost(tasks)
	done := 0
	for _, task := range tasks {
		items, err := task.Run(ctx, t)
		if err != nil {
			return done, err
		}
		for i := range items {
			if err := w.Write(&items[i].Frame); err != nil {
				return done, err
			}
		}
		done += len(items)
		progress("sample", done, total)
	}
	return done, nil
}

// Validate measures a student against the labels in files, and its physics with the example it carries; o says the rest.
func Validate(ctx context.Context, p *model.Potential, files []string, keys structure.Keys, o validate.Options) (*validate.Validation, error) {
	o.Set = names(files)
	for _, path := range files {
		frames, err := structure.ReadFile(path, keys)
		if err != nil {
			return nil, readable(err)
		}
		o.Frames = append(o.Frames, frames...)
	}
	if text := p.Model().Meta().Example; text != "" {
		f, err := structure.NewReader(strings.NewReader(text), "the student's example", structure.Keys{}).Next()
		if err != nil {
			return nil, err
		}
		if f.Periodic() {
			o.Example = &f.Structure
		}
	}
	return validate.Run(ctx, validate.Student(p.Model(), p), o)
}
