package dataset

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"mlff/structure"
)

// Statistics describes a set of labelled frames.
type Statistics struct {
	Frames       int           `json:"frames"`
	Groups       int           `json:"groups"`
	Atoms        int           `json:"atoms"`         // over all frames
	LargestFrame int           `json:"largest_frame"` // atoms
	Isolated     int           `json:"isolated"`      // frames of a single atom without periodicity
	Periodic     int           `json:"periodic"`      // frames periodic in three directions
	Energies     int           `json:"energies"`      // frames with an energy
	Forces       int           `json:"forces"`        // frames with forces
	Stresses     int           `json:"stresses"`      // frames with stress
	ForceRMS     float64       `json:"force_rms"`     // of the components, eV/Å
	ForceMax     float64       `json:"force_max"`     // largest |F|, eV/Å
	Elements     []ElementSeen `json:"elements"`      // ascending by atomic number
	Compositions []NamedCount  `json:"compositions"`  // frames by reduced formula
	Sources      []NamedCount  `json:"sources"`       // frames by source
}

// ElementSeen counts the atoms of one element.
type ElementSeen struct {
	Number int    `json:"number"`
	Symbol string `json:"symbol"`
	Atoms  int    `json:"atoms"`
}

// NamedCount counts frames under a name.
type NamedCount struct {
	Name   string `json:"name"`
	Frames int    `json:"frames"`
}

// Describe counts and measures the items.
func Describe(items []Item) Statistics {
	var s Statistics
	groups, atoms := map[string]int{}, map[int]int{}
	formulas, sources := map[string]int{}, map[string]int{}
	square, components := 0.0, 0.0
	for i := range items {
		it := &items[i]
		s.count(it)
		groups[it.Group]++
		formulas[Composition(it.Numbers)]++
		sources[it.Source]++
		for _, z := range it.Numbers {
			atoms[z]++
		}
		for _, f := range it.Forces {
			f2 := structure.Dot(f, f)
			square, components = square+f2, components+3
			s.ForceMax = max(s.ForceMax, math.Sqrt(f2))
		}
	}
	s.Groups = len(groups)
	if components > 0 {
		s.ForceRMS = math.Sqrt(square / components)
	}
	for _, z := range sortedKeys(atoms) {
		s.Elements = append(s.Elements, ElementSeen{z, structure.Symbol(z), atoms[z]})
	}
	s.Compositions, s.Sources = counts(formulas), counts(sources)
	return s
}

func (s *Statistics) count(it *Item) {
	s.Frames++
	s.Atoms += it.Len()
	s.LargestFrame = max(s.LargestFrame, it.Len())
	s.Isolated += one(isolated(&it.Structure))
	s.Periodic += one(it.Periodic())
	s.Energies += one(it.Energy != nil)
	s.Forces += one(it.Labels.Forces != nil)
	s.Stresses += one(it.Stress != nil)
}

// isolated is a single atom that sees no image of itself.
func isolated(s *structure.Structure) bool { return s.Len() == 1 && s.PBC == [3]bool{} }

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func counts(m map[string]int) []NamedCount {
	var out []NamedCount
	for _, name := range sortedKeys(m) {
		out = append(out, NamedCount{name, m[name]})
	}
	return out
}

// Composition is the reduced formula in ascending atomic number, such as H2O for any number of water molecules.
func Composition(numbers []int) string {
	count := map[int]int{}
	for _, z := range numbers {
		count[z]++
	}
	divisor := 0
	for _, n := range count {
		divisor = gcd(divisor, n)
	}
	var b strings.Builder
	for _, z := range sortedKeys(count) {
		b.WriteString(structure.Symbol(z))
		if n := count[z] / divisor; n > 1 {
			b.WriteString(strconv.Itoa(n))
		}
	}
	return b.String()
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Elements are the atomic numbers that occur in the items, ascending.
func Elements(items []Item) []int {
	var z []int
	for i := range items {
		z = append(z, items[i].Numbers...)
		slices.Sort(z)
		z = slices.Compact(z)
	}
	return z
}
