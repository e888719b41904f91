package structure

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file that is cut off at a mark and continued reads like one that was written without a stop, compressed or not.
func TestContinuedFilesReadAsOne(t *testing.T) {
	frame := func(k int) *Frame {
		return &Frame{Structure: Structure{Numbers: []int{14}, Positions: [][3]float64{{float64(k), 0, 0}}}}
	}
	for _, name := range []string{"a.extxyz", "a.extxyz.gz", "a.extxyz.zst"} {
		path := filepath.Join(t.TempDir(), name)
		write := func(w *Writer, err error, frames ...int) *Writer {
			t.Helper()
			for _, k := range frames {
				if err == nil {
					err = w.Write(frame(k))
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			return w
		}
		w, err := Continue(path, 0)
		write(w, err, 0, 1)
		mark, err := w.Mark()
		if err != nil {
			t.Fatal(err)
		}
		write(w, nil, 7, 8) // lost
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		w, err = Continue(path, mark)
		if err := write(w, err, 2).Close(); err != nil {
			t.Fatal(err)
		}
		frames, err := ReadFile(path, Keys{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(frames) != 3 || frames[2].Positions[0][0] != 2 {
			t.Errorf("%s: %d frames", name, len(frames))
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Continue(path, info.Size()+1); err == nil || !strings.Contains(err.Error(), "fewer than") {
			t.Errorf("%s: a file that is too short: %v", name, err)
		}
	}
}
