// Package classical holds analytic and tabulated potentials: teachers that are exact, fast and need no file or one
// small one, and yardsticks for everything that consumes a structure.Potential.
//
//   - Stillinger-Weber silicon: F. H. Stillinger and T. A. Weber, Phys. Rev. B 31, 5262 (1985).
//   - Lennard-Jones with a smooth cutoff: J. E. Lennard-Jones, Proc. R. Soc. A 106, 463 (1924).
//   - Embedded-atom method and Finnis-Sinclair, from setfl files: M. S. Daw and M. I. Baskes, Phys. Rev. B 29, 6443
//     (1984); M. W. Finnis and J. E. Sinclair, Philos. Mag. A 50, 45 (1984).
//
// All of them are sums of atomic energies E_i that depend on the vectors d_ij from an atom to its neighbours, so one
// loop serves them: with g_ij = dE_i/dd_ij the forces are F_i = sum_j g_ij - g_ji and the virial -sum_ij d_ij g_ij.
package classical

import (
	"fmt"
	"slices"
	"strings"

	"mlff/neighbor"
	"mlff/structure"
)

// Potential is what every potential of this package offers.
type Potential interface {
	structure.Potential
	Cutoff() float64         // Å; the energy and its first derivative vanish there
	Numbers() []int          // the atomic numbers it knows, ascending
	Parameters() []Parameter // everything that its output depends on
	Clone() Potential        // for another goroutine; shares what never changes
}

// Parameter is a named array of a potential; scalars have an empty shape.
type Parameter struct {
	Name   string
	Shape  []int
	Values []float64
}

// ElementError says that a structure holds elements that a potential has no parameters for.
type ElementError struct{ Known, Unknown []int } // ascending atomic numbers

func (e *ElementError) Error() string {
	return fmt.Sprintf("the potential knows %s, not %s", symbols(e.Known), symbols(e.Unknown))
}

// CheckElements returns an *ElementError if numbers holds an element that is not among known (ascending).
func CheckElements(known, numbers []int) error {
	var unknown []int
	for _, z := range numbers {
		if !slices.Contains(known, z) && !slices.Contains(unknown, z) {
			unknown = append(unknown, z)
		}
	}
	if unknown == nil {
		return nil
	}
	slices.Sort(unknown)
	return &ElementError{Known: known, Unknown: unknown}
}

func symbols(numbers []int) string {
	names := make([]string, len(numbers))
	for k, z := range numbers {
		names[k] = structure.Symbol(z)
	}
	return strings.Join(names, ", ")
}

// skin is the margin of the neighbour lists in Å: wide enough to last some ten steps of molecular dynamics, small
// enough to cost little where every frame is new.
const skin = 0.6

// neighbour is an atom or image within the cutoff of the atom in question.
type neighbour struct {
	d    [3]float64 // the vector to it, Å
	r    float64    // |d|
	z    int        // its atomic number
	atom int32      // the atom it is an image of
	g    [3]float64 // dE_i/dd, eV/Å
}

// atomic is an energy per atom as a function of its neighbours.
type atomic interface {
	// energy returns E_i [eV] of an atom of element z and sets g of every neighbour.
	energy(z int, hood []neighbour) float64
}

// geometry is the memory that an evaluation keeps for the next.
type geometry struct {
	cutoff float64
	list   *neighbor.List
	x      [][3]float64 // positions of the targets
	hood   []neighbour  // neighbourhood of one atom
}

func newGeometry(cutoff float64) geometry {
	return geometry{cutoff: cutoff, list: neighbor.New(cutoff, skin)}
}

// Cutoff is the distance in Å from which on atoms do not see each other.
func (g *geometry) Cutoff() float64 { return g.cutoff }

// evaluate sums the atomic energies of s and their derivatives into out.
func (g *geometry) evaluate(p atomic, s *structure.Structure, out *structure.Result) error {
	if _, err := g.list.Update(s); err != nil {
		return err
	}
	g.x = g.list.Positions(s, g.x)
	out.Resize(s.Len())
	clear(out.Forces)
	out.Energy, out.Virial = 0, [3][3]float64{}
	for i := range s.Numbers {
		g.collect(s, i)
		e := p.energy(s.Numbers[i], g.hood)
		out.Energies[i] = e
		out.Energy += e
		scatter(out, i, g.hood)
	}
	return nil
}

// collect fills the neighbourhood of atom i, in the order of the list.
func (g *geometry) collect(s *structure.Structure, i int) {
	g.hood = g.hood[:0]
	centre := g.x[i]
	for _, t := range g.list.J[g.list.Start[i]:g.list.Start[i+1]] {
		d := structure.Sub(g.x[t], centre)
		r := structure.Norm(d)
		if r < g.cutoff {
			atom := g.list.Owner[t]
			g.hood = append(g.hood, neighbour{d: d, r: r, z: s.Numbers[atom], atom: atom})
		}
	}
}

func scatter(out *structure.Result, i int, hood []neighbour) {
	var f [3]float64
	for k := range hood {
		n := &hood[k]
		for a, g := range n.g {
			f[a] += g
			out.Forces[n.atom][a] -= g
			for b, d := range n.d {
				out.Virial[b][a] -= d * g
			}
		}
	}
	out.Forces[i] = structure.Add(out.Forces[i], f)
}
