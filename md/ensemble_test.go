package md

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mathext"

	"mlff/structure"
)

// spheres are a dense fluid that costs a microsecond a step: V(r) = epsilon (1 - r/sigma)³/3 within sigma, so that forces
// and force constants are continuous, in a rectangular cell with edges above 2 sigma. A fluid does not care for the shape of
// its cell; here stiffness/2 sum (ln L_k - mean)² over the edges keeps it near a cube.
type spheres struct{ epsilon, sigma, stiffness float64 } // eV, Å, eV

func (p *spheres) Evaluate(s *structure.Structure, out *structure.Result) error {
	out.Resize(s.Len())
	clear(out.Forces)
	clear(out.Energies)
	out.Energy, out.Virial = 0, [3][3]float64{}
	for i := range s.Positions {
		for j := range i {
			d := structure.Sub(s.Positions[i], s.Positions[j])
			for k := range d {
				d[k] -= s.Cell[k][k] * math.RoundToEven(d[k]/s.Cell[k][k])
			}
			square := structure.Dot(d, d)
			if square >= p.sigma*p.sigma {
				continue
			}
			r := math.Sqrt(square)
			x := 1 - r/p.sigma
			out.Energy += p.epsilon * x * x * x / 3
			g := p.epsilon * x * x / (p.sigma * r) // -dV/dr / r
			for k := range d {
				out.Forces[i][k] += g * d[k]
				out.Forces[j][k] -= g * d[k]
				out.Virial[k][k] += g * d[k] * d[k]
			}
		}
	}
	p.shape(s, out)
	return nil
}

func (p *spheres) shape(s *structure.Structure, out *structure.Result) {
	mean := math.Log(s.Volume()) / 3
	for k := range 3 {
		off := math.Log(s.Cell[k][k]) - mean
		out.Energy += p.stiffness / 2 * off * off
		out.Virial[k][k] -= p.stiffness * off
	}
}

// ensemble is a way to sample, and what two states have to differ in.
type ensemble struct {
	name string
	o    Options
}

// The energies of a system at two temperatures overlap, and the logarithm of the ratio of their densities is a line with
// slope 1/kT1 - 1/kT2, whatever the system (M. R. Shirts, J. Chem. Theory Comput. 9, 909 (2013); the method of
// physical_validation, P. T. Merz and M. R. Shirts, PLoS ONE 13, e0202764 (2018)). 500 and 700 K are two standard
// deviations of the energy apart, where the slope is known best.
func TestEnergiesAtTwoTemperatures(t *testing.T) {
	for _, c := range []ensemble{
		{"Langevin", Options{Ensemble: NVT, Friction: 5}},
		{"Bussi", Options{Ensemble: NVT, Thermostat: Rescaling, Relaxation: 0.1}},
		{"Nosé-Hoover", Options{Ensemble: NVT, Thermostat: NoseHoover, Relaxation: 0.1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.o.Temperature = 500
			cold, _ := samples(t, c.o)
			c.o.Temperature = 700
			warm, _ := samples(t, c.o)
			checkSlope(t, cold, warm, 1/(structure.KB*500)-1/(structure.KB*700), "1/eV")
		})
	}
}

// The volumes at two pressures likewise, with slope (P1 - P2)/kT; enthalpies do not matter.
func TestVolumesAtTwoPressures(t *testing.T) {
	for _, c := range []ensemble{
		{"isotropic", Options{Ensemble: NPT, Relaxation: 0.1, CellRelaxation: 0.3, Compressibility: 1.5 / structure.GPa}},
		{"anisotropic", Options{Ensemble: NPT, Barostat: Anisotropic, Relaxation: 0.1, CellRelaxation: 0.3, Compressibility: 1.5 / structure.GPa}},
		{"Martyna-Tobias-Klein", Options{Ensemble: NPT, Barostat: MTK, Relaxation: 0.1, CellRelaxation: 0.3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.o.Temperature, c.o.Pressure = 500, 0.3*structure.GPa
			_, large := samples(t, c.o)
			c.o.Pressure = 0.4 * structure.GPa
			_, small := samples(t, c.o)
			checkSlope(t, large, small, -0.1*structure.GPa/(structure.KB*500), "1/Å³")
		})
	}
}

const (
	sampled = 2500 // states
	apart   = 60   // steps of 5 fs between them
)

