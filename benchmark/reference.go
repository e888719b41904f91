package benchmark

import (
	"math"

	"mlff/model"
	"mlff/structure"
)

// ReferenceShape is the student that the bars are about.
var ReferenceShape = model.Shape{Radial: 16, Channels: 16, Mixed: 16, Hidden: 32, LMax: 3, LT: 2, Layers: 1, Intervals: 96}

// What the reference system is made of.
const (
	referenceElement   = 14
	referenceCutoff    = 5.0 // Å
	referenceNeighbors = 52
	referenceDensity   = 52.3 // atoms in a sphere of the cutoff: makes 52 ± 1 neighbours before, while and after the lattice melts
	referenceForce     = 0.1  // eV/Å, root mean square of a component
	referenceCore      = 1.5  // Å, below it the repulsion of two nuclei begins
)

// Reference is a student of the reference shape with random weights for silicon atoms. Its energies are scaled so that
// forces on the reference lattice are 0.1 eV/Å: at 300 K its atoms then move like those of a hot gas, freely between
// encounters, so that neighbour lists are built more often than in any solid or liquid at that temperature, while
// nothing explodes. All arithmetic is that of any other student.
func Reference() (*model.Model, error) {
	m, err := reference(1)
	if err != nil {
		return nil, err
	}
	p, err := m.Potential(model.Options{Threads: 1, Precision: "float64"})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	s := Lattice(216)
	var r structure.Result
	if err := p.Evaluate(&s, &r); err != nil {
		return nil, err
	}
	var square float64
	for _, f := range r.Forces {
		square += structure.Dot(f, f)
	}
	return reference(referenceForce / math.Sqrt(square/float64(3*s.Len())))
}

func reference(eps float64) (*model.Model, error) {
	m, err := model.New(model.Config{Shape: ReferenceShape, Numbers: []int{referenceElement}, Cutoff: referenceCutoff,
		Nu: 1 / math.Sqrt(referenceNeighbors), Eps: eps, CoreR: []float64{referenceCore}})
	if err != nil {
		return nil, err
	}
	m.Initialise(1)
	return m, nil
}

// Lattice is the reference structure with the cube number of atoms nearest to n: a simple cubic crystal, jittered, with
// 52 neighbours on average within 5 Å.
func Lattice(n int) structure.Structure {
	side := max(1, int(math.Round(math.Cbrt(float64(n)))))
	a := referenceCutoff * math.Cbrt(4*math.Pi/3/referenceDensity)
	random := structure.Rand(1, "benchmark lattice", 0)
	length := a * float64(side)
	s := structure.Structure{Cell: [3][3]float64{{length, 0, 0}, {0, length, 0}, {0, 0, length}}, PBC: [3]bool{true, true, true}}
	for i := range side * side * side {
		x := [3]float64{float64(i / side / side), float64(i / side % side), float64(i % side)}
		for k := range x {
			x[k] = a * (x[k] + 0.24*(random.Float64()-0.5))
		}
		s.Numbers, s.Positions = append(s.Numbers, referenceElement), append(s.Positions, x)
	}
	return s
}

// Repeat is the supercell of s with the number of atoms nearest to n, its edges as equal as may be; s itself where it is
// not periodic.
func Repeat(s *structure.Structure, n int) structure.Structure {
	best, times := math.Inf(1), [3]int{1, 1, 1}
	most := func(k int) int {
		if !s.PBC[k] {
			return 1
		}
		return max(1, 2*n/max(1, s.Len()))
	}
	for a := 1; a <= most(0); a++ {
		for b := 1; b <= most(1) && a*b*s.Len() <= 2*n; b++ {
			for c := 1; c <= most(2) && a*b*c*s.Len() <= 2*n; c++ {
				edge := [3]float64{float64(a) * structure.Norm(s.Cell[0]), float64(b) * structure.Norm(s.Cell[1]), float64(c) * structure.Norm(s.Cell[2])}
				off := math.Abs(math.Log(float64(a*b*c*s.Len()) / float64(n)))
				if cost := off + 0.2*spreadOf(edge, s.PBC); cost < best-1e-12 {
					best, times = cost, [3]int{a, b, c}
				}
			}
		}
	}
	return structure.Supercell(s, times)
}

// spreadOf is the logarithm of the longest over the shortest periodic edge.
func spreadOf(edge [3]float64, pbc [3]bool) float64 {
	least, most := math.Inf(1), 0.0
	for k, p := range pbc {
		if p {
			least, most = min(least, edge[k]), max(most, edge[k])
		}
	}
	if most == 0 {
		return 0
	}
	return math.Log(most / least)
}
