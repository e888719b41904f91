package distill

import (
	"context"
	"errors"
	"fmt"
	"io"

	"mlff/dataset"
	"mlff/structure"
)

// Evaluate compares a potential with the labels in files, frame by frame, so that a file may be larger than memory.
// Errors name file and frame, or a key that no frame has. progress hears how many frames are done; it may be nil.
func Evaluate(ctx context.Context, p structure.Potential, files []string, keys structure.Keys, progress func(done int)) (*dataset.Comparison, error) {
	var c dataset.Comparison
	seen := dataset.Sightings{Keys: keys}
	done := 0
	for _, path := range files {
		err := eachFrame(ctx, path, keys, func(f *structure.Frame) error {
			if done++; progress != nil {
				progress(done)
			}
			seen.See(f)
			return compare(p, f, &c)
		})
		if err != nil {
			return nil, err
		}
	}
	if err := seen.Check(files, false); err != nil {
		return nil, err
	}
	return &c, nil
}

// eachFrame hands over the frames of a file one by one. Errors name file and frame.
func eachFrame(ctx context.Context, path string, keys structure.Keys, do func(*structure.Frame) error) error {
	r, err := structure.Open(path, keys)
	if err != nil {
		return err
	}
	defer r.Close()
	for k := 0; ; k++ {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return readable(err)
		}
		if err := do(f); err != nil {
			return fmt.Errorf("%s frame %d: %w", path, k, err)
		}
	}
}

func compare(p structure.Potential, f *structure.Frame, c *dataset.Comparison) error {
	if err := judgeable(f); err != nil {
		return err
	}
	var out structure.Result
	if err := p.Evaluate(&f.Structure, &out); err != nil {
		return err
	}
	return c.Add(f, &out)
}

// forceError is the mean absolute error of force components, eV/Å; 0 where no frame has forces.
func forceError(p structure.Potential, items []dataset.Item) (float64, error) {
	var c dataset.Comparison
	var out structure.Result
	for i := range items {
		if err := p.Evaluate(&items[i].Structure, &out); err != nil {
			return 0, err
		}
		if err := c.Add(&items[i].Frame, &out); err != nil {
			return 0, err
		}
	}
	if e := c.Errors().Forces; e != nil {
		return e.MAE / 1e3, nil
	}
	return 0, nil
}

// judgeable refuses frames that have no labels, or some that no teacher can mean.
func judgeable(f *structure.Frame) error {
	if fault := dataset.Fault(f); fault != "" {
		return structure.Hint(errors.New(fault), "the student is compared with labels in eV and eV/Å; --energy-key and --forces-key say where they are")
	}
	return nil
}
