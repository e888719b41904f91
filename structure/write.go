package structure

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Writer writes frames to an extended XYZ file.
type Writer struct {
	out     *bufio.Writer
	packed  io.Writer // the compressor, else the file
	file    *os.File
	closers []func() error
}

// Create makes or empties an extended XYZ file; a name that ends in .gz or .zst means compressed. Names of other
// compressed files are refused.
func Create(path string) (*Writer, error) {
	if err := packable(path); err != nil {
		return nil, err
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return newWriter(path, file)
}

// newWriter writes to a file what a file of that name holds.
func newWriter(path string, file *os.File) (*Writer, error) {
	packed, closePacked, err := compress(path, file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	w := &Writer{out: bufio.NewWriterSize(packed, 1<<16), packed: packed, file: file}
	w.closers = []func() error{w.out.Flush, closePacked, file.Close}
	return w, nil
}

// packable refuses names that promise a compression which is not written here.
func packable(path string) error {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".bz2", ".xz", ".zip", ".lz4", ".7z":
		return Hint(fmt.Errorf("%s: %s files are not written", path, ext[1:]), "end the name in .gz or .zst, or in .extxyz")
	}
	return nil
}

func compress(path string, file io.Writer) (io.Writer, func() error, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz":
		z := gzip.NewWriter(file)
		return z, z.Close, nil
	case ".zst":
		z, err := zstd.NewWriter(file, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	return file, func() error { return nil }, nil
}

// Write appends a frame.
func (w *Writer) Write(f *Frame) error { return WriteFrame(w.out, f) }

// Flush hands everything written so far to the file (to the compressor, where there is one).
func (w *Writer) Flush() error { return w.out.Flush() }

// Close finishes the file. Only when it returns nil is everything written.
func (w *Writer) Close() error {
	var errs []error
	for _, c := range w.closers {
		errs = append(errs, c())
	}
	w.closers = nil
	return errors.Join(errs...)
}

// WriteFrame writes f as extended XYZ such that reading it with no Keys gives the same frame: numbers are the
// shortest decimals that read back equal. Labels are called energy, forces, stress, energies, or REF_energy ... where
// the frame has another entry of that name. An entry that would be read as a label it is not gets "unused_" before
// its name. It is an error if f fails Check or has arrays of another length, and nothing is written then.
func WriteFrame(w io.Writer, f *Frame) error {
	if err := f.checkWritable(); err != nil {
		return err
	}
	b := make([]byte, 0, f.textBytes())
	b = strconv.AppendInt(b, int64(f.Len()), 10)
	b = append(b, '\n')
	b = f.appendComment(b)
	for i := range f.Numbers {
		b = f.appendAtom(b, i)
	}
	_, err := w.Write(b)
	return err
}

// textBytes is about how long f is in text, so that it need not move while it grows: of each atom a symbol and three numbers,
// seven with forces, of up to 20 characters; a comment line is a few numbers.
func (f *Frame) textBytes() int {
	each := 64
	if f.Forces != nil {
		each = 148
	}
	return 1024 + each*f.Len()
}

func (f *Frame) checkWritable() error {
	n := f.Len()
	if n == 0 {
		return errors.New("a frame without atoms cannot be written")
	}
	if err := f.Check(); err != nil {
		return err
	}
	if f.Forces != nil && len(f.Forces) != n || f.Energies != nil && len(f.Energies) != n {
		return fmt.Errorf("%d atoms have %d forces and %d energies", n, len(f.Forces), len(f.Energies))
	}
	for _, e := range f.Info {
		if k := strings.ToLower(e.Key); k == "lattice" || k == "properties" || k == "pbc" {
			return fmt.Errorf("a frame cannot have an entry called %s", e.Key)
		}
	}
	for i := range f.Arrays {
		if err := f.Arrays[i].check(n); err != nil {
			return err
		}
	}
	return nil
}

func (c *Column) check(n int) error {
	if c.Name == "" || strings.Contains(c.Name, ":") || c.Name == speciesNames[0] || c.Name == positionNames[0] {
		return fmt.Errorf("a column cannot be called %q", c.Name)
	}
	if c.Width < 1 || len(c.Values) != n*c.Width {
		return fmt.Errorf("column %s of width %d has %d values for %d atoms", c.Name, c.Width, len(c.Values), n)
	}
	for _, v := range c.Values {
		if v == "" || strings.ContainsAny(v, " \t\n\v\f\r") {
			return fmt.Errorf("column %s has the value %q", c.Name, v)
		}
		if err := checkToken([]byte(v), c.Kind); err != nil {
			return fmt.Errorf("column %s: %w", c.Name, err)
		}
	}
	return nil
}

func (f *Frame) appendComment(b []byte) []byte {
	names := f.writtenNames()
	if f.Cell != [3][3]float64{} {
		b = appendTensor(append(b, "Lattice="...), f.Cell)
		b = append(b, ' ')
	}
	b = appendEntry(b, Entry{"Properties", f.properties(names)})
	for i, e := range f.Info {
		b = appendEntry(append(b, ' '), Entry{names.info[i], e.Value})
	}
	if f.Energy != nil {
		b = fmt.Appendf(b, " %s=", names.energy)
		b = appendFloats(b, *f.Energy)
	}
	if f.Stress != nil {
		b = fmt.Appendf(b, " %s=", names.stress)
		b = appendTensor(b, Tensor(*f.Stress))
	}
	return fmt.Appendf(b, " pbc=\"%s %s %s\"\n", logical(f.PBC[0]), logical(f.PBC[1]), logical(f.PBC[2]))
}

// properties is the value of Properties=.
func (f *Frame) properties(names writtenNames) string {
	b := []byte("species:S:1:pos:R:3")
	if f.Forces != nil {
		b = fmt.Appendf(b, ":%s:R:3", names.forces)
	}
	if f.Energies != nil {
		b = fmt.Appendf(b, ":%s:R:1", names.energies)
	}
	for i, c := range f.Arrays {
		b = fmt.Appendf(b, ":%s:%c:%d", names.arrays[i], c.Kind, c.Width)
	}
	return string(b)
}

func (f *Frame) appendAtom(b []byte, i int) []byte {
	b = append(b, Symbol(f.Numbers[i])...)
	b = appendFloats(append(b, ' '), f.Positions[i][:]...)
	if f.Forces != nil {
		b = appendFloats(append(b, ' '), f.Forces[i][:]...)
	}
	if f.Energies != nil {
		b = appendFloats(append(b, ' '), f.Energies[i])
	}
	for _, c := range f.Arrays {
		for _, v := range c.Values[i*c.Width : (i+1)*c.Width] {
			b = append(append(b, ' '), v...)
		}
	}
	return append(b, '\n')
}

// appendTensor writes the rows of t in quotes.
func appendTensor(b []byte, t [3][3]float64) []byte {
	b = append(b, '"')
	for k, row := range t {
		if k > 0 {
			b = append(b, ' ')
		}
		b = appendFloats(b, row[:]...)
	}
	return append(b, '"')
}

// appendFloats writes the shortest decimals that read back as the same numbers.
func appendFloats(b []byte, v ...float64) []byte {
	for i, x := range v {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendFloat(b, x, 'g', -1, 64)
	}
	return b
}

func logical(b bool) string {
	if b {
		return "T"
	}
	return "F"
}
