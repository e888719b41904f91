package classical

import (
	"slices"

	"mlff/structure"
)

// EAM is an embedded-atom or Finnis-Sinclair potential:
//
//	E_i = F_zi(rho_i) + 1/2 sum_j phi_zizj(r_ij),  rho_i = sum_j f_zjzi(r_ij)
//
// with tables of the embedding energy F, of the density f that an atom of element z_j gives to one of element z_i
// (the same for every z_i in the plain embedded-atom method), and of r phi. Tables are interpolated as in LAMMPS;
// above the last tabulated density F goes on as a straight line.
type EAM struct {
	geometry
	*eamTables
}

// eamTables never change once read. Elements are counted in the order of the file.
type eamTables struct {
	comment  [3]string // the first lines of the file
	numbers  []int     // atomic numbers, ascending
	elements []int     // atomic numbers, in the order of the file
	index    [structure.MaxNumber + 1]int8
	reach    float64    // cutoff, Å
	embed    []spline   // [S] F(rho)
	density  [][]spline // [S][S] f(r) of the first element at the second; rows may share one table
	pair     [][]spline // [S][S] r phi(r)
	raw      []Parameter
}

func newEAM(t *eamTables) *EAM { return &EAM{geometry: newGeometry(t.reach), eamTables: t} }

// Evaluate writes energy, atomic energies, forces and virial of s into out. It returns an *ElementError if s holds an
// element that the file does not, and the neighbour list's error where atoms coincide or s is no valid structure.
func (p *EAM) Evaluate(s *structure.Structure, out *structure.Result) error {
	if err := CheckElements(p.numbers, s.Numbers); err != nil {
		return err
	}
	return p.evaluate(p, s, out)
}

// Numbers are the elements of the file.
func (p *EAM) Numbers() []int { return slices.Clone(p.numbers) }

// Comment is the first three lines of the file, which should name its source.
func (p *EAM) Comment() [3]string { return p.comment }

// Clone is the same potential for another goroutine; the tables are shared.
func (p *EAM) Clone() Potential { return newEAM(p.eamTables) }

// Parameters are the tables as read.
func (p *EAM) Parameters() []Parameter { return p.raw }

func (p *EAM) energy(z int, hood []neighbour) float64 {
	i := p.index[z]
	var rho float64
	for k := range hood {
		n := &hood[k]
		f, df := p.density[p.index[n.z]][i].at(n.r)
		rho += f
		n.g = structure.Scale(df/n.r, n.d)
	}
	e, de := p.embed[i].at(rho)
	for k := range hood {
		n := &hood[k]
		w, dw := p.pair[i][p.index[n.z]].at(n.r)
		phi := w / n.r
		dphi := (dw - phi) / n.r
		e += phi / 2
		n.g = structure.Add(structure.Scale(de, n.g), structure.Scale(dphi/(2*n.r), n.d))
	}
	return e
}
