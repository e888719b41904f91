package md

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"mlff/classical"
	"mlff/structure"
)

// gas are n free atoms in a box of the given edge.
func gas(n int, edge float64) (structure.Structure, *springs) {
	s, p := tied(n, 0)
	s.Cell, s.PBC = [3][3]float64{{edge, 0, 0}, {0, edge, 0}, {0, 0, edge}}, [3]bool{true, true, true}
	return s, p
}

// moments of a quantity over a run, and of its steps.
type moments struct{ n, sum, square float64 }

func (m *moments) add(x float64)     { m.n, m.sum, m.square = m.n+1, m.sum+x, m.square+x*x }
func (m *moments) mean() float64     { return m.sum / m.n }
func (m *moments) variance() float64 { return m.square/m.n - m.mean()*m.mean() }

// Where no force acts, rescaled velocities have a kinetic energy with a gamma distribution of shape Nf/2, scale k_B T,
// whatever it was at first.
func TestRescaledVelocitiesOfAGas(t *testing.T) {
	const n, temperature = 10, 500.0
	s, p := gas(n, 20)
	m := start(t, p, s, Options{Ensemble: NVT, Thermostat: Rescaling, Temperature: temperature, Relaxation: 0.005, Seed: 2})
	var k moments
	for range 200_000 {
		if err := m.Step(); err != nil {
			t.Fatal(err)
		}
		k.add(m.Kinetic())
	}
	// 200 ps at a relaxation of 5 fs are 40000 independent values but for a factor of 2: the mean, with a spread of
	// sqrt(2/27) = 27 %, is known to 0.2 %, the variance to 1.5 %; three of these are allowed.
	kt, freedom := structure.KB*temperature, 3.0*n-3
	if got := k.mean() / (freedom * kt / 2); math.Abs(got-1) > 0.006 {
		t.Errorf("mean kinetic energy %.4f of Nf k_B T/2", got)
	}
	if got := k.variance() / (freedom * kt * kt / 2); math.Abs(got-1) > 0.045 {
		t.Errorf("its variance is %.4f of Nf (k_B T)²/2", got)
	}
	if e := m.Conserved() - start(t, p, s, m.Options()).Conserved(); math.Abs(e) > 1e-9 { // sums of 200000 rounded numbers
		t.Errorf("energy less heat moved by %g eV", e)
	}
}

// The baths at work on silicon, with what each does to its conserved quantity when the step is halved. The trajectories
// of an anharmonic crystal part, and noise differs between steps of different length, so the ratio of 4 of a method of
// second order is met only roughly. Deterministic ones must be near 4.
func TestBathsConserve(t *testing.T) {
	for _, c := range []struct {
		name            string
		o               Options
		least, most     float64 // ratio
		temperature, of float64 // mean and how far off it may be, relative
	}{
		{"nose-hoover", Options{Ensemble: NVT, Thermostat: NoseHoover}, 3.4, 4.6, 600, 0.15},
		{"bussi", Options{Ensemble: NVT, Thermostat: Rescaling}, 2, 10, 600, 0.15},
		{"mtk", Options{Ensemble: NPT, Barostat: MTK, CellRelaxation: 0.2}, 3.2, 4.8, 600, 0.15},
		{"isotropic", Options{Ensemble: NPT, CellRelaxation: 0.5}, 1, 40, 600, 0.15},
		{"anisotropic", Options{Ensemble: NPT, Barostat: Anisotropic, CellRelaxation: 0.5}, 1, 40, 600, 0.15},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := c.o
			o.Temperature, o.Seed = 600, 3
			wander := func(dt float64) float64 {
				o.Timestep = dt
				m := start(t, classical.NewStillingerWeber(), silicon(1), o)
				e0 := m.Conserved()
				if total := m.Kinetic() + m.Potential(); math.Abs(e0-total) > 1e-9 { // rounding of P V and the like
					t.Errorf("begins at %g eV, not the total energy %g", e0, total)
				}
				var e moments
				for range int(800 / dt) {
					if err := m.Step(); err != nil {
						t.Fatal(err)
					}
					e.add(m.Conserved() - e0)
				}
				return math.Sqrt(e.variance())
			}
			coarse, fine := wander(2), wander(1)
			t.Logf("wanders by %.3g and %.3g meV", 1e3*coarse, 1e3*fine)
			// 8 atoms at 600 K hold 1 eV of kinetic energy, exchanged with the bath several times.
			if coarse > 0.02 || coarse/fine < c.least || coarse/fine > c.most {
				t.Errorf("the conserved quantity wanders by %.3g and %.3g eV with steps of 2 and 1 fs", coarse, fine)
			}
		})
	}
}

