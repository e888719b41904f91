package md

import (
	"math"
	"testing"

	"mlff/classical"
	"mlff/structure"
)

// Where there is no noise, the place reached after a given time is wrong by c dt² + O(dt⁴) for the schemes here, which are
// all symmetric: successive halvings of the step change it by amounts in the ratio 4, and 2.5 % remain for the next order, of
// relative size (ω dt)² with 0.1 rad/fs for the fastest phonon of silicon. The Langevin thermostat has no noise at 0 K.
func TestTrajectoriesAreOfSecondOrder(t *testing.T) {
	s := silicon(1)
	hot := Thermal(&s, 600, 3)
	for _, c := range []struct {
		name string
		o    Options
	}{
		{"velocity Verlet", Options{}},
		{"BAOAB", Options{Ensemble: NVT, Friction: 10}},
		{"Nosé-Hoover", Options{Ensemble: NVT, Thermostat: NoseHoover, Temperature: 900, Relaxation: 0.05}},
		{"Martyna-Tobias-Klein", Options{Ensemble: NPT, Barostat: MTK, Temperature: 900, Relaxation: 0.05, CellRelaxation: 0.5, Pressure: 2 * structure.GPa}},
	} {
		end := func(dt float64) []float64 {
			o := c.o
			o.Timestep, o.Velocities = dt, hot
			m := start(t, classical.NewStillingerWeber(), s, o)
			run(t, m, int(96/dt))
			v := m.Structure().Cell[0][:]
			for i, x := range m.Structure().Positions {
				v = append(v, x[:]...)
				v = append(v, m.Velocities()[i][:]...)
			}
			return v
		}
		coarse, middle, fine := end(1), end(0.5), end(0.25)
		if ratio := distance(coarse, middle) / distance(middle, fine); math.Abs(ratio-4) > 0.1 {
			t.Errorf("%s: halving the step twice changes the end in the ratio %.3f", c.name, ratio)
		}
	}
}

func distance(a, b []float64) float64 {
	var square float64
	for k := range a {
		square += (a[k] - b[k]) * (a[k] - b[k])
	}
	return math.Sqrt(square)
}

// Random baths are of second order in averages. On springs of one frequency velocity Verlet conserves exactly
// K + (1 - h²) U, h = ω dt/2, and rescaled velocities leave exp(-K/kT) as it is, so both together sample
// exp(-(K + (1 - h²) U)/kT): a mean of K that is right, and one of U too large by 1/(1 - h²), without further terms.
// (BAOAB: TestLangevinSamplesSprings.)
func TestRescaledVelocitiesOnSprings(t *testing.T) {
	const atoms, k, temperature = 5, 10.0, 300.0
	for _, dt := range []float64{10, 20} { // h = 0.31, 0.62
		s, p := tied(atoms, k)
		h := frequency(k) * dt / 2
		m := start(t, p, s, Options{Timestep: dt, Ensemble: NVT, Thermostat: Rescaling, Temperature: temperature, Relaxation: 0.02, Seed: 1, Fixed: []int{0}})
		run(t, m, 200)
		var potential, kinetic []float64
		run(t, m, 400_000, Observer{Every: 20, Observe: func(m *Simulation) error { // ten relaxation times and more
			potential, kinetic = append(potential, m.Potential()), append(kinetic, m.Kinetic())
			return nil
		}})
		exact := 1.5 * (atoms - 1) * structure.KB * temperature
		for _, c := range []struct {
			name string
			got  []float64
			want float64
		}{{"kinetic", kinetic, exact}, {"potential", potential, exact / (1 - h*h)}} {
			mean, deviation := average(c.got)
			if math.Abs(mean-c.want) > 3.5*deviation || deviation > 0.004*c.want { // 20000 samples of spread 41 %
				t.Errorf("%g fs: %s energy %.5f ± %.5f eV, not %.5f", dt, c.name, mean, deviation, c.want)
			}
		}
	}
}

// What the integrator does wrong is what the conserved quantity changes by: over a given time, as root mean square over
// starts and noise, four times less with half the step. With 150 seeds each of the two is known to 6 %, their ratio to
// 8 % or 0.33; three of these are allowed. The temperature is low enough that (ω dt)⁴ of anharmonic motion is less.
func TestConservedQuantitiesAreOfSecondOrder(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
	}{
		{"velocity Verlet", Options{}},
		{"BAOAB", Options{Ensemble: NVT, Friction: 20}},
		{"Bussi", Options{Ensemble: NVT, Thermostat: Rescaling, Relaxation: 0.02}},
		{"Nosé-Hoover", Options{Ensemble: NVT, Thermostat: NoseHoover, Relaxation: 0.05}},
		{"isotropic", Options{Ensemble: NPT, CellRelaxation: 0.2}},
		{"anisotropic", Options{Ensemble: NPT, Barostat: Anisotropic, CellRelaxation: 0.2}},
		{"Martyna-Tobias-Klein", Options{Ensemble: NPT, Barostat: MTK, Relaxation: 0.05, CellRelaxation: 0.1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			change := func(dt float64) float64 {
				var square float64
				const seeds = 150
				for seed := range uint64(seeds) {
					o := c.o
					o.Temperature, o.Seed, o.Timestep = 300, seed, dt
					m := start(t, classical.NewStillingerWeber(), silicon(1), o)
					run(t, m, int(math.Round(80/dt)))
					e := m.Conserved()
					run(t, m, int(math.Round(160/dt)))
					square += (m.Conserved() - e) * (m.Conserved() - e) / seeds
				}
				return math.Sqrt(square)
			}
			coarse, fine := change(4), change(2)
			t.Logf("changes by %.3g and %.3g meV: ratio %.3f", 1e3*coarse, 1e3*fine, coarse/fine)
			if math.Abs(coarse/fine-4) > 1 {
				t.Errorf("changes by %.3g and %.3g eV with steps of 4 and 2 fs", coarse, fine)
			}
		})
	}
}
