package kernel

import "math"

// Core is the repulsion V(r) = ZBL(r) s(r) between atoms closer than any pair of the training set:
// s is 1 below 0.7 r_s, 0 from 0.95 r_s, a quintic between. ZBL: Ziegler, Biersack, Littmark (1985).
type Core struct {
	species int
	r       []float64 // [S][S] r_s, Å
	pairs   []zbl     // [S][S]
}

// NewCore describes the core of species with the given atomic numbers; r holds r_s [Å], [S][S].
func NewCore(numbers []int, r []float64) *Core {
	c := &Core{species: len(numbers), r: r}
	for _, a := range numbers {
		for _, b := range numbers {
			c.pairs = append(c.pairs, newZBL(float64(a), float64(b)))
		}
	}
	return c
}

// coreLinear is the distance [Å] below which V continues linearly, so that it stays finite.
const coreLinear = 0.2

// Range is the distance [Å] from which V between two species vanishes.
func (c *Core) Range(a, b uint8) float64 { return 0.95 * c.shortest(a, b) }

// shortest is the distance [Å] r_s of two species.
func (c *Core) shortest(a, b uint8) float64 { return c.r[int(a)*c.species+int(b)] }

// Energy is V(r) [eV] and its derivative [eV/Å] for a pair of species indices.
func (c *Core) Energy(a, b uint8, r float64) (v, dv float64) {
	if r >= coreLinear {
		return c.energy(a, b, r)
	}
	v, dv = c.energy(a, b, coreLinear)
	return v + dv*(r-coreLinear), dv
}

func (c *Core) energy(a, b uint8, r float64) (v, dv float64) {
	pair := int(a)*c.species + int(b)
	rs := c.r[pair]
	t := (r - 0.7*rs) / (0.25 * rs)
	if t >= 1 {
		return 0, 0
	}
	v, dv = c.pairs[pair].energy(r)
	if t <= 0 {
		return v, dv
	}
	s := 1 - t*t*t*(10-t*(15-6*t))
	ds := -30 * t * t * (1 - t) * (1 - t) / (0.25 * rs)
	return v * s, dv*s + v*ds
}

var zblTerms = [4][2]float64{{0.18175, 3.19980}, {0.50986, 0.94229}, {0.28022, 0.40290}, {0.02817, 0.20162}}

// zbl is the universal screened Coulomb repulsion of two nuclei.
type zbl struct {
	strength float64 // Za Zb e²/4πε0, eV Å
	length   float64 // of screening, Å
}

func newZBL(za, zb float64) zbl {
	const bohr, coulomb = 0.529177210903, 14.399645478 // Å; e²/4πε0 in eV Å
	return zbl{coulomb * za * zb, 0.8854 * bohr / (math.Pow(za, 0.23) + math.Pow(zb, 0.23))}
}

// energy is the repulsion at a distance and its derivative.
func (z zbl) energy(r float64) (v, dv float64) {
	for _, t := range zblTerms {
		e := t[0] * math.Exp(-t[1]*r/z.length)
		v += e
		dv -= e * t[1] / z.length
	}
	q := z.strength / r
	return q * v, q * (dv - v/r)
}
