package validate

import (
	"context"
	"fmt"
	"slices"

	"mlff/structure"
)

// Vacancy is the energy in eV of removing the first atom of a crystal of one element, repeated, and putting it back into
// the bulk: E(N-1) - (N-1)/N E(N), at the bulk's cell with atoms relaxed.
func Vacancy(ctx context.Context, p structure.Potential, c *Crystal, repeats [3]int) (float64, error) {
	bulk := structure.Supercell(&c.Structure, repeats)
	n := bulk.Len()
	if slices.ContainsFunc(bulk.Numbers, func(z int) bool { return z != bulk.Numbers[0] }) {
		return 0, fmt.Errorf("the formation energy of a vacancy needs a crystal of one element, not %s", formula(bulk.Numbers))
	}
	hole := bulk.Clone()
	hole.Numbers, hole.Positions = hole.Numbers[1:], hole.Positions[1:]
	_, r, err := Relaxation{Force: 1e-3}.Relax(ctx, p, &hole)
	if err != nil {
		return 0, err
	}
	return r.Energy - float64(n-1)/float64(c.Structure.Len())*c.Energy, nil
}

// slabVacuum keeps the two faces of a slab out of each other's sight, Å.
const slabVacuum = 15.0

// Surface is the energy of the face spanned by the first two lattice vectors in J/m²: that of a slab of so many cells
// with atoms relaxed, less that of as much bulk, over twice the area. The cut lies at the cell's boundary.
func Surface(ctx context.Context, p structure.Potential, c *Crystal, layers int) (float64, error) {
	slab := structure.Supercell(&c.Structure, [3]int{1, 1, layers})
	normal := structure.Cross(slab.Cell[0], slab.Cell[1])
	area := structure.Norm(normal)
	slab.Cell[2] = structure.Add(slab.Cell[2], structure.Scale(slabVacuum/area, normal))
	_, r, err := Relaxation{Force: 5e-3}.Relax(ctx, p, &slab)
	if err != nil {
		return 0, err
	}
	return (r.Energy - float64(layers)*c.Energy) / (2 * area) * joulePerSquareMetre, nil
}

// joulePerSquareMetre is 1 eV/Å² in J/m².
const joulePerSquareMetre = 16.02176634
