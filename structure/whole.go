package structure

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// WholeWriter writes a file that nobody sees half written.
type WholeWriter struct {
	*Writer
	path      string
	temporary string // empty where path is a pipe or a device, which is written to directly
}

// CreateWhole is Create for files that are whole or not there: frames go to a temporary file in the same folder, which
// takes the name when Close returns nil. Until then, and after Abandon, what had the name before stays as it was.
func CreateWhole(path string) (*WholeWriter, error) {
	if err := packable(path); err != nil {
		return nil, err
	}
	mode, device, err := replaceable(path)
	if err != nil {
		return nil, err
	}
	if device {
		w, err := Create(path)
		return &WholeWriter{Writer: w}, err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // a link stays a link
	}
	temporary := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%d%s", filepath.Base(path), os.Getpid(), partEnd))
	file, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o666)
	if err == nil && mode != 0 {
		err = file.Chmod(mode)
	}
	if err != nil {
		return nil, renamed(err, path)
	}
	w, err := newWriter(path, file)
	if err != nil {
		os.Remove(temporary)
		return nil, err
	}
	last := len(w.closers) - 1
	w.closers[last] = func() error { return renamed(errors.Join(file.Sync(), file.Close()), path) }
	return &WholeWriter{Writer: w, path: path, temporary: temporary}, nil
}

const partEnd = ".part"

// SweepWhole removes what killed processes left of writing a file; it is for those who know that nobody writes it now.
func SweepWhole(path string) {
	folder, base := filepath.Split(path)
	entries, _ := os.ReadDir(filepath.Clean(folder)) // what cannot be read need not be swept
	for _, e := range entries {
		if name := e.Name(); strings.HasPrefix(name, "."+base+".") && strings.HasSuffix(name, partEnd) {
			os.Remove(filepath.Join(folder, name))
		}
	}
}

// replaceable tells the permissions of what has the name now, zero where nothing has, and whether it is a pipe or a
// device. What could not be written to is an error.
func replaceable(path string) (mode os.FileMode, device bool, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		return 0, true, nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return 0, false, err
	}
	return info.Mode().Perm(), false, file.Close()
}

// renamed lets an error speak of the file that the user named.
func renamed(err error, path string) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return &os.PathError{Op: p.Op, Path: path, Err: p.Err}
	}
	return err
}

// Close gives the finished file its name. After an error there is no new file.
func (w *WholeWriter) Close() error {
	err := w.Writer.Close()
	if w.temporary == "" {
		return err
	}
	if err == nil {
		err = os.Rename(w.temporary, w.path)
	}
	if err != nil {
		os.Remove(w.temporary)
	}
	w.temporary = ""
	return err
}

// Abandon forgets everything that was written. It does nothing after Close.
func (w *WholeWriter) Abandon() {
	_ = w.Writer.Close() // the file goes anyway
	if w.temporary != "" {
		os.Remove(w.temporary)
		w.temporary = ""
	}
}
