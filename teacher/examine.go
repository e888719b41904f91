package teacher

import (
	"context"
	"fmt"
	"math"
	"time"

	"mlff/structure"
)

// Examination is what can be measured of a teacher without dynamics: whether its labels belong together.
type Examination struct {
	Evaluations int          `json:"evaluations"`
	Seconds     float64      `json:"seconds"`
	Repeat      float64      `json:"repeat"`           // largest change of a force when asked twice, eV/Å
	Roughness   float64      `json:"roughness"`        // noise of the energy along lines, meV/atom
	Forces      *Agreement   `json:"forces,omitempty"` // against -dE/dx, eV/Å
	Asymmetry   *float64     `json:"asymmetry"`        // of dF/dx, antisymmetric over symmetric part: 0 where forces have an energy
	Stress      *Agreement   `json:"stress,omitempty"` // against dE/dstrain/V, eV/Å^3
	Convention  string       `json:"convention,omitempty"`
	Spread      *float64     `json:"spread"`                // of an ensemble, largest over the structures, eV/Å
	MeanSpread  *float64     `json:"mean_spread,omitempty"` // and its mean
	Pairs       []Dimer      `json:"pairs,omitempty"`
	Findings    []Finding    `json:"findings"`
	directions  []projection // of all lines
	noise       []float64
	spreads     []float64
}

// Agreement compares labels with derivatives of the energy.
type Agreement struct {
	Error float64 `json:"error"` // RMS of the difference
	Scale float64 `json:"scale"` // RMS of the derivative
}

// Finding is one verdict in words.
type Finding struct {
	Name string `json:"name"`
	Pass bool   `json:"pass"`
	Text string `json:"text"`
}

// What decides. A force error of 2 % is below what students reach; single precision of thousands of eV gives up to 0.1
// meV/atom of noise; graphics cards sum in changing order.
const (
	forceTolerance  = 0.02 // of the scale
	stressTolerance = 0.02
	leastForce      = 2e-3 // eV/Å, allowed in any case
	leastStress     = 1e-4 // eV/Å^3
	mostRoughness   = 0.1  // meV/atom
	mostRepeat      = 1e-3 // eV/Å
	mostAsymmetry   = 0.02
)

// Examine measures a teacher on structures, which are rattled and, where periodic, strained a little first, so that there
// are forces and stress to be compared. Each costs 18 evaluations and 12 more for the stress.
func Examine(ctx context.Context, t Teacher, structures []structure.Structure, progress func(done, total int)) (*Examination, error) {
	x := &Examination{}
	began := time.Now()
	for k := range structures {
		s := disturbed(&structures[k], uint64(k))
		if err := x.lines(ctx, t, &s, uint64(k)); err != nil {
			return nil, fmt.Errorf("structure %d: %w", k, err)
		}
		if s.Periodic() && t.Info().Stress {
			if err := x.strains(ctx, t, &s); err != nil {
				return nil, fmt.Errorf("structure %d, strained: %w", k, err)
			}
		}
		if progress != nil {
			progress(k+1, len(structures))
		}
	}
	x.Seconds = time.Since(began).Seconds()
	x.judge(t.Info())
	return x, nil
}

// disturbed is s with displacements of 0.05 Å and, if it is periodic, a strain whose six components all differ.
func disturbed(s *structure.Structure, index uint64) structure.Structure {
	c := s.Clone()
	random := structure.Rand(1, "examine", index)
	for i := range c.Positions {
		for k := range 3 {
			c.Positions[i][k] += 0.05 * random.NormFloat64()
		}
	}
	if c.Periodic() {
		c = strained(&c, [6]float64{0.02, -0.015, 0.03, 0.02, -0.03, 0.012})
	}
	return c
}

// strained is s under a symmetric strain in Voigt order, tensor components.
func strained(s *structure.Structure, strain [6]float64) structure.Structure {
	c := s.Clone()
	f := structure.Tensor(strain)
	for k := range 3 {
		f[k][k]++
	}
	c.Cell = structure.MatMul(c.Cell, f)
	for i := range c.Positions {
		c.Positions[i] = structure.Mul(c.Positions[i], f)
	}
	return c
}

