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

// Labelled are frames to judge a student by, and what to call them.
type Labelled struct {
	Frames []structure.Frame
	Set    string   // the names of the files
	places []string // file and number of every frame
}

// ReadLabelled reads the frames of files. Errors name file and frame, or a key that no frame has.
func ReadLabelled(files []string, keys structure.Keys) (*Labelled, error) {
	l := &Labelled{Set: names(files)}
	seen := dataset.Sightings{Keys: keys}
	for _, path := range files {
		frames, err := structure.ReadFile(path, keys)
		if err != nil {
			return nil, readable(err)
		}
		l.Frames = append(l.Frames, frames...)
		for k := range frames {
			seen.See(&frames[k])
			l.places = append(l.places, fmt.Sprintf("%s frame %d", path, k))
		}
	}
	if err := seen.Check(files, false); err != nil {
		return nil, err
	}
	for k := range l.Frames {
		if err := judgeable(&l.Frames[k]); err != nil {
			return nil, fmt.Errorf("%s: %w", l.places[k], err)
		}
	}
	return l, nil
}

// Validate measures a student against labelled frames, and its physics with the example it carries; o says the rest.
func Validate(ctx context.Context, p *model.Potential, l *Labelled, o validate.Options) (*validate.Validation, error) {
	o.Frames, o.Set = l.Frames, l.Set
	example, err := Example(p.Model())
	if err != nil {
		return nil, err
	}
	if example != nil && example.Periodic() {
		o.Example = example
	}
	v, err := validate.Run(ctx, validate.Student(p.Model(), p), o)
	var bad *validate.FrameError
	if errors.As(err, &bad) {
		return nil, fmt.Errorf("%s: %w", l.places[bad.Frame], bad.Err)
	}
	return v, err
}

// Example is the structure that a student carries; nil where it has none.
func Example(m *model.Model) (*structure.Structure, error) {
	text := m.Meta().Example
	if text == "" {
		return nil, nil
	}
	f, err := structure.NewReader(strings.NewReader(text), "the student's example", structure.Keys{}).Next()
	if err != nil {
		return nil, err
	}
	return &f.Structure, nil
}
