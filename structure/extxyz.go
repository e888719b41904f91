package structure

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// extendedXYZ reads one frame: number of atoms, comment line, one line an atom.
func (r *Reader) extendedXYZ() (*Frame, error) {
	n, err := r.readCount()
	if err != nil {
		return nil, err
	}
	f := new(Frame)
	entries, err := r.readComment(n)
	if err != nil {
		return nil, err
	}
	properties, err := f.header(entries)
	if err != nil {
		return nil, r.errorf("%w", err)
	}
	if err := f.takeLabels(r.keys); err != nil { // before the atoms, so that the error names this line
		return nil, r.errorf("%w", err)
	}
	if err := f.checkCell(); err != nil {
		return nil, Hint(r.errorf("%w", err), "Lattice takes nine numbers, three a vector; pbc says which directions are periodic")
	}
	a, err := newAtoms(n, properties, r.keys)
	if err != nil {
		return nil, r.errorf("%w", err)
	}
	if err := r.readAtoms(n, a); err != nil {
		return nil, err
	}
	a.fill(f)
	return f, nil
}

// maxAtoms is more than any file holds; the count is only believed as far as atoms follow.
const maxAtoms = math.MaxInt32

func (r *Reader) readCount() (int, error) {
	for {
		line, err := r.readLine()
		if err != nil {
			return 0, err
		}
		text := trimSpace(string(line))
		if r.line == 1 {
			text = strings.TrimPrefix(text, "\ufeff") // Windows editors put it there
		}
		if text == "" {
			continue // between frames and at the end
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxAtoms {
			return 0, Hint(r.errorf("%q is no number of atoms", brief(text)), r.countHint())
		}
		return n, nil
	}
}

func (r *Reader) countHint() string {
	if r.frame > 0 {
		return fmt.Sprintf("frame %d may have more atoms than its first line says", r.frame-1)
	}
	if ext := format(r.name); ext == ".xyz" || ext == ".extxyz" {
		return "an extended XYZ frame starts with the number of its atoms; compressed files end in .gz or .zst"
	}
	return "extended XYZ and POSCAR (POSCAR*, CONTCAR*, *.vasp) are read; convert others, for instance with `ase convert`"
}

func (r *Reader) readComment(n int) ([]Entry, error) {
	line, err := r.readLine()
	if err == io.EOF {
		return nil, r.truncated(0, n)
	}
	if err != nil {
		return nil, err
	}
	entries, err := parseComment(string(line))
	if err != nil {
		return nil, r.errorf("%w", err)
	}
	return entries, nil
}

func (r *Reader) truncated(have, want int) error {
	return Hint(r.errorf("the file ends after %d of %d atoms", have, want),
		"the file is cut off, or the first line of the frame gives too many atoms")
}

func (r *Reader) readAtoms(n int, a *atoms) error {
	for i := range n {
		line, err := r.readLine()
		if err == io.EOF {
			return r.truncated(i, n)
		}
		if err != nil {
			return err
		}
		if err := a.add(line); err != nil {
			return r.lineError(err)
		}
	}
	return nil
}

// lineError is what is wrong with the line of an atom, which may be the last of a file that was cut off.
func (r *Reader) lineError(err error) error {
	if !r.cut {
		return r.errorf("%w", err)
	}
	hint := "the file ends within this line: is it cut off?"
	if other := HintOf(err); other != "" {
		hint += " else: " + other
	}
	return Hint(r.errorf("%w", err), hint)
}

// header takes cell, periodicity and properties from the entries of the comment line and keeps the others as Info.
func (f *Frame) header(entries []Entry) (properties string, err error) {
	properties = "species:S:1:pos:R:3"
	var lattice, pbc, seen bool
	for _, e := range entries {
		switch strings.ToLower(e.Key) {
		case "lattice":
			err = once(&lattice, e.Key)
			if err == nil {
				f.Cell, err = parseLattice(e.Value)
			}
		case "pbc":
			err = once(&pbc, e.Key)
			if err == nil {
				f.PBC, err = parsePBC(e.Value)
			}
		case "properties":
			err = once(&seen, e.Key)
			properties = e.Value
		default:
			f.Info = append(f.Info, e)
		}
		if err != nil {
			return "", err
		}
	}
	if !pbc && f.Cell != [3][3]float64{} {
		f.PBC = [3]bool{true, true, true}
	}
	return properties, nil
}

func once(seen *bool, key string) error {
	if *seen {
		return fmt.Errorf("%s is given twice", key)
	}
	*seen = true
	return nil
}

// parseLattice reads three vectors of three numbers one after the other, or the three edges of a box.
func parseLattice(s string) (cell [3][3]float64, err error) {
	v, err := parseNumbers(s)
	if err != nil {
		return cell, fmt.Errorf("key Lattice: %w", err)
	}
	switch len(v) {
	case 3:
		cell[0][0], cell[1][1], cell[2][2] = v[0], v[1], v[2]
	case 9:
		for k, x := range v {
			cell[k/3][k%3] = x
		}
	default:
		return cell, fmt.Errorf("key Lattice: %d numbers instead of 9: %q", len(v), brief(s))
	}
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return cell, fmt.Errorf("key Lattice: not finite: %q", brief(s))
		}
	}
	return cell, nil
}

func parsePBC(s string) (pbc [3]bool, err error) {
	words := listOf(s)
	if len(words) != 3 {
		return pbc, fmt.Errorf("pbc has %d values instead of 3: %q", len(words), brief(s))
	}
	for k, w := range words {
		if pbc[k], err = parseLogical(w); err != nil {
			return pbc, fmt.Errorf("pbc: %w", err)
		}
	}
	return pbc, nil
}

func parseLogical(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "t", "true", "1":
		return true, nil
	case "f", "false", "0":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither T nor F", brief(s))
}

// parseNumbers reads numbers between spaces, commas and brackets of any depth.
func parseNumbers(s string) ([]float64, error) {
	var v []float64
	for _, w := range listOf(s) {
		x, err := parseFloat(w)
		if err != nil {
			return nil, err
		}
		v = append(v, x)
	}
	return v, nil
}

// listOf splits a value such as "1 2", [1, 2], {1 2} or _JSON [[1], [2]] into its words.
func listOf(s string) []string {
	return strings.FieldsFunc(strings.TrimPrefix(s, "_JSON "), func(c rune) bool {
		return c < 128 && isSpace(byte(c)) || strings.ContainsRune(",[]{}", c)
	})
}

// parseFloat reads a decimal number, also with Fortran's D for the exponent; NaN and infinities are numbers here.
func parseFloat(s string) (float64, error) {
	x, err := strconv.ParseFloat(s, 64)
	if err == nil {
		return x, nil
	}
	if errors.Is(err, strconv.ErrSyntax) {
		if x, err := strconv.ParseFloat(strings.NewReplacer("D", "E", "d", "e").Replace(s), 64); err == nil {
			return x, nil
		}
	}
	return 0, fmt.Errorf("%q is no number", brief(s))
}

func trimSpace(s string) string { return strings.Trim(s, " \t\v\f\r") }
