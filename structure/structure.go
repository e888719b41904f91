// Package structure holds what every other room speaks of: atoms in a cell, their labels, and the one
// interface behind which every potential stands.
//
// Units everywhere: Å, eV, eV/Å, eV/Å³ (tension positive), fs, atomic mass units.
package structure

import (
	"fmt"
	"math"
)

// Structure is a set of atoms, with or without periodicity.
type Structure struct {
	Numbers   []int         // atomic numbers, [N]
	Positions [][3]float64  // [N] Å; may lie outside the cell
	Cell      [3][3]float64 // rows are the lattice vectors, Å; rows of directions without periodicity may be zero
	PBC       [3]bool       // periodic along each lattice vector
}

// Labels are a teacher's answers for a structure; nil marks what it did not say.
type Labels struct {
	Energy   *float64     // eV
	Forces   [][3]float64 // [N] eV/Å
	Stress   *[6]float64  // xx yy zz yz xz xy, eV/Å³, tension positive
	Energies []float64    // [N] eV
}

// Frame is a structure, its labels, and whatever else its file said, so that nothing is lost on the way through.
type Frame struct {
	Structure
	Labels
	Info   []Entry  // keys of the comment line that are neither cell nor label, in file order
	Arrays []Column // per-atom columns that are neither species, positions nor label, in file order
}

// Entry is one key of a comment line with its value as written, unquoted.
type Entry struct{ Key, Value string }

// Column is one further per-atom property of an extended XYZ file.
type Column struct {
	Name   string
	Kind   byte // S, R, I or L as in Properties=
	Width  int
	Values []string // [N*Width] as written
}

// Get returns the value of a comment-line key and whether it is there.
func (f *Frame) Get(key string) (string, bool) {
	for _, e := range f.Info {
		if e.Key == key {
			return e.Value, true
		}
	}
	return "", false
}

// Result is what a potential says of a structure.
type Result struct {
	Energy   float64       // eV
	Energies []float64     // [N] eV
	Forces   [][3]float64  // [N] eV/Å
	Virial   [3][3]float64 // -dE/dstrain = -V stress, eV
}

// Resize makes room for n atoms, keeping memory it already has.
func (r *Result) Resize(n int) {
	if cap(r.Forces) < n || cap(r.Energies) < n {
		r.Forces, r.Energies = make([][3]float64, n), make([]float64, n)
	}
	r.Forces, r.Energies = r.Forces[:n], r.Energies[:n]
}

// Potential is anything that gives energies and forces: the student, a classical potential, a teacher.
// One goroutine at a time may call it; it must not keep or change s.
type Potential interface {
	// Evaluate resizes out and fills all of it. After an error the content of out is unspecified.
	Evaluate(s *Structure, out *Result) error
}

// Len is the number of atoms.
func (s *Structure) Len() int { return len(s.Numbers) }

// Volume is |det cell| in Å³.
func (s *Structure) Volume() float64 { return math.Abs(Det(s.Cell)) }

// solid tells whether the cell has a volume that a virial can be divided by.
func (s *Structure) solid() bool { return s.Volume() > 0 && !math.IsInf(s.Volume(), 0) }

// Periodic tells whether all three directions are periodic, so that volume and stress mean something.
func (s *Structure) Periodic() bool { return s.PBC[0] && s.PBC[1] && s.PBC[2] }

// Clone is a deep copy.
func (s *Structure) Clone() Structure {
	c := *s
	c.Numbers = append([]int(nil), s.Numbers...)
	c.Positions = append([][3]float64(nil), s.Positions...)
	return c
}

// Check finds what no potential can work with: unequal lengths, unknown elements, positions or cells that are not
// finite, and periodic directions whose lattice vectors span nothing.
func (s *Structure) Check() error {
	if len(s.Positions) != len(s.Numbers) {
		return fmt.Errorf("%d atoms have %d positions", len(s.Numbers), len(s.Positions))
	}
	for i, z := range s.Numbers {
		if z < 1 || z > MaxNumber {
			return fmt.Errorf("atom %d has atomic number %d", i, z)
		}
		if p := &s.Positions[i]; (p[0]+p[1]+p[2])*0 != 0 && !finite(*p) { // at every step: no copy
			return fmt.Errorf("atom %d has position %v", i, *p)
		}
	}
	return s.checkCell()
}

func (s *Structure) checkCell() error {
	var v [3][3]float64 // the periodic vectors, open directions completed by something perpendicular
	n := 0
	for k, p := range s.PBC {
		if !finite(s.Cell[k]) {
			return fmt.Errorf("lattice vector %d is %v", k+1, s.Cell[k])
		}
		if p {
			v[n] = s.Cell[k]
			n++
		}
	}
	spanned := 1.0
	switch n {
	case 1:
		spanned = Norm(v[0])
	case 2:
		spanned = Norm(Cross(v[0], v[1]))
	case 3:
		spanned = math.Abs(Det(v))
	}
	if math.IsNaN(spanned) || math.IsInf(spanned, 0) {
		return fmt.Errorf("the periodic lattice vectors are too long: %v", s.Cell)
	}
	if spanned < 1e-6 { // no atom fits: the thinnest real cells span more than 1 Å per direction
		return fmt.Errorf("the periodic lattice vectors span no volume: %v", s.Cell)
	}
	return nil
}

// StressOf turns a virial [eV] into stress in Voigt order [eV/Å³] for a cell of the given volume [Å³].
func StressOf(virial [3][3]float64, volume float64) [6]float64 {
	s := Voigt(virial)
	for k := range s {
		s[k] /= -volume
	}
	return s
}

// Voigt is the symmetric part of a tensor in the order xx yy zz yz xz xy.
func Voigt(t [3][3]float64) [6]float64 {
	return [6]float64{t[0][0], t[1][1], t[2][2], (t[1][2] + t[2][1]) / 2, (t[0][2] + t[2][0]) / 2, (t[0][1] + t[1][0]) / 2}
}

// Tensor is the symmetric tensor with the given Voigt components.
func Tensor(v [6]float64) [3][3]float64 {
	return [3][3]float64{{v[0], v[5], v[4]}, {v[5], v[1], v[3]}, {v[4], v[3], v[2]}}
}