// projection is what two lines u and v through a structure say.
type projection struct {
	slope, force [2]float64 // dE/du and -F.u
	cross        [2]float64 // u.(dF/dv) and v.(dF/du)
}

// reach is how many points a line has on each side, and pace the RMS displacement of a coordinate between two of them, Å:
// small enough that eighth differences of a smooth energy vanish.
const (
	reach = 4
	pace  = 0.004
)

// lines moves all atoms along two random directions and compares energies and forces on the way.
func (x *Examination) lines(ctx context.Context, t Teacher, s *structure.Structure, index uint64) error {
	u := directions(s.Len(), index)
	h := pace * math.Sqrt(3*float64(s.Len()))
	all := []structure.Structure{*s}
	for _, d := range u {
		for k := -reach; k <= reach; k++ {
			if k != 0 {
				all = append(all, moved(s, d, float64(k)*h))
			}
		}
	}
	all = append(all, *s) // the first again, last: calculators of ASE remember their last answer
	labels, err := x.label(ctx, t, all, true)
	if err != nil {
		return err
	}
	center, again := labels[0], labels[len(labels)-1]
	for i, f := range center.Forces {
		x.Repeat = max(x.Repeat, structure.Norm(structure.Sub(f, again.Forces[i])))
	}
	var p projection
	for n, d := range u {
		line := append([]structure.Labels(nil), labels[1+2*reach*n:1+2*reach*(n+1)]...)
		line = append(line[:reach], append([]structure.Labels{center}, line[reach:]...)...)
		p.slope[n] = slope(line, h)
		p.force[n] = -dot(center.Forces, d)
		p.cross[n] = (dot(line[reach+1].Forces, u[1-n]) - dot(line[reach-1].Forces, u[1-n])) / (2 * h)
		x.noise = append(x.noise, 1e3*roughness(line)/float64(s.Len()))
	}
	x.directions = append(x.directions, p)
	return nil
}

