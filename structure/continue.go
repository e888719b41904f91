package structure

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Continue opens a file that a Writer wrote, cuts it off at a size that Mark returned, and appends. At size 0 it is
// Create. A file that is shorter is an error.
func Continue(path string, size int64) (*Writer, error) {
	if size == 0 {
		return Create(path)
	}
	file, err := CutOff(path, size)
	if err != nil {
		return nil, err
	}
	return newWriter(path, file)
}

// CutOff opens a file for appending behind its first bytes; what comes after them is lost. A shorter file is an error, and
// stays as it is.
func CutOff(path string, size int64) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.Mode().IsRegular() {
		if info.Size() < size {
			err = fmt.Errorf("%s has %d bytes, fewer than the %d that were written to it", path, info.Size(), size)
		} else if err = file.Truncate(size); err == nil {
			_, err = file.Seek(0, io.SeekEnd)
		}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Mark brings everything written so far to the disk, such that the file may be cut off there and continued, and returns
// its size up to there. A compressed file gets a new part, which readers see as the same file.
func (w *Writer) Mark() (int64, error) {
	if err := w.out.Flush(); err != nil {
		return 0, err
	}
	switch z := w.packed.(type) {
	case *gzip.Writer:
		if err := z.Close(); err != nil {
			return 0, err
		}
		z.Reset(w.file)
	case *zstd.Encoder:
		if err := z.Close(); err != nil {
			return 0, err
		}
		z.Reset(w.file)
	}
	return Synced(w.file)
}

// Synced brings a file to the disk and returns its size; pipes and devices have none, and need none.
func Synced(file *os.File) (int64, error) {
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0, err
	}
	return info.Size(), file.Sync()
}
