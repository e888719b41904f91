package sample

import (
	"math"
	"slices"

	"mlff/structure"
)

// stretch is how much longer than the sum of covalent radii a bond may be: thermal bonds stay below, hydrogen bonds and
// contacts of what is not bonded are far longer.
const stretch = 1.25

// bonds lists the neighbours of every atom of a structure without periodicity.
func bonds(s *structure.Structure) [][]int {
	out := make([][]int, s.Len())
	for i, x := range s.Positions {
		for j, y := range s.Positions {
			longest := stretch * (structure.CovalentRadius(s.Numbers[i]) + structure.CovalentRadius(s.Numbers[j]))
			if i != j && structure.Norm(structure.Sub(x, y)) < longest {
				out[i] = append(out[i], j)
			}
		}
	}
	return out
}

// torsion is a bond about which one side of a molecule can be turned without the other.
type torsion struct {
	axis  [2]int   // the atoms of the bond
	sides [2][]int // what hangs on each of them, ascending, they themselves left out
}

// torsions finds the bonds that are in no ring and have something on both sides. Double bonds are not told from single
// ones: turning them teaches their barriers.
func torsions(s *structure.Structure) []torsion {
	if s.PBC != [3]bool{} {
		return nil
	}
	near := bonds(s)
	var out []torsion
	for i := range near {
		for _, j := range near[i] {
			if j < i {
				continue
			}
			sides := [2][]int{beyond(near, j, i), beyond(near, i, j)}
			if len(sides[0]) > 0 && len(sides[1]) > 0 {
				out = append(out, torsion{[2]int{i, j}, sides})
			}
		}
	}
	return out
}

// beyond lists the atoms that hang on j when its bond to i is cut; none where i is among them, for then it is in a ring.
func beyond(near [][]int, i, j int) []int {
	found := []int{j}
	for k := 0; k < len(found); k++ {
		for _, n := range near[found[k]] {
			if n == i && k > 0 {
				return nil
			}
			if n != i && !slices.Contains(found, n) {
				found = append(found, n)
			}
		}
	}
	found = found[1:]
	slices.Sort(found)
	return found
}

// turn rotates the second side about the axis by an angle [rad] (O. Rodrigues, J. Math. Pures Appl. 5, 380, 1840).
func (t *torsion) turn(s *structure.Structure, angle float64) {
	origin := s.Positions[t.axis[0]]
	n := structure.Sub(s.Positions[t.axis[1]], origin)
	n = structure.Scale(1/structure.Norm(n), n)
	sin, cos := math.Sincos(angle)
	for _, i := range t.sides[1] {
		x := structure.Sub(s.Positions[i], origin)
		turned := structure.Add(structure.Scale(cos, x), structure.Scale(sin, structure.Cross(n, x)))
		turned = structure.Add(turned, structure.Scale((1-cos)*structure.Dot(n, x), n))
		s.Positions[i] = structure.Add(origin, turned)
	}
}

// hold takes out of forces what would turn either side about the axis: F - g (g·F)/(g·g), g_i = n x (x_i - x_axis).
func (t *torsion) hold(s *structure.Structure, forces [][3]float64) {
	origin := s.Positions[t.axis[0]]
	n := structure.Sub(s.Positions[t.axis[1]], origin)
	for _, side := range t.sides {
		var torque, inertia float64
		for _, i := range side {
			g := structure.Cross(n, structure.Sub(s.Positions[i], origin))
			torque, inertia = torque+structure.Dot(g, forces[i]), inertia+structure.Dot(g, g)
		}
		if inertia == 0 { // the side lies on the axis
			continue
		}
		for _, i := range side {
			g := structure.Cross(n, structure.Sub(s.Positions[i], origin))
			forces[i] = structure.Sub(forces[i], structure.Scale(torque/inertia, g))
		}
	}
}
