package md

import (
	"math"
	"testing"

	"mlff/classical"
	"mlff/structure"
)

// Where nothing is periodic, neither a bent molecule nor one on a line may rotate at the start.
func TestThermalStartDoesNotRotate(t *testing.T) {
	bent := structure.Structure{Numbers: []int{8, 1, 1}, Positions: [][3]float64{{5, 0, 0}, {5.96, 0, 0}, {4.76, 0.93, 0}}}
	line := structure.Structure{Numbers: []int{6, 8, 8}, Positions: [][3]float64{{0, 1, 0}, {0.8, 1.8, 0.3}, {-0.8, 0.2, -0.3}}}
	for _, c := range []struct {
		name    string
		s       structure.Structure
		freedom int
	}{{"bent", bent, 3}, {"on a line", line, 4}} {
		v := Thermal(&c.s, 300, 9)
		r := rotationOf(&c.s, v)
		// Rounding, 1e-16, of terms of 16 u · 6 Å · 0.01 Å/fs.
		if structure.Norm(r.momentum) > 1e-13 {
			t.Errorf("%s: angular momentum %g u Å²/fs", c.name, r.momentum)
		}
		m := start(t, &springs{x0: c.s.Positions}, c.s, Options{Temperature: 300, Seed: 9})
		if m.Freedom() != c.freedom {
			t.Errorf("%s: %d degrees of freedom, not %d", c.name, m.Freedom(), c.freedom)
		}
	}
	bent.Cell, bent.PBC = [3][3]float64{{9, 0, 0}, {0, 9, 0}, {0, 0, 9}}, [3]bool{true, true, true}
	if r := rotationOf(&bent, Thermal(&bent, 300, 9)); structure.Norm(r.momentum) < 1e-6 {
		t.Error("in a periodic cell there is nothing to rotate as a whole, and nothing to take away")
	}
}

// Rotation that is there already carries energy: a thermostat before leaves it behind.
func TestRotationCountsOnceItIsThere(t *testing.T) {
	s := silicon(1)
	s.PBC = [3]bool{}
	o := Options{Temperature: 300, Seed: 1, Ensemble: NVT}
	m := start(t, classical.NewStillingerWeber(), s, o)
	if m.Freedom() != 24 {
		t.Errorf("%d degrees of freedom with a Langevin thermostat", m.Freedom())
	}
	run(t, m, 20)
	o.Ensemble = NVE
	if err := m.Switch(o); err != nil {
		t.Fatal(err)
	}
	if m.Freedom() != 21 {
		t.Errorf("%d degrees of freedom of a cluster that rotates", m.Freedom())
	}
}

// Where angular momentum stays zero, rescaled velocities must give 3N - 6 degrees of freedom their share: with 3N - 3 the
// kinetic energy of eight atoms would be 17 % too large.
func TestTemperatureOfAClusterThatDoesNotRotate(t *testing.T) {
	s := silicon(1)
	s.PBC = [3]bool{}
	m := start(t, classical.NewStillingerWeber(), s, Options{Ensemble: NVT, Thermostat: Rescaling, Relaxation: 0.01, Temperature: 300, Seed: 2, Timestep: 1})
	if m.Freedom() != 18 {
		t.Fatalf("%d degrees of freedom", m.Freedom())
	}
	var k moments
	for range 8000 {
		if err := m.Step(); err != nil {
			t.Fatal(err)
		}
		k.add(m.Kinetic())
	}
	// 8 ps at a relaxation of 10 fs: some 400 independent values with a spread of sqrt(2/18) = 33 %: 1.7 %, three of these.
	if got := k.mean() / (9 * structure.KB * 300); math.Abs(got-1) > 0.05 {
		t.Errorf("mean kinetic energy %.3f of that of 18 degrees of freedom", got)
	}
	r := rotationOf(m.Structure(), m.Velocities())
	if structure.Norm(r.momentum) > 1e-9 { // rounding of 8000 steps
		t.Errorf("it has begun to rotate: %g u Å²/fs", r.momentum)
	}
}
