package validate

import (
	"fmt"
	"math"
	"slices"

	"mlff/structure"
)

// Distribution is a function of a distance or an angle that every frame contributes to: one of several of its kind.
type Distribution struct {
	Name   string    // "g(r) O–H"
	X      []float64 // middles of the bins
	XUnit  string
	Unit   string
	weight []float64 // of a bin in the difference between two: r² for g(r)
	first  int       // where its bins lie in the vectors of frames
}

// distributions turn frames into vectors that hold all of them.
type distributions struct {
	list  []Distribution
	frame func(s *structure.Structure) []float64
}

// total of the bins.
func (d *distributions) of(v []float64, k int) []float64 {
	return v[d.list[k].first : d.list[k].first+len(d.list[k].X)]
}

const (
	distanceBin = 0.05 // Å
	angleBin    = 3.0  // degrees
)

// radial are the pair distribution functions of all pairs of elements up to half the smallest width of the cell, where
// every pair has one nearest image:
//
//	g_ab(r) = V/(N_a N_b) <n_ab(r)>/(4π r² dr)
//
// with n_ab the ordered pairs within dr of r, an atom and itself not counted.
func radial(s *structure.Structure) *distributions {
	w := widths(s.Cell)
	bins := int(slices.Min(w[:]) / 2 / distanceBin)
	species := elementsOf(s)
	d := &distributions{}
	for i, a := range species {
		for _, b := range species[i:] {
			g := Distribution{Name: fmt.Sprintf("g(r) %s–%s", structure.Symbol(a), structure.Symbol(b)), XUnit: "Å", first: bins * len(d.list)}
			for k := range bins {
				r := (float64(k) + 0.5) * distanceBin
				g.X, g.weight = append(g.X, r), append(g.weight, r*r)
			}
			d.list = append(d.list, g)
		}
	}
	index := pairIndex(species)
	count := map[int]float64{}
	for _, z := range s.Numbers {
		count[z]++
	}
	d.frame = func(s *structure.Structure) []float64 {
		v := make([]float64, bins*len(d.list))
		inverse := structure.Inverse(s.Cell)
		volume := s.Volume()
		for i, a := range s.Numbers {
			for j := range i {
				b := s.Numbers[j]
				r := structure.Norm(nearestImage(structure.Sub(s.Positions[i], s.Positions[j]), s.Cell, inverse))
				k := int(r / distanceBin)
				if k >= bins {
					continue
				}
				pairs := 2.0 // i with j and j with i
				if a != b {
					pairs = 1
				}
				x := (float64(k) + 0.5) * distanceBin
				shell := 4 * math.Pi * distanceBin * (x*x + distanceBin*distanceBin/12)
				v[d.list[index[[2]int{a, b}]].first+k] += pairs * volume / (count[a] * count[b] * shell)
			}
		}
		return v
	}
	return d
}

// bondFactor times the sum of covalent radii is how long a bond may be.
const bondFactor = 1.3

// angular are the distributions of angles between bonds, for every central element and pair of ends, as shares per
// degree; they may change from frame to frame as bonds break.
func angular(s *structure.Structure) *distributions {
	bins := int(180 / angleBin)
	species := elementsOf(s)
	d := &distributions{}
	index := pairIndex(species)
	ends := len(species) * (len(species) + 1) / 2
	for _, c := range species {
		for i, a := range species {
			for _, b := range species[i:] {
				h := Distribution{Name: fmt.Sprintf("angle %s–%s–%s", structure.Symbol(a), structure.Symbol(c), structure.Symbol(b)),
					XUnit: "°", Unit: "1/°", first: bins * len(d.list)}
				for k := range bins {
					h.X, h.weight = append(h.X, (float64(k)+0.5)*angleBin), append(h.weight, 1)
				}
				d.list = append(d.list, h)
			}
		}
	}
	d.frame = func(s *structure.Structure) []float64 {
		v := make([]float64, bins*len(d.list))
		arms := armsOf(s)
		for i, c := range s.Numbers {
			centre := slices.Index(species, c)
			for m, p := range arms[i] {
				for _, q := range arms[i][:m] {
					cosine := structure.Dot(p.d, q.d) / (structure.Norm(p.d) * structure.Norm(q.d))
					angle := 180 / math.Pi * math.Acos(max(-1, min(1, cosine)))
					kind := centre*ends + index[[2]int{s.Numbers[p.to], s.Numbers[q.to]}]
					v[d.list[kind].first+min(int(angle/angleBin), bins-1)]++
				}
			}
		}
		return v
	}
	return d
}

