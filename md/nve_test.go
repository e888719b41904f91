package md

import (
	"context"
	"math"
	"testing"

	"mlff/classical"
	"mlff/structure"
)

func start(t testing.TB, p structure.Potential, s structure.Structure, o Options) *Simulation {
	t.Helper()
	m, err := New(p, s, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func run(t testing.TB, m *Simulation, steps int, observers ...Observer) {
	t.Helper()
	if err := m.Run(context.Background(), steps, observers...); err != nil {
		t.Fatal(err)
	}
}

// A spring released with velocity v is at v/ω sin ωt. The phase error of velocity Verlet is ω³dt²t/24: with ω dt = 0.1
// and 0.05 the next order, (ω dt)², is 1 % and less.
func TestVerletIsOfSecondOrder(t *testing.T) {
	const k, v, end = 10.0, 0.01, 160.0
	w := frequency(k)
	lag := func(dt float64) float64 {
		s, p := tied(1, k)
		m := start(t, p, s, Options{Timestep: dt, Velocities: [][3]float64{{v, 0, 0}}})
		run(t, m, int(math.Round(end/dt)))
		return m.Structure().Positions[0][0] - v/w*math.Sin(w*end)
	}
	if ratio := lag(2) / lag(1); math.Abs(ratio-4) > 0.1 {
		t.Errorf("twice the step gives %.3f times the error", ratio)
	}
}

func TestEnergyFluctuatesWithTheSquareOfTheStep(t *testing.T) {
	fluctuation := func(dt float64) float64 {
		m := start(t, classical.NewStillingerWeber(), silicon(1), Options{Timestep: dt, Temperature: 600, Seed: 3})
		var sum, square, n float64
		e0 := m.Conserved()
		run(t, m, int(600/dt), Observer{Observe: func(m *Simulation) error {
			e := m.Conserved() - e0
			sum, square, n = sum+e, square+e*e, n+1
			return nil
		}})
		return math.Sqrt(square/n - sum*sum/(n*n))
	}
	// (ω dt)² of the fastest phonon, 0.1 rad/fs, is 1 % at 1 fs; the two trajectories of an anharmonic crystal
	// differ enough within 0.6 ps to change the ratio by a few per cent.
	if ratio := fluctuation(1) / fluctuation(0.5); math.Abs(ratio-4) > 0.3 {
		t.Errorf("twice the step gives %.3f times the fluctuation", ratio)
	}
}

func TestEnergyAndMomentumAreConserved(t *testing.T) {
	o := Options{Ensemble: NVT, Temperature: 300, Friction: 10, Seed: 1}
	m := start(t, classical.NewStillingerWeber(), silicon(2), o)
	run(t, m, 500)
	o.Ensemble = NVE
	if err := m.Switch(o); err != nil {
		t.Fatal(err)
	}
	before := momentum(m)
	var time, energy []float64
	run(t, m, 3000, Observer{Observe: func(m *Simulation) error {
		time = append(time, m.Time()/1000)
		energy = append(energy, 1000*m.Conserved()/float64(m.Structure().Len()))
		return nil
	}})
	slope, deviation := Drift(time[600:], energy[600:])
	// 1 fs resolves silicon's phonons (period 60 fs): nothing but the error of the fit is to be seen, which at 1 µeV
	// is a tenth of the smoke test's bar of 0.01 meV/atom/ps.
	if math.Abs(slope) > 3*deviation || deviation > 1e-3 {
		t.Errorf("drift %.2g ± %.2g meV/atom/ps", slope, deviation)
	}
	t.Logf("drift %.2g ± %.2g meV/atom/ps, temperature %.0f K", slope, deviation, m.Temperature())
	// 3000 steps of rounding, each 1e-16 of momenta of 64 atoms of 0.2 u Å/fs.
	if d := structure.Norm(structure.Sub(momentum(m), before)); d > 1e-11 {
		t.Errorf("momentum changes by %g", d)
	}
}

func momentum(m *Simulation) [3]float64 {
	var p [3]float64
	for i, v := range m.Velocities() {
		p = structure.Add(p, structure.Scale(m.masses[i], v))
	}
	return p
}

func TestMotionIsReversible(t *testing.T) {
	s := silicon(1)
	p := classical.NewStillingerWeber()
	m := start(t, p, s, Options{Temperature: 1000, Seed: 2})
	run(t, m, 100)
	back := m.Velocities()
	for i := range back {
		back[i] = structure.Scale(-1, back[i])
	}
	m = start(t, p, *m.Structure(), Options{Velocities: back})
	run(t, m, 100)
	for i, x := range m.Structure().Positions {
		if d := structure.Norm(structure.Sub(x, s.Positions[i])); d > 1e-10 { // 1e-15 Å of rounding, growing with chaos
			t.Errorf("atom %d comes back %.2g Å beside its start", i, d)
		}
	}
}

func TestThermalStart(t *testing.T) {
	s := structure.Structure{Numbers: make([]int, 10000), PBC: [3]bool{true, true, true}}
	for i := range s.Numbers {
		s.Numbers[i] = []int{1, 8}[i%2]
	}
	var kinetic [2]float64
	var momentum [3]float64
	for i, v := range Thermal(&s, 300, 5) {
		mass := structure.Mass(s.Numbers[i])
		kinetic[i%2] += mass * structure.Dot(v, v) / (2 * structure.AccelerationUnit)
		momentum = structure.Add(momentum, structure.Scale(mass, v))
	}
	for k, e := range kinetic {
		// 15000 squares of normal numbers each: standard error sqrt(2/15000) = 1.2 %, three of them.
		if temperature := 2 * e / (15000 * structure.KB); math.Abs(temperature/300-1) > 0.035 {
			t.Errorf("kind %d: %.1f K", k, temperature)
		}
	}
	if structure.Norm(momentum) > 1e-11 { // rounding, 1e-16 each, of 10000 terms of up to 0.5 u Å/fs and their partial sums of up to 50
		t.Errorf("momentum %g", momentum)
	}
	one := structure.Structure{Numbers: []int{14}, Positions: make([][3]float64, 1)}
	if v := Thermal(&one, 300, 1)[0]; v == [3]float64{} {
		t.Error("a single atom is given no velocity")
	}
}