// A Nosé-Hoover chain on a crystal: kinetic energy of the canonical ensemble.
func TestNoseHooverSamples(t *testing.T) {
	m := start(t, classical.NewStillingerWeber(), silicon(1), Options{Ensemble: NVT, Thermostat: NoseHoover, Temperature: 600, Timestep: 2, Seed: 5})
	run(t, m, 1000)
	var temperature moments
	for range 12_000 {
		if err := m.Step(); err != nil {
			t.Fatal(err)
		}
		temperature.add(m.Temperature())
	}
	// 21 degrees of freedom: a spread of sqrt(2/21) = 31 %. 24 ps hold about 300 independent values: 2 % and 8 %.
	if got := temperature.mean() / 600; math.Abs(got-1) > 0.06 {
		t.Errorf("mean temperature %.3f of what was asked for", got)
	}
	if got := temperature.variance() / (600 * 600 * 2.0 / 21); math.Abs(got-1) > 0.25 {
		t.Errorf("its variance is %.3f of the canonical one", got)
	}
}

// An ideal gas without net momentum has the volume distribution V^(N-1) exp(-P V/kT): mean N kT/P, variance N (kT/P)².
func TestRescaledCellOfAGas(t *testing.T) {
	const n, temperature = 8, 500.0
	kt := structure.KB * temperature
	pressure := n * kt / (20 * 20 * 20)
	for _, barostat := range []string{Isotropic, Anisotropic} {
		s, p := gas(n, 20)
		o := Options{Ensemble: NPT, Barostat: barostat, Temperature: temperature, Pressure: pressure, Timestep: 1, Relaxation: 0.02, Seed: 3,
			CellRelaxation: 0.1, Compressibility: 1 / pressure}
		m := start(t, p, s, o)
		run(t, m, 2000)
		var v moments
		for k := range 400_000 {
			if err := m.Step(); err != nil {
				t.Fatal(err)
			}
			if k%10 == 0 {
				v.add(m.Structure().Volume())
			}
		}
		// 400 ps at a relaxation of 0.1 ps are some 2000 independent values: a spread of 35 % gives a mean to 0.8 %, a
		// variance to 4 %, and steps of a tenth of the relaxation bias both by less; three of these are allowed.
		if got := v.mean() / (n * kt / pressure); math.Abs(got-1) > 0.03 {
			t.Errorf("%s: mean volume %.3f of that of the gas", barostat, got)
		}
		if got := v.variance() / (n * kt * kt / pressure / pressure); math.Abs(got-1) > 0.15 {
			t.Errorf("%s: its variance is %.3f of that of the gas", barostat, got)
		}
	}
}

// Silicon under pressure: all barostats reach the pressure they were told, and about the same volume.
func TestBarostatsReachThePressure(t *testing.T) {
	volume := map[string]float64{}
	for _, barostat := range []string{Isotropic, Anisotropic, MTK} {
		o := Options{Ensemble: NPT, Barostat: barostat, Temperature: 600, Pressure: 2 * structure.GPa, Timestep: 2, CellRelaxation: 0.2, Seed: 7}
		m := start(t, classical.NewStillingerWeber(), silicon(1), o)
		run(t, m, 1000)
		var p, v moments
		for range 6000 {
			if err := m.Step(); err != nil {
				t.Fatal(err)
			}
			p.add(m.Pressure() / structure.GPa)
			v.add(m.Structure().Volume() / 8)
		}
		volume[barostat] = v.mean()
		t.Logf("%s: %.3f GPa, %.3f Å³ per atom ± %.3f", barostat, p.mean(), v.mean(), math.Sqrt(v.variance()))
		// The pressure of 8 atoms fluctuates by about 2 GPa, mostly with vibrations that average out within ps.
		if math.Abs(p.mean()-2) > 0.3 {
			t.Errorf("%s: a mean pressure of %.2f GPa", barostat, p.mean())
		}
	}
	for name, v := range volume {
		// 0.3 GPa over a bulk modulus of 100 GPa is 0.3 %.
		if math.Abs(v/volume[MTK]-1) > 0.004 {
			t.Errorf("%s: %.3f Å³ per atom, mtk %.3f", name, v, volume[MTK])
		}
	}
}

