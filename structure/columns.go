package structure

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// role says what one column of the atom lines means.
type role uint8

const (
	roleOther role = iota
	roleSpecies
	roleNumber
	rolePosition
	roleForce
	roleEnergy
)

// field is one token of an atom line: component k of a property with a role.
type field struct {
	role   role
	k      int
	column int // index into atoms.others, for roleOther and a second source of species
	kind   byte
}

// atoms collects the atom lines of a frame as its Properties describe them.
type atoms struct {
	fields    []field
	numbers   []int
	positions [][3]float64
	forces    [][3]float64 // nil without a column of forces
	energies  []float64    // likewise
	others    []otherColumn
	checked   bool // species are given twice: numbers must agree with symbols
	symbol    string
	number    int // of symbol: neighbouring lines mostly repeat it
}

// otherColumn keeps the text of a column in one piece of memory.
type otherColumn struct {
	Column
	text []byte
	ends []int
}

// maxColumns bounds what a garbled Properties can ask for.
const maxColumns = 1 << 16

// newAtoms reads the value of Properties, "name:kind:width" for every column, before n atoms.
func newAtoms(n int, properties string, keys Keys) (*atoms, error) {
	columns, err := parseProperties(properties)
	if err != nil {
		return nil, err
	}
	roles, err := assignRoles(columns, keys)
	if err != nil {
		return nil, fmt.Errorf("columns %s: %w", brief(properties), err)
	}
	a := new(atoms)
	for i, c := range columns {
		a.addFields(c, roles[i], slices.Contains(roles, roleSpecies))
	}
	a.reserve(min(n, 1<<12)) // n is not to be trusted before that many atoms are there
	return a, nil
}

func (a *atoms) reserve(n int) {
	a.numbers, a.positions = make([]int, 0, n), make([][3]float64, 0, n)
	for _, f := range a.fields {
		switch {
		case f.role == roleForce && f.k == 0:
			a.forces = make([][3]float64, 0, n)
		case f.role == roleEnergy:
			a.energies = make([]float64, 0, n)
		}
	}
}

func (a *atoms) addFields(c Column, role role, haveSpecies bool) {
	f := field{role: role, kind: c.Kind}
	if role == roleNumber && haveSpecies {
		a.checked = true // the column survives as well
	}
	if role == roleOther || role == roleNumber && haveSpecies {
		f.column = len(a.others)
		a.others = append(a.others, otherColumn{Column: c})
	}
	for f.k = range c.Width {
		a.fields = append(a.fields, f)
	}
}

func parseProperties(s string) ([]Column, error) {
	parts := strings.Split(s, ":")
	if len(parts)%3 != 0 {
		return nil, fmt.Errorf("key Properties: %s is not name:kind:width of every column", brief(s))
	}
	var columns []Column
	total := 0
	for i := 0; i < len(parts); i += 3 {
		name, kind := parts[i], parts[i+1]
		width, err := strconv.Atoi(parts[i+2])
		if name == "" || len(kind) != 1 || !strings.Contains("SRIL", kind) || err != nil || width < 1 || width > maxColumns {
			return nil, fmt.Errorf("key Properties: %q is not name:kind:width", brief(strings.Join(parts[i:i+3], ":")))
		}
		if total += width; total > maxColumns {
			return nil, fmt.Errorf("more than %d columns in Properties", maxColumns)
		}
		columns = append(columns, Column{Name: name, Kind: kind[0], Width: width})
	}
	return columns, nil
}

// assignRoles finds the columns that are species, positions and labels, and checks their shape.
func assignRoles(columns []Column, keys Keys) ([]role, error) {
	roles := make([]role, len(columns))
	for _, want := range []struct {
		role  role
		kinds string
		width int
		names []string
	}{
		{roleSpecies, "S", 1, speciesNames},
		{roleNumber, "I", 1, numberNames},
		{rolePosition, "RI", 3, positionNames},
		{roleForce, "RI", 3, orDefault(keys.Forces, forceNames)},
		{roleEnergy, "RI", 1, energiesNames},
	} {
		i, err := findColumn(columns, want.names)
		if err != nil {
			return nil, err
		}
		if i < 0 {
			continue
		}
		c := columns[i]
		if c.Width != want.width || !strings.Contains(want.kinds, string(c.Kind)) {
			if want.role == roleNumber && slices.Contains(roles, roleSpecies) {
				continue // something else of that name
			}
			return nil, fmt.Errorf("%s should be %s:%c:%d", c.Name, c.Name, want.kinds[0], want.width)
		}
		if roles[i] != roleOther {
			return nil, fmt.Errorf("%s cannot be two things", c.Name)
		}
		roles[i] = want.role
	}
	if !slices.Contains(roles, rolePosition) {
		return nil, fmt.Errorf("there is no column pos:R:3")
	}
	if !slices.Contains(roles, roleSpecies) && !slices.Contains(roles, roleNumber) {
		return nil, fmt.Errorf("there is no column species:S:1 or Z:I:1")
	}
	return roles, nil
}

