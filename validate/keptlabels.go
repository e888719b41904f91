package validate

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"mlff/structure"
)

// keptLabels are a teacher's answers to frames, one after another in an extended XYZ file, so that none is asked for
// again after a command was stopped. A frame that a kill has torn is cut off.
type keptLabels struct {
	path  string // empty: nothing is kept
	known map[string]structure.Labels
}

// openLabels reads what was kept of a teacher in a folder; an empty folder keeps nothing.
func openLabels(folder, identity string) (*keptLabels, error) {
	k := &keptLabels{known: map[string]structure.Labels{}}
	if folder == "" {
		return k, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	k.path = filepath.Join(folder, "labels-"+identity[:12]+".extxyz")
	r, err := structure.Open(k.path, structure.Keys{})
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var whole bytes.Buffer
	for {
		f, err := r.Next()
		if err != nil { // the end, or a torn frame
			break
		}
		k.known[structure.ID(&f.Structure)] = f.Labels
		if err := structure.WriteFrame(&whole, f); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(k.path+".part", whole.Bytes(), 0o644); err != nil {
		return nil, err
	}
	return k, os.Rename(k.path+".part", k.path)
}

// keep appends one frame.
func (k *keptLabels) keep(s *structure.Structure, l structure.Labels) error {
	if k.path == "" {
		return nil
	}
	var b bytes.Buffer
	if err := structure.WriteFrame(&b, &structure.Frame{Structure: *s, Labels: l}); err != nil {
		return err
	}
	f, err := os.OpenFile(k.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b.Bytes())
	return errors.Join(err, f.Sync(), f.Close())
}
