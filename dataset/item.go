package dataset

import (
	"errors"
	"io"
	"slices"
	"strconv"

	"mlff/structure"
)

// NewItem names a labelled frame by its content; its weight is 1.
func NewItem(f structure.Frame, source, group string) Item {
	return Item{Frame: f, ID: structure.ID(&f.Structure), Group: group, Source: source, Weight: 1}
}

// tagged is the frame with group, source and weight among its keys and no foreign columns.
func (it *Item) tagged() *structure.Frame {
	f := it.Frame
	f.Arrays = nil
	f.Info = slices.Concat(f.Info, []structure.Entry{{Key: groupKey, Value: it.Group}, {Key: sourceKey, Value: it.Source}})
	if it.Weight != 1 {
		f.Info = append(f.Info, structure.Entry{Key: weightKey, Value: strconv.FormatFloat(it.Weight, 'g', -1, 64)})
	}
	return &f
}

// fromFrame takes group, source and weight from the frame's keys where they are there, and drops foreign columns.
func fromFrame(f *structure.Frame) Item {
	it := NewItem(*f, "", "")
	it.Group, _ = f.Get(groupKey)
	it.Source, _ = f.Get(sourceKey)
	if v, ok := f.Get(weightKey); ok {
		if w, err := strconv.ParseFloat(v, 64); err == nil && w > 0 && finite(w) {
			it.Weight = w
		}
	}
	it.Arrays = nil
	it.Info = slices.DeleteFunc(slices.Clone(f.Info), func(e structure.Entry) bool {
		return e.Key == groupKey || e.Key == sourceKey || e.Key == weightKey
	})
	return it
}

// readAll reads the items of a shard.
func readAll(r *structure.Reader) ([]Item, error) {
	var items []Item
	for {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return items, nil
		}
		if err != nil {
			return nil, err
		}
		items = append(items, fromFrame(f))
	}
}

// Write writes the items to an extended XYZ file (.gz and .zst by name) that Load reads back with the same groups.
func Write(path string, items []Item) error {
	w, err := structure.Create(path)
	if err != nil {
		return err
	}
	for i := range items {
		if err := w.Write(items[i].tagged()); err != nil {
			w.Close()
			return err
		}
	}
	return w.Close()
}
