package distill

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
	"mlff/validate"
)

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
