package sample

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"mlff/structure"
)

// What is sampled on request only gets a share of its own, taken from all others alike.
const extraPart = 0.08

// Extras are the names of what Config.Extra may ask for.
func Extras() []string {
	var names []string
	for _, e := range extras {
		names = append(names, e.name)
	}
	return names
}

var extras = []share{
	{"relaxed", extraPart, (*planner).relaxations},
	{"vacancies", extraPart, (*planner).vacancies},
	{"slabs", extraPart, (*planner).slabs},
	{"swaps", extraPart, (*planner).swaps},
	{"quench", extraPart, (*planner).quenches},
}

// withExtras are the shares of this plan.
func (p *planner) withExtras() ([]share, error) {
	var wanted []share
	for _, name := range p.Extra {
		k := slices.IndexFunc(extras, func(e share) bool { return e.name == name })
		if k < 0 {
			return nil, structure.Hint(fmt.Errorf("nothing to be sampled is called %q", name), "there are "+strings.Join(Extras(), ", "))
		}
		if what := p.lacking(name); what != "" {
			return nil, structure.Hint(fmt.Errorf("%s cannot be sampled: no start structure %s", name, what), "leave it out, or add such a structure")
		}
		wanted = append(wanted, extras[k])
	}
	if len(p.Paths) > 0 {
		wanted = append(wanted, share{"paths", extraPart, (*planner).paths})
	}
	var all []share
	for _, s := range shares {
		s.part *= 1 - extraPart*float64(len(wanted))
		all = append(all, s)
	}
	return append(all, wanted...), nil
}

// lacking says what all start structures lack that an extra needs; empty where one has it.
func (p *planner) lacking(extra string) string {
	switch {
	case extra == "vacancies" && len(p.crystals) == 0:
		return "is periodic"
	case extra == "slabs" && len(p.solids()) == 0:
		return "is periodic in three directions"
	case extra == "swaps" && len(p.mixed()) == 0:
		return "has two elements"
	}
	return ""
}

// solids are periodic in three directions, mixed have more than one element.
func (p *planner) solids() []int {
	return p.those(func(s *structure.Structure) bool { return s.Periodic() })
}
func (p *planner) mixed() []int {
	return p.those(func(s *structure.Structure) bool { return slices.Max(s.Numbers) > slices.Min(s.Numbers) })
}

func (p *planner) those(are func(s *structure.Structure) bool) []int {
	var list []int
	for k := range p.starts {
		if are(&p.starts[k]) {
			list = append(list, k)
		}
	}
	return list
}

// relaxations are families of rattled structures.
func (p *planner) relaxations(labels int) {
	p.families(indices(len(p.starts)), p.phases, labels, func(start, k int) (structure.Structure, hold) {
		s := p.large[start].Clone()
		rng := structure.Rand(p.Seed, "sample relaxed", uint64(k*len(p.starts)+start))
		deform(&s, randomStrain(p.Strain/2, rng))
		rattle(&s, p.Rattle*(0.5+rng.Float64()), rng)
		return s, nil
	})
}

// vacancies are crystals in which one atom is missing.
func (p *planner) vacancies(labels int) {
	p.families(p.crystals, p.phases, labels, func(start, k int) (structure.Structure, hold) {
		s := p.large[start].Clone()
		rng := structure.Rand(p.Seed, "sample vacancies", uint64(k*len(p.starts)+start))
		if s.Len() > 1 {
			i := rng.IntN(s.Len())
			s.Numbers, s.Positions = slices.Delete(s.Numbers, i, i+1), slices.Delete(s.Positions, i, i+1)
		}
		rattle(&s, p.Rattle*(0.2+0.8*rng.Float64()), rng)
		return s, nil
	})
}

// swaps are structures in which up to three pairs of atoms of different elements have changed places.
func (p *planner) swaps(labels int) {
	p.families(p.mixed(), p.phases, labels, func(start, k int) (structure.Structure, hold) {
		s := p.large[start].Clone()
		rng := structure.Rand(p.Seed, "sample swaps", uint64(k*len(p.starts)+start))
		for range 1 + rng.IntN(3) {
			i := rng.IntN(s.Len())
			j := rng.IntN(s.Len())
			for s.Numbers[j] == s.Numbers[i] {
				j = rng.IntN(s.Len())
			}
			s.Numbers[i], s.Numbers[j] = s.Numbers[j], s.Numbers[i]
		}
		rattle(&s, p.Rattle*(0.2+0.8*rng.Float64()), rng)
		return s, nil
	})
}

// facets are bases whose first two vectors span a plane of low indices and whose third leads to the next plane: (001),
// (010), (100), (110), (101), (011), (111).
var facets = [][3][3]int{
	{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	{{0, 0, 1}, {1, 0, 0}, {0, 1, 0}},
	{{0, 1, 0}, {0, 0, 1}, {1, 0, 0}},
	{{1, -1, 0}, {0, 0, 1}, {1, 0, 0}},
	{{1, 0, -1}, {0, 1, 0}, {1, 0, 0}},
	{{0, 1, -1}, {1, 0, 0}, {0, 1, 0}},
	{{1, -1, 0}, {0, 1, -1}, {1, 0, 0}},
}

// slabs are cuts along planes of low indices, at any height, with room above in which the two surfaces do not meet.
func (p *planner) slabs(labels int) {
	p.families(p.solids(), p.phases, labels, func(start, k int) (structure.Structure, hold) {
		rng := structure.Rand(p.Seed, "sample slabs", uint64(k*len(p.starts)+start))
		s := cut(&p.starts[start], facets[k%len(facets)], rng.Float64(), p.Cutoff, p.MaxAtoms)
		rattle(&s, p.Rattle*(0.2+0.8*rng.Float64()), rng)
		return s, nil
	})
}

// cut cuts s along the plane of the first two vectors of a basis, at the height u of the third (0 to 1), and leaves
// vacuum [Å] and as much again as the layers are apart. It stays periodic in three directions, for the teachers' sake.
func cut(s *structure.Structure, basis [3][3]int, u, vacuum float64, atoms int) structure.Structure {
	c := s.Clone()
	for k, row := range basis {
		c.Cell[k] = structure.Mul([3]float64{float64(row[0]), float64(row[1]), float64(row[2])}, s.Cell)
	}
	c = enlarge(&c, 1.5*vacuum, atoms)
	inverse := structure.Inverse(c.Cell)
	for i, x := range c.Positions {
		f := structure.Mul(x, inverse)
		for a := range f {
			if a == 2 {
				f[a] += u
			}
			f[a] -= math.Floor(f[a])
		}
		c.Positions[i] = structure.Mul(f, c.Cell)
	}
	normal := structure.Cross(c.Cell[0], c.Cell[1])
	up := math.Copysign(1/structure.Norm(normal), structure.Dot(normal, c.Cell[2]))
	c.Cell[2] = structure.Add(c.Cell[2], structure.Scale(vacuum*up, normal))
	return c
}

// quenches plan what melts and is cooled down to the lowest temperature of the ladder, too fast to become a crystal.
func (p *planner) quenches(labels int) {
	high, low := slices.Max(p.Temperatures), slices.Min(p.Temperatures)
	for n, size := range portions(labels, 2*snapshots, len(p.starts)) {
		t := p.trajectory(n, n, "quench")
		t.hot, t.hotSteps, t.phase = molten*high, meltDown*p.interval, ""
		for k := range size {
			x := float64(k) / float64(max(size-1, 1))
			t.temperatures = append(t.temperatures, cooled*high*(1-x)+low*x)
		}
		p.move(n, t)
	}
}
