package classical

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"mlff/structure"
)

// LoadEAM reads a setfl file (.eam.alloy or .eam.fs): three lines of comment; the elements; the table sizes; for every
// element a line "number mass lattice-constant lattice", the embedding energy and the density tables; then r phi of
// every pair of elements. Whether an element has one density table or one for every element (Finnis-Sinclair) is
// seen from the length of the file. Errors name the file and, where there is one, the line.
func LoadEAM(path string) (*EAM, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	p, err := ReadEAM(file)
	if err != nil {
		return nil, structure.Hint(fmt.Errorf("%s: %w", path, err), "a DYNAMO setfl file is needed, as for LAMMPS' pair_style eam/alloy or eam/fs")
	}
	return p, nil
}

// ReadEAM is LoadEAM of an open file.
func ReadEAM(r io.Reader) (*EAM, error) {
	words, err := readWords(r)
	if err != nil {
		return nil, err
	}
	t := &eamTables{comment: words.comment}
	if err := t.readElements(words); err != nil {
		return nil, err
	}
	g, err := t.readGrid(words)
	if err != nil {
		return nil, err
	}
	if err := t.readTables(words, g); err != nil {
		return nil, err
	}
	return newEAM(t), nil
}

// grid is the fifth line: how many knots the tables have, and their steps in density and in Å.
type grid struct {
	rhos, rs     int
	drho, dr     float64
	densityCount int // density tables per element
}

func (t *eamTables) readElements(w *words) error {
	count, err := w.integer("number of elements")
	if err != nil {
		return err
	}
	if count < 1 || count > structure.MaxNumber {
		return w.errorf("%d elements", count)
	}
	for range count {
		name, err := w.next("element")
		if err != nil {
			return err
		}
		z, ok := structure.Number(name)
		if !ok || slices.Contains(t.elements, z) {
			return w.errorf("%q is no element, or one listed before", name)
		}
		t.index[z] = int8(len(t.elements))
		t.elements = append(t.elements, z)
	}
	t.numbers = slices.Sorted(slices.Values(t.elements))
	return nil
}

func (t *eamTables) readGrid(w *words) (g grid, err error) {
	read := func(what string) float64 {
		var x float64
		if err == nil {
			x, err = w.number(what)
		}
		return x
	}
	rhos, drho := read("number of densities"), read("density step")
	rs, dr := read("number of distances"), read("distance step")
	t.reach = read("cutoff")
	if err != nil {
		return g, err
	}
	// Five knots are the fewest that the interpolation works with; a count beyond the file's words is no count.
	for _, n := range []float64{rhos, rs} {
		if n != math.Trunc(n) || n < 5 || n > float64(len(w.text)) {
			return g, w.errorf("a table of %g numbers", n)
		}
	}
	if !(drho > 0 && dr > 0 && t.reach > 0) {
		return g, w.errorf("steps %g and %g and cutoff %g must be positive", drho, dr, t.reach)
	}
	if longest := dr * rs; t.reach > longest*(1+1e-9) {
		return g, w.errorf("the cutoff %g Å lies beyond the tables, which end at %g Å", t.reach, longest)
	}
	g = grid{rhos: int(rhos), rs: int(rs), drho: drho, dr: dr}
	g.densityCount, err = t.countDensities(w, g)
	return g, err
}

// countDensities tells one density table per element from one for every element by the words that are left.
func (t *eamTables) countDensities(w *words, g grid) (int, error) {
	s := len(t.elements)
	plain := s*(4+g.rhos+g.rs) + s*(s+1)/2*g.rs
	finnisSinclair := plain + s*(s-1)*g.rs
	switch left := len(w.text) - w.at; left {
	case plain:
		return 1, nil
	case finnisSinclair:
		return s, nil
	default:
		return 0, fmt.Errorf("%d words follow the table sizes; an embedded-atom potential has %d, one of Finnis-Sinclair form %d", left, plain, finnisSinclair)
	}
}