func TestFixedAtomsStay(t *testing.T) {
	for _, o := range []Options{{}, {Ensemble: NVT}, {Ensemble: NVT, Thermostat: Rescaling}, {Ensemble: NVT, Thermostat: NoseHoover}} {
		o.Temperature, o.Fixed, o.Seed = 900, []int{0, 5}, 1
		m := start(t, classical.NewStillingerWeber(), silicon(1), o)
		before := slices.Clone(m.Structure().Positions)
		run(t, m, 50)
		for i, x := range m.Structure().Positions {
			if fixed := i == 0 || i == 5; fixed != (x == before[i]) {
				t.Errorf("%s %s: atom %d, fixed %t", o.Ensemble, o.Thermostat, i, fixed)
			}
		}
		if m.Freedom() != 18 {
			t.Errorf("%s %s: %d degrees of freedom", o.Ensemble, o.Thermostat, m.Freedom())
		}
	}
}

func TestRestartsHaveTheSameBits(t *testing.T) {
	for _, o := range []Options{{}, {Ensemble: NVT}, {Ensemble: NVT, Thermostat: Rescaling}, {Ensemble: NVT, Thermostat: NoseHoover},
		{Ensemble: NPT}, {Ensemble: NPT, Barostat: Anisotropic}, {Ensemble: NPT, Barostat: MTK}, {Ensemble: NVT, Fixed: []int{3}}} {
		o.Temperature, o.Seed, o.Pressure = 900, 4, structure.GPa
		whole := start(t, classical.NewStillingerWeber(), silicon(1), o)
		run(t, whole, 35)
		text, err := json.Marshal(whole.State())
		if err != nil {
			t.Fatal(err)
		}
		var state State
		if err := json.Unmarshal(text, &state); err != nil {
			t.Fatal(err)
		}
		again, err := Resume(classical.NewStillingerWeber(), &state)
		if err != nil {
			t.Fatal(err)
		}
		run(t, whole, 40)
		run(t, again, 40)
		if !slices.Equal(whole.Structure().Positions, again.Structure().Positions) || whole.Structure().Cell != again.Structure().Cell ||
			whole.Conserved() != again.Conserved() || whole.Time() != again.Time() || whole.Steps() != again.Steps() {
			t.Errorf("%s %s %s: a restart goes elsewhere", o.Ensemble, o.Thermostat, o.Barostat)
		}
	}
}

func TestBathsAreChecked(t *testing.T) {
	for _, o := range []Options{
		{Ensemble: NVT, Thermostat: "warm", Temperature: 1}, {Ensemble: NPT, Barostat: "soft", Temperature: 1}, {Ensemble: NPT, Temperature: 1, Fixed: []int{1}},
		{Ensemble: NPT}, {Pressure: math.NaN()}, {Fixed: []int{8}}, {Fixed: []int{1, 1}}, {Relaxation: -1}, {CellRelaxation: math.NaN()},
	} {
		if _, err := New(classical.NewStillingerWeber(), silicon(1), o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	s, p := tied(2, 1)
	if _, err := New(p, s, Options{Ensemble: NPT, Temperature: 1}); err == nil || structure.HintOf(err) == "" {
		t.Errorf("constant pressure without a cell: %v", err)
	}
}

func TestBathsAllocateNothing(t *testing.T) {
	for _, o := range []Options{{Ensemble: NVT, Thermostat: Rescaling}, {Ensemble: NVT, Thermostat: NoseHoover}, {Ensemble: NPT},
		{Ensemble: NPT, Barostat: Anisotropic}, {Ensemble: NPT, Barostat: MTK}} {
		s, p := gas(10, 20)
		o.Temperature = 300
		m := start(t, p, s, o)
		if n := testing.AllocsPerRun(50, func() { m.Step() }); n != 0 {
			t.Errorf("%s %s %s: %v allocations per step", o.Ensemble, o.Thermostat, o.Barostat, n)
		}
	}
}
