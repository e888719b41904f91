package distill

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mlff/dataset"
	"mlff/model"
	"mlff/sample"
	"mlff/structure"
	"mlff/teacher"
	"mlff/validate"
)

// Sample writes the labelled frames that distilling a configuration would begin with to a file, and returns how many
// there are. The file appears when all is done; until then what had its name stays.
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
	w, err := structure.CreateWhole(out)
	if err != nil {
		return 0, err
	}
	defer w.Abandon()
	n, err := writeTasks(ctx, in.teacher, tasks, w, progress)
	if err != nil {
		return n, err
	}
	return n, w.Close()
}

func writeTasks(ctx context.Context, t teacher.Teacher, tasks []sample.Task, w *structure.WholeWriter, progress func(stage string, done, total int)) (int, error) {
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
	seen := dataset.Sightings{Keys: keys}
	var places []string // of the frames
	for _, path := range files {
		frames, err := structure.ReadFile(path, keys)
		if err != nil {
			return nil, readable(err)
		}
		o.Frames = append(o.Frames, frames...)
		for k := range frames {
			seen.See(&frames[k])
			places = append(places, fmt.Sprintf("%s frame %d", path, k))
		}
	}
	if err := seen.Check(files, false); err != nil {
		return nil, err
	}
	for k := range o.Frames {
		if err := judgeable(&o.Frames[k]); err != nil {
			return nil, fmt.Errorf("%s: %w", places[k], err)
		}
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
	v, err := validate.Run(ctx, validate.Student(p.Model(), p), o)
	var bad *validate.FrameError
	if errors.As(err, &bad) {
		return nil, fmt.Errorf("%s: %w", places[bad.Frame], bad.Err)
	}
	return v, err
}
