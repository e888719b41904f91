package structure

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Keys names the comment-line keys and columns that hold labels. An empty name means the default: REF_energy before
// energy, REF_forces before forces, and REF_stress or REF_virial before stress or virial. A name that is given is the
// only one looked for. If Stress or Virial is given, the defaults of both are off.
type Keys struct {
	Energy, Forces, Stress, Virial string

	FreeEnergy bool // free_energy instead of energy where Energy is empty
}

// Reader reads the frames of one file in order, holding one frame at a time.
type Reader struct {
	name    string
	keys    Keys
	in      *bufio.Reader
	closers []func() error
	parse   func() (*Frame, error)
	long    []byte // holds a line that is longer than the buffer of in
	line    int    // lines read so far
	frame   int    // frames read so far
	cut     bool   // the last line read had no end: it may be cut off
	failed  error  // what every further Next returns
}

// ReadFile returns all frames of a file. Formats are those of Open.
func ReadFile(path string, keys Keys) ([]Frame, error) {
	r, err := Open(path, keys)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var frames []Frame
	for {
		f, err := r.Next()
		if err == io.EOF {
			return frames, nil
		}
		if err != nil {
			return nil, err
		}
		frames = append(frames, *f)
	}
}

// Open opens a file of frames. The name tells the format: POSCAR*, CONTCAR*, *.poscar and *.vasp are VASP structures,
// everything else is extended XYZ; .gz and .zst at its end mean compressed.
func Open(path string, keys Keys) (*Reader, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err == nil && info.IsDir() {
		file.Close()
		return nil, Hint(fmt.Errorf("%s is a folder", path), "name the file in it")
	}
	unpacked, closeUnpacked, err := decompress(path, file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r := NewReader(unpacked, path, keys)
	r.closers = []func() error{closeUnpacked, file.Close}
	return r, nil
}

// NewReader reads frames from in, which is not compressed. The name tells the format as in Open, and errors start with it.
func NewReader(in io.Reader, name string, keys Keys) *Reader {
	size := 1 << 18
	if b, ok := in.(*bytes.Reader); ok {
		size = min(size, b.Len()) // answers of teachers come by the thousand
	}
	r := &Reader{name: name, keys: keys, in: bufio.NewReaderSize(in, size)}
	r.parse = r.extendedXYZ
	if isPOSCAR(name) {
		r.parse = r.poscar
	}
	return r
}

// Next returns the next frame, and io.EOF after the last. A source without frames is an error, so is every damage:
// nothing is skipped. Errors name source, line (from 1) and frame (from 0); after an error Next returns it again.
func (r *Reader) Next() (*Frame, error) {
	if r.failed != nil {
		return nil, r.failed
	}
	f, err := r.parse()
	if err == io.EOF && r.frame == 0 {
		err = Hint(fmt.Errorf("%s: no frames", r.name), "the file is empty")
	}
	if err != nil {
		r.failed = err
		return nil, err
	}
	r.frame++
	return f, nil
}

// Close releases the file behind the reader.
func (r *Reader) Close() error {
	var errs []error
	for _, c := range r.closers {
		errs = append(errs, c())
	}
	r.closers = nil
	return errors.Join(errs...)
}

// decompress unpacks what the end of the name says is packed.
func decompress(path string, file io.Reader) (unpacked io.Reader, close func() error, err error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz":
		z, err := gzip.NewReader(file)
		if err != nil {
			return nil, nil, fmt.Errorf("not a gzip file: %v", err) // %v: an io.EOF inside would look like a good end
		}
		return z, z.Close, nil
	case ".zst":
		z, err := zstd.NewReader(file, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, nil, fmt.Errorf("not a zstd file: %v", err)
		}
		return z, func() error { z.Close(); return nil }, nil
	}
	return file, func() error { return nil }, nil
}

// format is the end of the file name that says what is inside, in lower case.
func format(path string) string {
	ext := strings.ToLower(filepath.Ext(path))
	if ext == ".gz" || ext == ".zst" {
		ext = strings.ToLower(filepath.Ext(path[:len(path)-len(ext)]))
	}
	return ext
}

// Native tells whether the name of a file says that it is of a format that is read here. Other names may mean it all the same.
func Native(path string) bool {
	ext := format(path)
	return ext == ".xyz" || ext == ".extxyz" || isPOSCAR(path)
}

func isPOSCAR(path string) bool {
	base := strings.ToUpper(filepath.Base(path))
	switch format(path) {
	case ".xyz", ".extxyz":
		return false
	case ".vasp", ".poscar":
		return true
	}
	return strings.HasPrefix(base, "POSCAR") || strings.HasPrefix(base, "CONTCAR")
}

// maxLine bounds the memory that a garbled file can ask for; 64 MiB is beyond any real comment line.
const maxLine = 64 << 20

// readLine returns the next line without its end (LF or CRLF), valid until the next call, or io.EOF.
func (r *Reader) readLine() ([]byte, error) {
	b, err := r.in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		b, err = r.readLong(b)
	}
	if err != nil && err != io.EOF {
		r.line++
		return nil, Hint(r.errorf("%w", err), "the file cannot be read to its end; a compressed one may be cut off or damaged")
	}
	if len(b) == 0 {
		return nil, io.EOF
	}
	r.line++
	r.cut = b[len(b)-1] != '\n'
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r")), nil
}

func (r *Reader) readLong(b []byte) ([]byte, error) {
	r.long = append(r.long[:0], b...)
	for {
		b, err := r.in.ReadSlice('\n')
		r.long = append(r.long, b...)
		if err != bufio.ErrBufferFull {
			return r.long, err
		}
		if len(r.long) > maxLine {
			return nil, fmt.Errorf("the line is longer than %d MiB", maxLine>>20)
		}
	}
}

// errorf says where reading stopped: the last line read, and the frame it belongs to.
func (r *Reader) errorf(format string, args ...any) error {
	return fmt.Errorf("%s line %d (frame %d): %w", r.name, r.line, r.frame, fmt.Errorf(format, args...))
}
