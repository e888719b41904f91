//go:build heavy

package md

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mathext"

	"mlff/classical"
	"mlff/structure"
)

// ensemble is a way to sample, and what two states have to differ in.
type ensemble struct {
	name string
	o    Options
}

var canonical = []ensemble{
	{"Langevin", Options{Ensemble: NVT, Friction: 10}},
	{"Bussi", Options{Ensemble: NVT, Thermostat: Rescaling, Relaxation: 0.05}},
	{"Nosé-Hoover", Options{Ensemble: NVT, Thermostat: NoseHoover, Relaxation: 0.05}},
}

var isobaric = []ensemble{
	{"isotropic", Options{Ensemble: NPT, Relaxation: 0.05, CellRelaxation: 0.1}},
	{"anisotropic", Options{Ensemble: NPT, Barostat: Anisotropic, Relaxation: 0.05, CellRelaxation: 0.1}},
	{"Martyna-Tobias-Klein", Options{Ensemble: NPT, Barostat: MTK, Relaxation: 0.05, CellRelaxation: 0.1}},
}

// The energies of a system at two temperatures overlap, and the logarithm of the ratio of their densities is a line with
// slope 1/kT1 - 1/kT2, whatever the system (M. R. Shirts, J. Chem. Theory Comput. 9, 909 (2013); the method of
// physical_validation, P. T. Merz and M. R. Shirts, PLoS ONE 13, e0202764 (2018)). 500 and 700 K are two standard
// deviations of the energy of 8 atoms apart, where the slope is known best.
func TestHeavyEnergiesAtTwoTemperatures(t *testing.T) {
	for _, c := range canonical {
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

// The volumes at two pressures likewise, with slope (P1 - P2)/kT, and enthalpies do not matter.
func TestHeavyVolumesAtTwoPressures(t *testing.T) {
	for _, c := range isobaric {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.o.Temperature = 600
			_, large := samples(t, c.o)
			c.o.Pressure = 4 * structure.GPa
			_, small := samples(t, c.o)
			checkSlope(t, large, small, -c.o.Pressure/(structure.KB*600), "1/Å³")
		})
	}
}

// samples are total energies and volumes of 8 silicon atoms, a quarter of a picosecond apart, for 1.6 ns. The kinetic
// energies on the way must have a gamma distribution of shape Nf/2; the largest difference is that of Kolmogorov.
func samples(t *testing.T, o Options) (energies, volumes []float64) {
	o.Timestep, o.Seed = 2, 11
	m := start(t, classical.NewStillingerWeber(), silicon(1), o)
	run(t, m, 2000)
	var kinetic []float64 // of Nf/2 kT
	run(t, m, 800_000, Observer{Every: 125, Observe: func(m *Simulation) error {
		energies = append(energies, m.Kinetic()+m.Potential())
		volumes = append(volumes, m.Structure().Volume())
		kinetic = append(kinetic, m.Kinetic()/(structure.KB*o.Temperature))
		return nil
	}})
	slices.Sort(kinetic)
	n, gap := float64(len(kinetic)), 0.0
	for k, x := range kinetic {
		p := mathext.GammaIncReg(float64(m.Freedom())/2, x)
		gap = max(gap, math.Abs(p-float64(k)/n), math.Abs(p-float64(k+1)/n))
	}
	t.Logf("%g K, %.1f GPa: kinetic energies differ by %.4f from the gamma distribution, by chance %.4f in one of 100 runs", o.Temperature, o.Pressure/structure.GPa, gap, 1.63/math.Sqrt(n))
	if gap > 1.63/math.Sqrt(n) {
		t.Errorf("%g K: the kinetic energy is not distributed as it should be", o.Temperature)
	}
	return energies, volumes
}

// checkSlope allows three standard errors, which must not be above 3 %: one degree of
// freedom in 21 would be seen.
func checkSlope(t *testing.T, first, second []float64, want float64, unit string) {
	t.Helper()
	const blocks = 20 // of 80 ps, far longer than any correlation
	whole := logRatioSlope(first, second)
	var square float64
	for b := range blocks { // jackknife
		d := logRatioSlope(without(first, b, blocks), without(second, b, blocks)) - whole
		square += d * d * (blocks - 1) / blocks
	}
	deviation := math.Sqrt(square)
	t.Logf("slope %.5g ± %.2g %s, exactly %.5g: %+.1f %%, %.1f standard errors", whole, deviation, unit, want, 100*(whole/want-1), (whole-want)/deviation)
	if math.Abs(whole-want) > 3*deviation || deviation > 0.03*math.Abs(want) {
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
	for range 50 {
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