type arm struct {
	to int
	d  [3]float64
}

// armsOf lists the bonds of every atom with where they lead: pairs closer than 1.3 of the sum of their covalent radii.
func armsOf(s *structure.Structure) [][]arm {
	bonds := make([][]arm, s.Len())
	inverse := structure.Inverse(s.Cell)
	for i := range s.Numbers {
		for j := range i {
			d := structure.Sub(s.Positions[j], s.Positions[i])
			if s.Periodic() {
				d = nearestImage(d, s.Cell, inverse)
			}
			if reach := bondFactor * (structure.CovalentRadius(s.Numbers[i]) + structure.CovalentRadius(s.Numbers[j])); structure.Dot(d, d) < reach*reach {
				bonds[i] = append(bonds[i], arm{j, d})
				bonds[j] = append(bonds[j], arm{i, structure.Scale(-1, d)})
			}
		}
	}
	return bonds
}

// nearestImage of a difference. Rounding finds it wherever it is shorter than half the smallest width of the cell.
func nearestImage(d [3]float64, cell, inverse [3][3]float64) [3]float64 {
	f := structure.Mul(d, inverse)
	for k := range f {
		f[k] = math.Round(f[k])
	}
	return structure.Sub(d, structure.Mul(f, cell))
}

// pairIndex numbers unordered pairs of species.
func pairIndex(species []int) map[[2]int]int {
	index := map[[2]int]int{}
	n := 0
	for i, a := range species {
		for _, b := range species[i:] {
			index[[2]int{a, b}], index[[2]int{b, a}] = n, n
			n++
		}
	}
	return index
}

func elementsOf(s *structure.Structure) []int {
	z := slices.Clone(s.Numbers)
	slices.Sort(z)
	return slices.Compact(z)
}

// blocksOf averages the vectors of a run over blocks of about the given time [ps]; frames closer together than stride
// samples say the same.
func (d *distributions) blocksOf(t *Trajectory, length float64, stride int) [][]float64 {
	n := max(1, int(float64(len(t.Samples))*t.Interval/1000/length))
	var blocks [][]float64
	for b := range n {
		var frames [][]float64
		for k := b * len(t.Samples) / n; k < (b+1)*len(t.Samples)/n; k += stride {
			s := t.Structure(k)
			frames = append(frames, d.frame(&s))
		}
		if len(frames) > 0 {
			blocks = append(blocks, averaged(frames))
		}
	}
	return blocks
}

// profile is a kind of distribution that is compared, and how.
type profile struct {
	*distributions
	property  string
	tolerance tolerance
	shares    bool
}

// profiles are those that are asked for.
func (v *surveyor) profiles(start *structure.Structure) []profile {
	var list []profile
	if v.wants("rdf") && start.Periodic() {
		list = append(list, profile{radial(start), "rdf", radialTolerance, false})
	}
	if v.wants("adf") {
		list = append(list, profile{angular(start), "adf", angularTolerance, true})
	}
	return list
}

// apart is how far two distributions are: the integral of |a/A - b/B| with the weight over that of b/B. For angles A and
// B are the integrals themselves (shares); for g(r) they are one, so that a wrong number of neighbours counts.
func (d *Distribution) apart(a, b []float64, shares bool) float64 {
	scaleA, scaleB := d.scales(a, b, shares)
	difference, whole := 0.0, 0.0
	for k, w := range d.weight {
		difference += w * math.Abs(scaleA*a[k]-scaleB*b[k])
		whole += w * scaleB * b[k]
	}
	return difference / whole
}

func (d *Distribution) scales(a, b []float64, shares bool) (scaleA, scaleB float64) {
	if shares {
		return 1 / dot(a, d.weight), 1 / dot(b, d.weight)
	}
	return 1, 1
}

// slope is the derivative of apart by a, up to a factor.
func (d *Distribution) slope(a, b []float64, shares bool) []float64 {
	scaleA, scaleB := d.scales(a, b, shares)
	out := make([]float64, len(a))
	for k, w := range d.weight {
		out[k] = math.Copysign(w, scaleA*a[k]-scaleB*b[k])
	}
	return out
}