// samples are total energies and volumes of 16 spheres over 0.75 ns. The kinetic energies on the way must have a gamma
// distribution of shape Nf/2; the largest difference is that of Kolmogorov.
func samples(t *testing.T, o Options) (energies, volumes []float64) {
	o.Timestep, o.Seed = 5, 11
	s := structure.Structure{Cell: [3][3]float64{{8.5, 0, 0}, {0, 8.5, 0}, {0, 0, 8.5}}, PBC: [3]bool{true, true, true}}
	for k := range 16 {
		s.Numbers = append(s.Numbers, 14)
		s.Positions = append(s.Positions, [3]float64{2.125 * float64(k%4), 4.25 * float64(k/4%2), 4.25*float64(k/8) + 2.125*float64(k%2)})
	}
	m := start(t, &spheres{epsilon: 3, sigma: 3.4, stiffness: 60}, s, o)
	run(t, m, 4000)
	var kinetic []float64 // kT
	var widest, narrowest = 0.0, math.Inf(1)
	run(t, m, sampled*apart, Observer{Every: apart, Observe: func(m *Simulation) error {
		energies = append(energies, m.Kinetic()+m.Potential())
		volumes = append(volumes, m.Structure().Volume())
		kinetic = append(kinetic, m.Kinetic()/(structure.KB*o.Temperature))
		for k := range 3 {
			widest, narrowest = max(widest, m.Structure().Cell[k][k]), min(narrowest, m.Structure().Cell[k][k])
		}
		return nil
	}})
	if narrowest < 6.8 {
		t.Fatalf("edges of %.2f to %.2f Å: the potential sees one image only", narrowest, widest)
	}
	slices.Sort(kinetic)
	n, gap := float64(len(kinetic)), 0.0
	for k, x := range kinetic {
		p := mathext.GammaIncReg(float64(m.Freedom())/2, x)
		gap = max(gap, math.Abs(p-float64(k)/n), math.Abs(p-float64(k+1)/n))
	}
	mean, _ := average(volumes)
	energy, _ := average(energies)
	t.Logf("%g K, %.1f GPa: volume %.1f Å³, energy %.2f kT, edges %.2f to %.2f Å; kinetic energies differ by %.4f from the gamma distribution, by chance %.4f in one of 100 runs",
		o.Temperature, o.Pressure/structure.GPa, mean, energy/(structure.KB*o.Temperature), narrowest, widest, gap, 1.63/math.Sqrt(n))
	if gap > 1.63/math.Sqrt(n) {
		t.Errorf("%g K: the kinetic energy is not distributed as it should be", o.Temperature)
	}
	return energies, volumes
}

// checkSlope allows three standard errors, which must not be above 5 %.
func checkSlope(t *testing.T, first, second []float64, want float64, unit string) {
	t.Helper()
	const blocks = 20 // of 37 ps, far longer than any correlation
	whole := logRatioSlope(first, second)
	var square float64
	for b := range blocks { // jackknife
		d := logRatioSlope(without(first, b, blocks), without(second, b, blocks)) - whole
		square += d * d * (blocks - 1) / blocks
	}
	deviation := math.Sqrt(square)
	t.Logf("slope %.5g ± %.2g %s, exactly %.5g: %+.1f %%, %.1f standard errors", whole, deviation, unit, want, 100*(whole/want-1), (whole-want)/deviation)
	if math.Abs(whole-want) > 3*deviation || deviation > 0.05*math.Abs(want) {
		t.Errorf("slope %g ± %g, not %g", whole, deviation, want)
	}
}

func without(v []float64, block, blocks int) []float64 {
	size := len(v) / blocks
	return slices.Concat(v[:block*size], v[(block+1)*size:])
}

// logRatioSlope is the likeliest slope s of ln p2(x)/p1(x) = a + s x: logistic regression by Newton's method, from
// equally many samples of both.
func logRatioSlope(first, second []float64) float64 {
	centre, width := average(slices.Concat(first, second))
	width *= math.Sqrt(float64(len(first) + len(second))) // standard deviation
	var a, s float64
	for range 20 {
		var ga, gs, aa, as, ss float64
		add := func(x, target float64) {
			p := 1 / (1 + math.Exp(-a-s*x))
			w := p * (1 - p)
			ga, gs = ga+target-p, gs+(target-p)*x
			aa, as, ss = aa+w, as+w*x, ss+w*x*x
		}
		for _, x := range first {
			add((x-centre)/width, 0)
		}
		for _, x := range second {
			add((x-centre)/width, 1)
		}
		det := aa*ss - as*as
		a, s = a+(ss*ga-as*gs)/det, s+(aa*gs-as*ga)/det
	}
	return s / width
}
