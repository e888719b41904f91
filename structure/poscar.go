package structure

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// poscar reads a VASP structure file: comment, scale, lattice, symbols, counts, optional selective dynamics, mode,
// positions. Selective dynamics survive as the column move_mask; velocities after the positions are not read.
func (r *Reader) poscar() (*Frame, error) {
	if r.frame > 0 {
		return nil, io.EOF
	}
	first, err := r.readLine()
	if err != nil {
		return nil, err // an empty file has no frames
	}
	f := &Frame{Structure: Structure{PBC: [3]bool{true, true, true}}}
	if comment := trimSpace(string(first)); comment != "" {
		f.Info = []Entry{{"comment", comment}}
	}
	scale, err := r.poscarCell(f)
	if err != nil {
		return nil, err
	}
	numbers, counts, err := r.poscarSpecies()
	if err != nil {
		return nil, err
	}
	p := poscarAtoms{frame: f, scale: scale}
	if err := r.poscarMode(&p); err != nil {
		return nil, err
	}
	if err := r.poscarAtoms(&p, numbers, counts); err != nil {
		return nil, err
	}
	return f, r.poscarEnd(f.Len())
}

// poscarWords returns the words of the next line, which must be there.
func (r *Reader) poscarWords(what string) ([]string, error) {
	line, err := r.readLine()
	if err == io.EOF {
		return nil, Hint(r.errorf("the file ends before %s", what), "the file is cut off")
	}
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(string(line), func(c rune) bool { return c < 128 && isSpace(byte(c)) }), nil
}

// poscarNumbers reads finite numbers from the start of the next line; a comment may follow them.
func (r *Reader) poscarNumbers(what string, n int) ([]float64, error) {
	words, err := r.poscarWords(what)
	if err != nil {
		return nil, err
	}
	if len(words) < n {
		return nil, r.errorf("%s: %d numbers instead of %d", what, len(words), n)
	}
	v := make([]float64, n)
	for i := range v {
		if v[i], err = parseCoordinate([]byte(words[i])); err != nil {
			return nil, r.errorf("%s: %w", what, err)
		}
	}
	return v, nil
}

// poscarCell reads scale and lattice. One scale multiplies everything; a negative one is the wanted volume; three
// multiply x, y and z.
func (r *Reader) poscarCell(f *Frame) (scale [3]float64, err error) {
	words, err := r.poscarWords("the scale")
	if err != nil {
		return scale, err
	}
	s, err := poscarScale(words)
	if err != nil {
		return scale, r.errorf("%w", err)
	}
	for k := range f.Cell {
		v, err := r.poscarNumbers(fmt.Sprintf("lattice vector %d", k+1), 3)
		if err != nil {
			return scale, err
		}
		f.Cell[k] = [3]float64(v)
	}
	if s[0] < 0 {
		if f.Volume() == 0 {
			return scale, r.errorf("the lattice vectors span no volume: %v", f.Cell)
		}
		c := math.Cbrt(-s[0] / f.Volume())
		s = [3]float64{c, c, c}
	}
	for k, v := range f.Cell {
		f.Cell[k] = [3]float64{s[0] * v[0], s[1] * v[1], s[2] * v[2]}
	}
	if err := f.checkCell(); err != nil {
		return scale, r.errorf("%w", err)
	}
	return s, nil
}

func poscarScale(words []string) (s [3]float64, err error) {
	var v []float64
	for _, w := range words[:min(3, len(words))] {
		x, err := parseCoordinate([]byte(w))
		if err != nil {
			break // a comment
		}
		v = append(v, x)
	}
	switch {
	case len(v) == 0 || len(v) == 2:
		return s, fmt.Errorf("the scale is one number or three, not %q", brief(strings.Join(words, " ")))
	case len(v) == 1:
		v = []float64{v[0], v[0], v[0]}
	case v[0] <= 0 || v[1] <= 0 || v[2] <= 0:
		return s, fmt.Errorf("three scales must be positive: %v", v)
	}
	if v[0] == 0 {
		return s, fmt.Errorf("the scale is 0")
	}
	return [3]float64(v), nil
}