// label asks for all labels; a teacher that fails on one of them fails the examination. An ensemble's spread counts where
// the structures are such as are sampled.
func (x *Examination) label(ctx context.Context, t Teacher, s []structure.Structure, sampled bool) ([]structure.Labels, error) {
	x.Evaluations += len(s)
	var labels []structure.Labels
	var err error
	if ensemble, ok := t.(interface {
		LabelSpread(context.Context, []structure.Structure) ([]structure.Labels, []float64, error)
	}); ok {
		var spreads []float64
		labels, spreads, err = ensemble.LabelSpread(ctx, s)
		for _, spread := range spreads {
			if sampled && spread >= 0 { // NaN is none
				x.spreads = append(x.spreads, spread)
			}
		}
	} else {
		labels, err = t.Label(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	for _, l := range labels {
		if l.Energy == nil || l.Forces == nil {
			return nil, fmt.Errorf("the teacher %s gave no energy or no forces", t.Info().Name)
		}
	}
	return labels, nil
}

// directions are two random orthogonal unit vectors of all coordinates.
func directions(n int, index uint64) [2][][3]float64 {
	random := structure.Rand(1, "directions", index)
	var u [2][][3]float64
	for k := range u {
		u[k] = make([][3]float64, n)
		for i := range u[k] {
			u[k][i] = [3]float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()}
		}
		if k == 1 {
			overlap := dot(u[0], u[1])
			for i := range u[1] {
				u[1][i] = structure.Sub(u[1][i], structure.Scale(overlap, u[0][i]))
			}
		}
		norm := math.Sqrt(dot(u[k], u[k]))
		for i := range u[k] {
			u[k][i] = structure.Scale(1/norm, u[k][i])
		}
	}
	return u
}

func dot(a, b [][3]float64) float64 {
	var sum float64
	for i := range a {
		sum += structure.Dot(a[i], b[i])
	}
	return sum
}

func moved(s *structure.Structure, d [][3]float64, far float64) structure.Structure {
	c := s.Clone()
	for i := range c.Positions {
		c.Positions[i] = structure.Add(c.Positions[i], structure.Scale(far, d[i]))
	}
	return c
}

// slope is the derivative of the energy in the middle of nine points, of eighth order.
func slope(line []structure.Labels, h float64) float64 {
	var sum float64
	for k, c := range [reach]float64{4. / 5, -1. / 5, 4. / 105, -1. / 280} {
		sum += c * (*line[reach+1+k].Energy - *line[reach-1-k].Energy)
	}
	return sum / h
}

// roughness is the standard deviation of independent noise that explains the eighth difference of the energies, eV.
func roughness(line []structure.Labels) float64 {
	var sum float64
	for k, c := range [2*reach + 1]float64{1, -8, 28, -56, 70, -56, 28, -8, 1} {
		sum += c * (*line[k].Energy - *line[reach].Energy)
	}
	return math.Abs(sum) / math.Sqrt(12870) // the sum of the squared coefficients
}

// strainStep of central differences: their error is h²/6 of the third derivative, 1e-5 eV/Å^3 in stiff solids.
const strainStep = 2e-3

// strains compares the stress with the derivative of the energy by all six strains.
func (x *Examination) strains(ctx context.Context, t Teacher, s *structure.Structure) error {
	all := []structure.Structure{*s}
	for k := range 6 {
		for _, h := range []float64{strainStep, -strainStep} {
			var e [6]float64
			if e[k] = h; k > 2 {
				e[k] = h / 2 // both e_xy and e_yx
			}
			all = append(all, strained(s, e))
		}
	}
	labels, err := x.label(ctx, t, all, true)
	if err != nil {
		return err
	}
	if labels[0].Stress == nil {
		return nil
	}
	var derivative [6]float64
	for k := range derivative {
		derivative[k] = (*labels[1+2*k].Energy - *labels[2+2*k].Energy) / (2 * strainStep * s.Volume())
	}
	difference, scale := rms6(subtract(*labels[0].Stress, derivative)), rms6(derivative)
	if x.Stress == nil || difference/scale > x.Stress.Error/x.Stress.Scale {
		x.Stress = &Agreement{difference, scale}
		x.Convention = convention(*labels[0].Stress, derivative, s.Volume())
	}
	return nil
}

func subtract(a, b [6]float64) [6]float64 {
	for k := range a {
		a[k] -= b[k]
	}
	return a
}

func rms6(v [6]float64) float64 {
	var sum float64
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum / 6)
}

// convention finds the sign, unit and order that turn the derivative into the label, and names them; empty where none
// does.
func convention(label, derivative [6]float64, volume float64) string {
	units := []struct {
		name  string
		scale float64
	}{{"eV/Å^3", 1}, {"GPa", 1 / structure.GPa}, {"kbar", 1 / structure.KBar}, {"bar", 1 / structure.Bar}, {"Hartree/Å^3", 1 / 27.211386}, {"eV, not divided by the volume", volume}}
	orders := []struct {
		name  string
		shear [3]int
	}{{"xx yy zz yz xz xy", [3]int{3, 4, 5}}, {"xx yy zz xy yz xz", [3]int{5, 3, 4}}, {"xx yy zz xy xz yz", [3]int{5, 4, 3}},
		{"xx yy zz yz xy xz", [3]int{3, 5, 4}}, {"xx yy zz xz yz xy", [3]int{4, 3, 5}}, {"xx yy zz xz xy yz", [3]int{4, 5, 3}}}
	for _, unit := range units {
		for _, sign := range []float64{1, -1} {
			for _, order := range orders {
				var guess [6]float64
				for k := range 3 {
					guess[k], guess[3+k] = sign*unit.scale*derivative[k], sign*unit.scale*derivative[order.shear[k]]
				}
				if rms6(subtract(label, guess)) < 0.05*rms6(guess) {
					tension := map[float64]string{1: "tension", -1: "compression"}[sign]
					return fmt.Sprintf("%s, %s positive, order %s", unit.name, tension, order.name)
				}
			}
		}
	}
	return ""
}
