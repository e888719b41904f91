package sample

import (
	"context"
	"math"
	"math/rand/v2"
	"strconv"

	"mlff/structure"
	"mlff/teacher"
)

// Frames of one task. Larger groups would make coarser splits, smaller ones more shards.
const staticFrames = 4

// atoms plans one isolated atom of every element.
func (p *planner) atoms() {
	p.share = "atoms"
	for _, z := range p.species {
		s := structure.Structure{Numbers: []int{z}, Positions: make([][3]float64, 1)}
		p.static(structure.Symbol(z), "", []draft{func(float64) structure.Structure { return s.Clone() }})
	}
}

// static adds a task that labels drafts.
func (p *planner) static(name, phase string, drafts []draft) {
	kind := p.share
	p.add(name, phase, len(drafts), len(drafts), func(ctx context.Context, t teacher.Teacher) ([]structure.Frame, error) {
		return labelled(ctx, t, kind, drafts)
	})
}

// each plans labels frames in tasks that take the start structures in turn; make gives the k-th frame of the share.
func (p *planner) each(labels int, make func(k, start int) draft) {
	all := indices(len(p.starts))
	p.eachOf(all, labels, make)
}

// eachOf is each with some of the start structures.
func (p *planner) eachOf(starts []int, labels int, make func(k, start int) draft) {
	k := 0
	for n, size := range portions(labels, staticFrames, len(starts)) {
		var drafts []draft
		start := starts[n%len(starts)]
		for range size {
			drafts = append(drafts, make(k, start))
			k++
		}
		p.static(strconv.Itoa(n), p.phases[start], drafts)
	}
}

func (p *planner) rattles(labels int) {
	p.each(labels, func(k, start int) draft {
		return p.drawn(k, &p.large[start], func(s *structure.Structure, far float64, rng *rand.Rand) {
			deform(s, randomStrain(p.Strain/2, rng))
			rattle(s, far*p.Rattle*(0.2+0.8*rng.Float64()), rng)
		})
	})
}

// softness shares out what is for soft coordinates: strain of crystals, torsions and minima of molecules.
func (p *planner) softness(labels int) {
	strained := labels * len(p.crystals) / len(p.starts)
	p.strains(strained)
	turned := (labels - strained) * len(p.turnable) / (2 * max(1, len(p.molecules)))
	p.twists(turned)
	p.minima(labels - strained - turned)
}

// strains scans the volume and all components of strain, by turns.
func (p *planner) strains(labels int) {
	p.eachOf(p.crystals, labels, func(k, start int) draft {
		switch k % 3 {
		case 0:
			return p.drawn(k, &p.starts[start], func(s *structure.Structure, far float64, _ *rand.Rand) {
				deform(s, isotropic(far*p.Strain*(2*even(k/3)-1)))
			})
		case 1:
			return p.drawn(k, &p.starts[start], func(s *structure.Structure, far float64, rng *rand.Rand) {
				deform(s, randomStrain(far*p.Strain*even(k/3), rng))
			})
		}
		return p.drawn(k, &p.large[start], func(s *structure.Structure, far float64, rng *rand.Rand) {
			deform(s, randomStrain(far*p.Strain, rng))
			rattle(s, far*p.Rattle*0.3*rng.Float64(), rng)
		})
	})
}

func (p *planner) compressions(labels int) {
	p.each(labels, func(k, start int) draft {
		return p.drawn(k, &p.large[start], func(s *structure.Structure, far float64, rng *rand.Rand) {
			volume := 0.95 - 0.35*even(k)
			resize(s, 1-far*(1-math.Cbrt(volume)))
			rattle(s, far*p.Rattle*0.4*rng.Float64(), rng)
		})
	})
}

func (p *planner) contacts(labels int) {
	p.each(labels, func(k, start int) draft {
		return p.drawn(k, &p.large[start], func(s *structure.Structure, far float64, rng *rand.Rand) {
			i := rng.IntN(s.Len())
			rattle(s, p.Rattle*0.3, rng)
			squeeze(s, i, 1-far*(0.05+0.15*even(k)))
		})
	})
}

// dimers goes over the pairs of elements again and again, each time at other distances.
func (p *planner) dimers(labels int) {
	p.share = "dimers"
	pairs := p.pairs()
	k := 0
	for n, size := range portions(labels, staticFrames, 1) {
		var drafts []draft
		for range size {
			drafts = append(drafts, p.dimer(pairs[k%len(pairs)], even(k/len(pairs))))
			k++
		}
		p.static(strconv.Itoa(n), "", drafts)
	}
}

// dimer is two atoms at a distance from 0.8 (u = 0) of the sum of their covalent radii to the cutoff (u = 1), closer
// together where it is short.
func (p *planner) dimer(pair [2]int, u float64) draft {
	short := 0.8 * (structure.CovalentRadius(pair[0]) + structure.CovalentRadius(pair[1]))
	r := short + max(0, p.Cutoff-short)*math.Pow(u, 1.5)
	return func(far float64) structure.Structure {
		d := r * (1 + 0.1*(1/far-1)) // 1.1, 1.3, 1.7 times as far
		return structure.Structure{Numbers: []int{pair[0], pair[1]}, Positions: [][3]float64{{}, {d, 0, 0}}}
	}
}

func indices(n int) []int {
	list := make([]int, n)
	for k := range list {
		list[k] = k
	}
	return list
}

func (p *planner) pairs() [][2]int {
	var out [][2]int
	for i, a := range p.species {
		for _, b := range p.species[i:] {
			out = append(out, [2]int{a, b})
		}
	}
	return out
}

// even spreads k = 0, 1, 2, ... evenly over 0..1 whatever their number: the golden-ratio sequence.
func even(k int) float64 {
	_, f := math.Modf(0.5 + float64(k)*(math.Sqrt(5)-1)/2)
	return f
}
