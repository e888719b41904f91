package teacher

import (
	"context"
	"fmt"
	"math"

	"mlff/structure"
)

// Reach is how well the surroundings of an atom determine the force on it.
type Reach struct {
	Radius float64 `json:"radius"` // Å
	Spread float64 `json:"spread"` // RMS of a force component while everything beyond is displaced, eV/Å
	Atoms  float64 `json:"atoms"`  // mean number within the radius, the centre not counted
}

// LocalityOptions say how much is asked; zero values are the defaults.
type LocalityOptions struct {
	Radii   []float64 // 4 to 10 Å
	Centres int       // atoms looked at in each structure; 4
	Samples int       // displaced structures for each of them and each radius; 8
	Rattle  float64   // standard deviation of the displacements, Å; 0.1
	Largest int       // atoms to which a periodic structure may be repeated; 300
}

func (o LocalityOptions) withDefaults() LocalityOptions {
	if o.Radii == nil {
		o.Radii = []float64{4, 5, 6, 7, 8, 9, 10}
	}
	for _, d := range []struct {
		value    *int
		standard int
	}{{&o.Centres, 4}, {&o.Samples, 8}, {&o.Largest, 300}} {
		if *d.value <= 0 {
			*d.value = d.standard
		}
	}
	if o.Rattle <= 0 {
		o.Rattle = 0.1
	}
	return o
}

// Locality measures the error floor of a student that sees no farther than a radius: atoms within it stay where they are,
// all others are displaced, and what the force on the centre does then no function of the surroundings can know
// (V. L. Deringer and G. Csányi, Phys. Rev. B 95, 094203, 2017). Radii beyond which a structure has no atoms are left out.
func Locality(ctx context.Context, t Teacher, structures []structure.Structure, o LocalityOptions, progress func(done, total int)) ([]Reach, error) {
	o = o.withDefaults()
	var out []Reach
	for n, radius := range o.Radii {
		r := Reach{Radius: radius}
		centres := 0.0
		for k := range structures {
			s := repeated(&structures[k], 2*o.Radii[len(o.Radii)-1], o.Largest)
			for c := range min(o.Centres, s.Len()) {
				centre := c * s.Len() / min(o.Centres, s.Len())
				inside, outside := around(&s, centre, radius)
				if len(outside) == 0 {
					continue
				}
				spread, err := variance(ctx, t, &s, centre, outside, o)
				if err != nil {
					return nil, fmt.Errorf("structure %d: %w", k, err)
				}
				r.Spread, r.Atoms, centres = r.Spread+spread, r.Atoms+float64(inside), centres+1
			}
		}
		if centres > 0 {
			r.Spread, r.Atoms = math.Sqrt(r.Spread/centres), r.Atoms/centres
			out = append(out, r)
		}
		if progress != nil {
			progress(n+1, len(o.Radii))
		}
	}
	return out, nil
}

// variance is the mean square of a component of the force on the centre about its mean.
func variance(ctx context.Context, t Teacher, s *structure.Structure, centre int, outside []int, o LocalityOptions) (float64, error) {
	displaced := make([]structure.Structure, o.Samples)
	for n := range displaced {
		random := structure.Rand(1, "locality", uint64(centre*o.Samples+n))
		displaced[n] = s.Clone()
		for _, i := range outside {
			for k := range 3 {
				displaced[n].Positions[i][k] += o.Rattle * random.NormFloat64()
			}
		}
	}
	labels, err := t.Label(ctx, displaced)
	if err != nil {
		return 0, err
	}
	var sum, squares [3]float64
	for n := range labels {
		if labels[n].Forces == nil {
			return 0, fmt.Errorf("the teacher %s gave no forces", t.Info().Name)
		}
		f := structure.Sub(labels[n].Forces[centre], labels[0].Forces[centre])
		for k := range 3 {
			sum[k] += f[k]
			squares[k] += f[k] * f[k]
		}
	}
	total, n := 0.0, float64(len(labels))
	for k := range 3 {
		total += (squares[k] - sum[k]*sum[k]/n) / (n - 1) / 3
	}
	return max(total, 0), nil
}

// around counts the atoms, images of one each counted once, within the radius of a centre and lists all others.
func around(s *structure.Structure, centre int, radius float64) (inside int, outside []int) {
	for i := range s.Positions {
		switch {
		case i == centre:
		case nearest(s, centre, i) <= radius:
			inside++
		default:
			outside = append(outside, i)
		}
	}
	return inside, outside
}

// nearest is the distance of atom j's nearest image from atom i, in cells that are not extremely skewed.
func nearest(s *structure.Structure, i, j int) float64 {
	shifts := [3][]float64{{0}, {0}, {0}}
	fractional := structure.Sub(s.Positions[j], s.Positions[i])
	if s.Periodic() {
		fractional = structure.Mul(fractional, structure.Inverse(s.Cell))
		for k := range 3 {
			whole := math.Round(fractional[k])
			shifts[k] = []float64{-whole - 1, -whole, -whole + 1}
		}
		fractional = structure.Mul(fractional, s.Cell)
	}
	best := math.Inf(1)
	for _, a := range shifts[0] {
		for _, b := range shifts[1] {
			for _, c := range shifts[2] {
				d := structure.Add(fractional, structure.Mul([3]float64{a, b, c}, s.Cell))
				best = min(best, structure.Norm(d))
			}
		}
	}
	return best
}

// repeated doubles a periodic structure along its shortest vectors until all are so long, as far as the atoms allow.
func repeated(s *structure.Structure, width float64, largest int) structure.Structure {
	out := s.Clone()
	for out.Periodic() && 2*out.Len() <= largest {
		short := 0
		for k := range 3 {
			if structure.Norm(out.Cell[k]) < structure.Norm(out.Cell[short]) {
				short = k
			}
		}
		if structure.Norm(out.Cell[short]) >= width {
			break
		}
		n := [3]int{1, 1, 1}
		n[short] = 2
		out = structure.Supercell(&out, n)
	}
	return out
}