// poscarSpecies reads the lines of symbols and of counts.
func (r *Reader) poscarSpecies() (numbers, counts []int, err error) {
	symbols, err := r.poscarWords("the symbols")
	if err != nil {
		return nil, nil, err
	}
	for _, s := range symbols {
		z, err := parseSymbol(s)
		if err != nil {
			return nil, nil, r.errorf("%w", err)
		}
		numbers = append(numbers, z)
	}
	words, err := r.poscarWords("the number of atoms")
	if err != nil {
		return nil, nil, err
	}
	if len(words) > len(symbols) && (words[len(symbols)][0] == '!' || words[len(symbols)][0] == '#') {
		words = words[:len(symbols)]
	}
	if len(symbols) == 0 || len(words) != len(symbols) {
		return nil, nil, r.errorf("%d elements have %d numbers of atoms", len(symbols), len(words))
	}
	total := 0
	for _, w := range words {
		n, err := strconv.Atoi(w)
		if err != nil || n < 0 || n > maxAtoms {
			return nil, nil, r.errorf("%q is no number of atoms", brief(w))
		}
		counts, total = append(counts, n), total+n
	}
	if total == 0 {
		return nil, nil, r.errorf("there are no atoms")
	}
	return numbers, counts, nil
}

// parseSymbol reads an element as VASP writes it: Si, Si_pv, Si/0123abcd.
func parseSymbol(s string) (int, error) {
	name, _, _ := strings.Cut(s, "/")
	name, _, _ = strings.Cut(name, "_")
	if z, ok := Number(name); ok {
		return z, nil
	}
	err := fmt.Errorf("%q is no chemical element", brief(s))
	if _, e := strconv.Atoi(s); e == nil {
		return 0, Hint(err, "write the symbols of the elements in the line above their numbers of atoms (VASP 5 format)")
	}
	return 0, err
}

type poscarAtoms struct {
	frame     *Frame
	scale     [3]float64
	cartesian bool
	selective bool
	mask      []string
}

// poscarMode reads "Selective dynamics" if it is there, and Direct or Cartesian; the first letter decides, as in VASP.
func (r *Reader) poscarMode(p *poscarAtoms) error {
	for {
		words, err := r.poscarWords("Direct or Cartesian")
		if err != nil {
			return err
		}
		mode := byte(' ')
		if len(words) > 0 {
			mode = words[0][0] | 0x20 // lower case
		}
		switch {
		case mode == 's' && !p.selective:
			p.selective = true
			continue
		case mode == 'c' || mode == 'k':
			p.cartesian = true
		case mode != 'd':
			return r.errorf("%q is neither Direct nor Cartesian", brief(strings.Join(words, " ")))
		}
		return nil
	}
}

func (r *Reader) poscarAtoms(p *poscarAtoms, numbers, counts []int) error {
	for i, z := range numbers {
		for range counts[i] {
			if err := r.poscarAtom(p, z); err != nil {
				return err
			}
		}
	}
	if p.selective {
		p.frame.Arrays = []Column{{Name: "move_mask", Kind: 'L', Width: 3, Values: p.mask}}
	}
	return nil
}

func (r *Reader) poscarAtom(p *poscarAtoms, z int) error {
	f := p.frame
	what := fmt.Sprintf("atom %d", f.Len())
	words, err := r.poscarWords(what)
	if err != nil {
		return err
	}
	need := 3
	if p.selective {
		need = 6
	}
	if len(words) < need {
		return r.errorf("%s has %d columns instead of %d", what, len(words), need)
	}
	var x [3]float64
	for k := range x {
		if x[k], err = parseCoordinate([]byte(words[k])); err != nil {
			return r.errorf("%s: %w", what, err)
		}
	}
	for _, w := range words[3:need] {
		free, err := parseLogical(strings.Trim(w, "."))
		if err != nil {
			return r.errorf("%s: %w", what, err)
		}
		p.mask = append(p.mask, logical(free))
	}
	if p.cartesian {
		x = [3]float64{p.scale[0] * x[0], p.scale[1] * x[1], p.scale[2] * x[2]}
	} else {
		x = Mul(x, f.Cell)
	}
	if !finite(x) {
		return r.errorf("%s has position %v", what, x)
	}
	f.Numbers, f.Positions = append(f.Numbers, z), append(f.Positions, x)
	return nil
}

// poscarEnd makes sure that the positions end where the counts say. What may follow, velocities, starts with an empty
// line or a word.
func (r *Reader) poscarEnd(n int) error {
	line, err := r.readLine()
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return err
	}
	word, _ := cutToken(skipSpace(string(line)))
	if _, err := parseFloat(word); err == nil {
		return Hint(r.errorf("there are more than the %d positions announced", n), "correct the line of numbers of atoms")
	}
	return nil
}
