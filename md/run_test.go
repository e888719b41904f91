package md

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"mlff/classical"
	"mlff/structure"
)

func TestOptionsAreChecked(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Timestep: -1}, "time step [fs] must be positive, not -1"},
		{Options{Timestep: math.NaN()}, "time step"},
		{Options{Ensemble: "npt2"}, `no ensemble "npt2"`},
		{Options{Temperature: -3}, "a temperature of -3 K"},
		{Options{Temperature: math.Inf(1)}, "a temperature"},
		{Options{Friction: -1}, "friction [1/ps] must be positive"},
		{Options{Velocities: make([][3]float64, 5)}, "5 velocities for 2 atoms"},
		{Options{Velocities: [][3]float64{{}, {math.NaN()}}}, "the velocity of atom 1 is"},
	} {
		s, p := tied(2, 1)
		if _, err := New(p, s, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.o, err)
		}
	}
	s, p := tied(2, 1)
	s.Positions[0][0] = math.NaN()
	if _, err := New(p, s, Options{}); err == nil {
		t.Error("a position that is no number is accepted")
	}
	s.Numbers[0], s.Positions[0][0] = 1, 0
	if m := start(t, p, s, Options{}); m.Options().Timestep != 0.5 {
		t.Errorf("with hydrogen the time step is %g fs", m.Options().Timestep)
	}
}

func TestBreakdownSaysWhenAndWhatToTry(t *testing.T) {
	s, p := tied(3, 1)
	p.after = 5 // the start and four steps
	m := start(t, p, s, Options{Temperature: 300})
	err := m.Run(context.Background(), 10)
	var e *StepError
	if !errors.As(err, &e) || e.Step != 5 || !strings.HasPrefix(err.Error(), "step 5 (0.005 ps): the force on atom 1 (Si)") {
		t.Errorf("broken at step 5: %v", err)
	}
	if hint := structure.HintOf(err); !strings.Contains(hint, "time step below 1 fs") {
		t.Errorf("hint %q", hint)
	}
	if again := m.Step(); again != err || m.Steps() != 5 {
		t.Errorf("goes on after breaking down: %v", again)
	}

	s, p = tied(3, 1)
	m = start(t, p, s, Options{Velocities: [][3]float64{{}, {}, {0, 2.5, 0}}})
	err = m.Step()
	if !errors.As(err, &e) || e.Step != 1 || !strings.Contains(err.Error(), "atom 2 (Si) would move 2.5 Å in one step of 1 fs") {
		t.Errorf("an atom jumps: %v", err)
	}
	if !slices.Equal(m.Structure().Positions, s.Positions) {
		t.Error("atoms move in a step that is refused")
	}

	s, p = tied(3, 1)
	p.after, p.calls = 1, 1
	if _, err = New(p, s, Options{}); err == nil || errors.As(err, &e) {
		t.Errorf("broken at the start: %v", err)
	}
}

func TestObserversSeeTheirSteps(t *testing.T) {
	s, p := tied(2, 1)
	m := start(t, p, s, Options{Temperature: 300})
	var seen []int
	observer := Observer{Every: 3, Observe: func(m *Simulation) error {
		seen = append(seen, m.Steps())
		return nil
	}}
	run(t, m, 4, observer)
	run(t, m, 5, observer)
	if !slices.Equal(seen, []int{0, 3, 6, 9}) {
		t.Errorf("seen %v", seen)
	}
	stop := errors.New("enough")
	if err := m.Run(context.Background(), 9, Observer{Observe: func(*Simulation) error { return stop }}); err != stop || m.Steps() != 10 {
		t.Errorf("an observer's error: %v after step %d", err, m.Steps())
	}
	ctx, cancel := context.WithCancel(context.Background())
	err := m.Run(ctx, 1000, Observer{Observe: func(m *Simulation) error {
		if m.Steps() == 15 {
			cancel()
		}
		return nil
	}})
	if !errors.Is(err, context.Canceled) || m.Steps() != 15 {
		t.Errorf("cancelled at step 15: %v, step %d", err, m.Steps())
	}
}

func TestStepsAllocateNothing(t *testing.T) {
	for _, ensemble := range []string{NVE, NVT} {
		s, p := tied(10, 1)
		m := start(t, p, s, Options{Ensemble: ensemble, Temperature: 300})
		if n := testing.AllocsPerRun(50, func() { m.Step() }); n != 0 {
			t.Errorf("%s: %v allocations per step", ensemble, n)
		}
	}
}

// frames keeps what is written.
type frames []structure.Frame

func (f *frames) Write(g *structure.Frame) error {
	*f = append(*f, *g)
	return nil
}

func TestTrajectory(t *testing.T) {
	m := start(t, classical.NewStillingerWeber(), silicon(1), Options{Temperature: 300, Seed: 1})
	var kept frames
	run(t, m, 20, Observer{Every: 10, Observe: Trajectory(&kept)})
	if len(kept) != 3 || slices.Equal(kept[0].Positions, kept[2].Positions) {
		t.Fatalf("%d frames, or all the same", len(kept))
	}
	var text bytes.Buffer
	if err := structure.WriteFrame(&text, &kept[2]); err != nil {
		t.Fatal(err)
	}
	r := structure.NewReader(&text, "trajectory", structure.Keys{})
	f, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("more than one frame: %v", err)
	}
	result := m.Result()
	if *f.Energy != m.Potential() || !slices.Equal(f.Forces, result.Forces) || !slices.Equal(f.Energies, result.Energies) || f.Stress == nil {
		t.Error("labels change on the way through a file")
	}
	if step, _ := f.Get("step"); step != "20" {
		t.Errorf("step %q", step)
	}
	if len(f.Arrays) != 1 || f.Arrays[0].Name != "momenta" || len(f.Arrays[0].Values) != 24 {
		t.Errorf("columns %+v", f.Arrays)
	}
}

func TestThermo(t *testing.T) {
	m := start(t, classical.NewStillingerWeber(), silicon(1), Options{Temperature: 300, Seed: 1})
	var text bytes.Buffer
	run(t, m, 20, Observer{Every: 10, Observe: Thermo(&text)})
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	if len(lines) != 3 || strings.Count(lines[0], ",") != strings.Count(ThermoHeader, ",") || !strings.HasPrefix(lines[2], "20,20,") {
		t.Errorf("thermo output:\n%s", text.String())
	}
	text.Reset()
	s, p := tied(2, 1)
	run(t, start(t, p, s, Options{}), 0, Observer{Observe: Thermo(&text)})
	if !strings.HasSuffix(text.String(), "0,0,0,0,0,0,0,\n") { // no pressure
		t.Errorf("thermo output of a molecule:\n%s", text.String())
	}
}

// The pressure of an ideal gas is N k_B T/V: with 3N - 3 degrees of freedom 2 E_kin/3V is that of N - 1 atoms.
func TestPressureOfAnIdealGas(t *testing.T) {
	s, p := tied(5, 0)
	s.Cell, s.PBC = [3][3]float64{{10, 0, 0}, {0, 10, 0}, {0, 0, 10}}, [3]bool{true, true, true}
	m := start(t, p, s, Options{Temperature: 300, Seed: 1})
	want := 4 * structure.KB * m.Temperature() / 1000
	if got := m.Pressure(); math.Abs(got/want-1) > 1e-12 { // the same sum, other factors
		t.Errorf("%g eV/Å³, not %g", got, want)
	}
}