// findColumn is the index of the column with the first of the names that is there, or -1.
func findColumn(columns []Column, names []string) (int, error) {
	for _, name := range names {
		is := func(c Column) bool { return c.Name == name }
		if i := slices.IndexFunc(columns, is); i >= 0 {
			if slices.ContainsFunc(columns[i+1:], is) {
				return 0, fmt.Errorf("%s is given twice", name)
			}
			return i, nil
		}
	}
	return -1, nil
}

// atom is what one line says.
type atom struct {
	species, number int // 0 where it is not there
	position, force [3]float64
	energy          float64
}

// add parses one atom line.
func (a *atoms) add(line []byte) error {
	var x atom
	rest := line
	for i := range a.fields {
		var token []byte
		if token, rest = nextToken(rest); len(token) == 0 {
			return a.wrongCount(line)
		}
		if err := a.set(&x, &a.fields[i], token); err != nil {
			return fmt.Errorf("atom %d: %w", len(a.numbers), err)
		}
	}
	if token, _ := nextToken(rest); len(token) != 0 {
		return a.wrongCount(line)
	}
	return a.append(&x)
}

func (a *atoms) set(x *atom, f *field, token []byte) (err error) {
	switch f.role {
	case rolePosition:
		x.position[f.k], err = parseCoordinate(token)
		return err
	case roleForce:
		x.force[f.k], err = parseToken(token)
		return err
	case roleEnergy:
		x.energy, err = parseToken(token)
		return err
	case roleSpecies:
		x.species, err = a.parseSpecies(token)
		return err
	case roleNumber:
		x.number, err = parseNumber(token)
		if !a.checked {
			return err
		}
	default:
		err = checkToken(token, f.kind)
	}
	a.others[f.column].keep(token)
	return err
}

func (a *atoms) append(x *atom) error {
	if a.checked && x.species != x.number {
		return fmt.Errorf("atom %d is called %s and has atomic number %d", len(a.numbers), Symbol(x.species), x.number)
	}
	a.numbers = append(a.numbers, max(x.species, x.number))
	a.positions = append(a.positions, x.position)
	if a.forces != nil {
		a.forces = append(a.forces, x.force)
	}
	if a.energies != nil {
		a.energies = append(a.energies, x.energy)
	}
	return nil
}

func (a *atoms) wrongCount(line []byte) error {
	have := len(strings.FieldsFunc(string(line), func(c rune) bool { return c < 128 && isSpace(byte(c)) }))
	err := fmt.Errorf("atom %d has %d columns instead of %d: %q", len(a.numbers), have, len(a.fields), brief(trimSpace(string(line))))
	if have == 1 {
		return Hint(err, "the first line of the frame may give too many atoms")
	}
	return Hint(err, "Properties= in the second line of a frame describes its columns; without it they are: symbol x y z")
}

// fill moves what was collected into f.
func (a *atoms) fill(f *Frame) {
	f.Numbers, f.Positions = a.numbers, a.positions
	f.Forces, f.Energies = a.forces, a.energies
	for i := range a.others {
		f.Arrays = append(f.Arrays, a.others[i].column())
	}
}

func (c *otherColumn) keep(token []byte) {
	c.text = append(c.text, token...)
	c.ends = append(c.ends, len(c.text))
}

func (c *otherColumn) column() Column {
	text, start := string(c.text), 0
	c.Values = make([]string, len(c.ends))
	for i, end := range c.ends {
		c.Values[i] = text[start:end]
		start = end
	}
	return c.Column
}