func (t *eamTables) readTables(w *words, g grid) error {
	s := len(t.elements)
	t.raw = append(t.raw, Parameter{Name: "grid", Shape: []int{3}, Values: []float64{g.drho, g.dr, t.reach}})
	for _, z := range t.elements {
		if err := t.readElement(w, g, structure.Symbol(z)); err != nil {
			return err
		}
	}
	t.pair = make([][]spline, s)
	for i := range s {
		t.pair[i] = make([]spline, s)
	}
	for i := range s {
		for j := range i + 1 {
			name := "pair " + structure.Symbol(t.elements[i]) + " " + structure.Symbol(t.elements[j])
			values, err := t.table(w, name, g.rs)
			if err != nil {
				return err
			}
			t.pair[i][j] = newSpline(values, g.dr, 0)
			t.pair[j][i] = t.pair[i][j]
		}
	}
	return nil
}

// readElement reads F and f of one element. Its own line repeats the number and says mass and lattice: not needed.
func (t *eamTables) readElement(w *words, g grid, symbol string) error {
	for _, what := range []string{"atomic number", "mass", "lattice constant", "lattice"} {
		if _, err := w.next(what); err != nil {
			return err
		}
	}
	values, err := t.table(w, "embedding "+symbol, g.rhos)
	if err != nil {
		return err
	}
	last := len(values) - 1
	t.embed = append(t.embed, newSpline(values, g.drho, values[last]-values[last-1]))
	row := make([]spline, len(t.elements))
	for k := range row {
		if k >= g.densityCount {
			row[k] = row[0]
			continue
		}
		name := "density " + symbol
		if g.densityCount > 1 {
			name += " at " + structure.Symbol(t.elements[k])
		}
		if values, err = t.table(w, name, g.rs); err != nil {
			return err
		}
		row[k] = newSpline(values, g.dr, 0)
	}
	t.density = append(t.density, row)
	return nil
}

func (t *eamTables) table(w *words, name string, n int) ([]float64, error) {
	values := make([]float64, n)
	for k := range values {
		x, err := w.number(name)
		if err != nil {
			return nil, err
		}
		values[k] = x
	}
	t.raw = append(t.raw, Parameter{Name: name, Shape: []int{n}, Values: values})
	return values, nil
}

// words is the text of a file after its comment.
type words struct {
	comment [3]string
	text    []string
	line    []int // of every word, from 1
	at      int   // the word to come
}

func readWords(r io.Reader) (*words, error) {
	w := &words{}
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 1<<24) // some writers put a whole table on one line
	for line := 1; scanner.Scan(); line++ {
		if line <= 3 {
			w.comment[line-1] = strings.TrimSpace(scanner.Text())
			continue
		}
		for _, word := range strings.Fields(scanner.Text()) {
			w.text, w.line = append(w.text, word), append(w.line, line)
		}
	}
	return w, scanner.Err()
}

func (w *words) next(what string) (string, error) {
	if w.at == len(w.text) {
		return "", fmt.Errorf("the file ends where the %s should come", what)
	}
	w.at++
	return w.text[w.at-1], nil
}

func (w *words) number(what string) (float64, error) {
	word, err := w.next(what)
	if err != nil {
		return 0, err
	}
	x, err := strconv.ParseFloat(strings.NewReplacer("D", "e", "d", "e").Replace(word), 64) // Fortran writes 1D-3
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, w.errorf("%s: %q is no number", what, word)
	}
	return x, nil
}

func (w *words) integer(what string) (int, error) {
	x, err := w.number(what)
	if err == nil && (x != math.Trunc(x) || math.Abs(x) > math.MaxInt32) {
		return 0, w.errorf("%s: %g is no count", what, x)
	}
	return int(x), err
}

// errorf names the line of the word read last.
func (w *words) errorf(format string, args ...any) error {
	return fmt.Errorf("line %d: %s", w.line[max(w.at-1, 0)], fmt.Sprintf(format, args...))
}
