package md

import (
	"math"
	"slices"
	"testing"

	"mlff/classical"
	"mlff/structure"
)

// average of samples that are independent enough, and its standard error.
func average(v []float64) (mean, deviation float64) {
	n := float64(len(v))
	for _, x := range v {
		mean += x / n
	}
	for _, x := range v {
		deviation += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(deviation / (n - 1) / n)
}

// BAOAB samples the positions of springs exactly, however long the step (Leimkuhler and Matthews 2013); the velocities
// are exact too but for a factor 1 - (ω dt/2)², which is 0.9025 here, at ω dt = 0.62.
func TestLangevinSamplesSprings(t *testing.T) {
	const atoms, k, temperature, dt = 20, 10.0, 300.0, 10.0
	s, p := tied(atoms, k)
	m := start(t, p, s, Options{Timestep: dt, Ensemble: NVT, Temperature: temperature, Friction: 20, Seed: 1})
	run(t, m, 100)
	var potential, kinetic []float64
	run(t, m, 40000, Observer{Every: 20, Observe: func(m *Simulation) error { // 20 steps are four relaxation times
		potential = append(potential, m.Potential())
		kinetic = append(kinetic, m.Kinetic())
		return nil
	}})
	exact := 1.5 * atoms * structure.KB * temperature
	half := frequency(k) * dt / 2
	for _, c := range []struct {
		name string
		got  []float64
		want float64
	}{{"potential", potential, exact}, {"kinetic", kinetic, exact * (1 - half*half)}} {
		mean, deviation := average(c.got)
		if math.Abs(mean-c.want) > 3.5*deviation || deviation > 0.01*exact {
			t.Errorf("%s energy %.4f ± %.4f eV, not %.4f", c.name, mean, deviation, c.want)
		}
	}
}

// The kinetic energy of n degrees of freedom has a gamma distribution of shape n/2: the comparison of the whole
// distribution is Kolmogorov's (P. T. Merz and M. R. Shirts, PLoS ONE 13, e0202764 (2018) test simulations like this).
func TestKineticEnergyDistribution(t *testing.T) {
	const temperature = 500.0
	m := start(t, classical.NewStillingerWeber(), silicon(1), Options{Ensemble: NVT, Temperature: temperature, Friction: 20, Seed: 7})
	run(t, m, 500)
	var x []float64                                                           // E/(k_B T)
	run(t, m, 40000, Observer{Every: 50, Observe: func(m *Simulation) error { // the energy is forgotten within 25 fs
		x = append(x, m.Kinetic()/(structure.KB*temperature))
		return nil
	}})
	slices.Sort(x)
	n := float64(len(x))
	var gap float64
	for k, v := range x {
		p := gamma12(v)
		gap = max(gap, math.Abs(p-float64(k)/n), math.Abs(p-float64(k+1)/n))
	}
	// 1.63/sqrt(n) is exceeded by chance in 1 % of all seeds; this seed is fixed.
	if gap > 1.63/math.Sqrt(n) {
		t.Errorf("largest difference from the gamma distribution %.4f of %d samples", gap, len(x))
	}
	mean, deviation := average(x)
	if math.Abs(mean-12) > 3*deviation { // 24 degrees of freedom
		t.Errorf("kinetic energy %.3f ± %.3f k_B T, not 12", mean, deviation)
	}
}

// gamma12 is the distribution function of the gamma distribution of shape 12: 1 - exp(-x) sum_{k<12} x^k/k!.
func gamma12(x float64) float64 {
	term, sum := 1.0, 0.0
	for k := range 12 {
		sum += term
		term *= x / float64(k+1)
	}
	return 1 - math.Exp(-x)*sum
}

// Without the heat booked the energy of a cold start rises by 3 k_B T per atom; what is left is the error of
// integration, of second order.
func TestLangevinConservesEnergyLessHeat(t *testing.T) {
	wandering := func(dt float64) float64 {
		m := start(t, classical.NewStillingerWeber(), silicon(1), Options{Timestep: dt, Ensemble: NVT, Temperature: 600, Friction: 5, Seed: 4, Velocities: make([][3]float64, 8)})
		e0 := m.Conserved()
		var square, n float64
		run(t, m, int(4000/dt), Observer{Observe: func(m *Simulation) error {
			e := m.Conserved() - e0
			square, n = square+e*e, n+1
			return nil
		}})
		if m.Heat() < 0.5*3*8*structure.KB*600 {
			t.Errorf("the thermostat gave only %g eV", m.Heat())
		}
		return math.Sqrt(square / n)
	}
	coarse, fine := wandering(1), wandering(0.25)
	// The noise differs, so the ratio is 16 only by order of magnitude; against 1.2 eV of heat both are small.
	if coarse > 0.02 || coarse/fine < 6 {
		t.Errorf("the conserved quantity wanders by %.3g and %.3g eV", coarse, fine)
	}
}

func TestEqualSeedsGiveEqualBits(t *testing.T) {
	final := func(seed uint64, parts ...int) [][3]float64 {
		m := start(t, classical.NewStillingerWeber(), silicon(1), Options{Ensemble: NVT, Temperature: 900, Seed: seed})
		for _, steps := range parts {
			run(t, m, steps)
		}
		return m.Structure().Positions
	}
	whole := final(1, 50)
	if !slices.Equal(whole, final(1, 20, 30)) {
		t.Error("the same run in two parts ends elsewhere")
	}
	if slices.Equal(whole, final(2, 50)) {
		t.Error("another seed changes nothing")
	}
}

func TestSwitchGoesOnFromTheSameState(t *testing.T) {
	m := start(t, classical.NewStillingerWeber(), silicon(1), Options{Ensemble: NVT, Temperature: 900})
	run(t, m, 30)
	v, heat := slices.Clone(m.Velocities()), m.Heat()
	if err := m.Switch(Options{Timestep: 0.5}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(v, m.Velocities()) || m.Time() != 30 {
		t.Error("switching changes the state")
	}
	run(t, m, 10)
	if m.Time() != 35 || m.Steps() != 40 || m.Heat() != heat {
		t.Errorf("after the switch: %g fs, step %d, heat %g", m.Time(), m.Steps(), m.Heat())
	}
}
