package validate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mlff/classical"
	"mlff/structure"
)

// shifted adds a constant to every force and energy of a potential, so that errors are known.
type shifted struct {
	structure.Potential
	energy, force float64 // eV/atom, eV/Å on every component
}

func (p shifted) Evaluate(s *structure.Structure, out *structure.Result) error {
	if err := p.Potential.Evaluate(s, out); err != nil {
		return err
	}
	out.Energy += p.energy * float64(s.Len())
	for i := range out.Forces {
		for a := range out.Forces[i] {
			out.Forces[i][a] += p.force
		}
	}
	return nil
}

// labelled are rattled silicon cells with Stillinger-Weber labels.
func labelled(t testing.TB, n int) []structure.Frame {
	t.Helper()
	frames := make([]structure.Frame, n)
	for k := range frames {
		random := structure.Rand(1, "test", uint64(k))
		f := &frames[k]
		f.Structure = *diamond(5.3 + 0.02*float64(k%10))
		for i := range f.Positions {
			for a := range f.Positions[i] {
				f.Positions[i][a] += 0.1 * random.NormFloat64()
			}
		}
		var out structure.Result
		if err := classical.NewStillingerWeber().Evaluate(&f.Structure, &out); err != nil {
			t.Fatal(err)
		}
		stress := structure.StressOf(out.Virial, f.Volume())
		f.Energy, f.Forces, f.Stress = &out.Energy, out.Forces, &stress
		f.Info = []structure.Entry{{Key: "config_type", Value: fmt.Sprint("type", k%2)}}
	}
	return frames
}

func TestCompareFindsAKnownError(t *testing.T) {
	frames := labelled(t, 20)
	p := shifted{classical.NewStillingerWeber(), 0.002, 0.01}
	c, err := Compare(context.Background(), p, frames, CompareOptions{Points: 100})
	if err != nil {
		t.Fatal(err)
	}
	near := func(name string, got, want float64) {
		t.Helper()
		// errors are kept as float32: 1e-7 of values up to 5 eV
		if math.Abs(got-want) > 1e-3 {
			t.Errorf("%s: %g, want %g", name, got, want)
		}
	}
	near("energy MAE", c.Errors.Energy.MAE, 2)
	near("forces RMSE", c.Errors.Forces.RMSE, 10)
	near("stress MAE", c.Errors.Stress.MAE, 0)
	near("median force error", c.Forces.Errors.Median, 10)
	near("mean energy error", c.Energy.Errors.Mean, 2)
	near("largest vector", c.Worst[0].Max, 10*math.Sqrt(3))
	if len(c.Forces.Label) != 100 || c.Forces.Of != 20*8*3 || len(c.Forces.Numbers) != 100 {
		t.Errorf("%d of %d points kept, want 100 of 480", len(c.Forces.Label), c.Forces.Of)
	}
	if len(c.Energy.Label) != 20 || len(c.Stress.Label) != 100 || len(c.ByType) != 2 || len(c.BySpecies) != 1 {
		t.Errorf("%d energies, %d stresses, %d types, %d species", len(c.Energy.Label), len(c.Stress.Label), len(c.ByType), len(c.BySpecies))
	}
	for k := range c.Energy.Label {
		near("shift of an energy", float64(c.Energy.Predicted[k]-c.Energy.Label[k]), 2)
	}
}

// One wall far off changes neither the errors that bars are held against nor the plots; the tables and the figure beside tell.
func TestWallsDoNotRule(t *testing.T) {
	frames := labelled(t, 20)
	wall := frames[19]
	wall.Forces = slices.Clone(wall.Forces)
	wall.Forces[0][0] += 100 // eV/Å
	wall.Info = []structure.Entry{{Key: "config_type", Value: "dimers"}}
	p := shifted{classical.NewStillingerWeber(), 0.002, 0.01}
	least := 0.9
	v, err := Run(context.Background(), Subject{Potential: p, Numbers: []int{14}, Cutoff: 4}, Options{Frames: frames[:19], Walls: []structure.Frame{wall}, Bars: Bars{"forces": &least}})
	if err != nil {
		t.Fatal(err)
	}
	c := &v.Comparison
	if e := c.Errors; e.Frames != 19 || math.Abs(e.Forces.MAE-10) > 1e-6 || c.Forces.Of != 19*8*3 {
		t.Errorf("%d frames, force MAE %g meV/Å, %d points; want 19, 10 and 456", e.Frames, e.Forces.MAE, c.Forces.Of)
	}
	if c.Walls == nil || c.Walls.Frames != 1 || c.Walls.Forces.MAE < 4000 || len(c.ByType) != 3 || c.Worst[0].Type != "dimers" {
		t.Errorf("walls %+v, %d types, worst %+v", c.Walls, len(c.ByType), c.Worst[0])
	}
	beside := slices.IndexFunc(v.Checks, func(c Check) bool { return c.State == "walls around the domain" })
	if !v.Passed || beside < 0 || v.Checks[beside].Decides {
		t.Errorf("passed %v, checks %+v", v.Passed, v.Checks)
	}
}

func TestCompareNamesTheFrame(t *testing.T) {
	frames := labelled(t, 2)
	frames[1].Numbers[0] = 31
	if _, err := Compare(context.Background(), classical.NewStillingerWeber(), frames, CompareOptions{}); err == nil || !strings.HasPrefix(err.Error(), "frame 1: ") {
		t.Errorf("got %v", err)
	}
}

func TestHistogramHoldsNearlyAll(t *testing.T) {
	random := structure.Rand(1, "histogram", 0)
	errs := make([]float32, 10000)
	for k := range errs {
		errs[k] = float32(random.NormFloat64())
	}
	h := histogram(errs, "meV")
	total := 0
	for _, n := range h.Counts {
		total += n
	}
	if total+h.Outside != len(errs) || total < 9900 {
		t.Errorf("%d inside, %d outside", total, h.Outside)
	}
	// 0.674, 1.960 and 2.576 for a normal distribution; the sampling error of 10000 draws is below 0.05 at 99 %
	if math.Abs(h.Median-0.674) > 0.02 || math.Abs(h.P95-1.96) > 0.06 || math.Abs(h.P99-2.576) > 0.15 {
		t.Errorf("quantiles %g %g %g", h.Median, h.P95, h.P99)
	}
	if h := histogram([]float32{0, 0}, "meV"); h.Counts[len(h.Counts)/2] != 2 || h.Outside != 0 {
		t.Errorf("an exact potential: %+v", h)
	}
}

func TestDriftOfSilicon(t *testing.T) {
	d := Dynamics{Atoms: 8, Duration: 1, Timestep: 1}
	n, err := Conserve(context.Background(), classical.NewStillingerWeber(), diamond(5.431), d, silent)
	if err != nil {
		t.Fatal(err)
	}
	if n.Failure != "" || n.Drift == nil || n.Atoms != 8 || n.Steps != 1000 || n.From < 0.19 || n.From > 0.21 {
		t.Fatalf("%+v", n)
	}
	// velocity Verlet at a thirtieth of the shortest period: the energy swings by (ω dt)²/24 of kT, below 1 meV/atom
	if n.Fluctuation > 1 || *n.Drift > 1 {
		t.Errorf("drift %g ± %g, fluctuation %g", *n.Drift, *n.Error, n.Fluctuation)
	}
	if k := len(n.Trace.Time); k < tracePoints || k > 2*tracePoints+1 || n.Trace.Time[k-1] != 1 {
		t.Errorf("%d points of the trace", k)
	}
}

// hot is a spring that gives energy to whatever moves.
type hot struct{ calls *int }

func (h hot) Evaluate(s *structure.Structure, out *structure.Result) error {
	*h.calls++
	out.Resize(s.Len())
	out.Energy = 0
	for i := range out.Forces {
		out.Forces[i] = [3]float64{}
		if *h.calls > 600 {
			out.Forces[i][0] = float64(*h.calls-600) * float64(2*(i%2)-1)
		}
	}
	return nil
}

func TestDriftOfARunThatExplodes(t *testing.T) {
	calls := 0
	n, err := Conserve(context.Background(), hot{&calls}, diamond(5.4), Dynamics{Atoms: 8}, silent)
	if err != nil {
		t.Fatal(err)
	}
	bar := 1e9
	v := &Validation{NVE: n, Bars: Bars{"drift": &bar}}
	v.judge()
	if n.Failure == "" || v.Passed {
		t.Errorf("failure %q, passed %v", n.Failure, v.Passed)
	}
	if f := v.Certificate().Failures(); len(f) != 1 || f[0] != "energy drift: "+n.Failure {
		t.Errorf("the certificate does not say why: %q", f)
	}
	v = &Validation{NVE: n} // without a bar it warns
	v.judge()
	if w := v.Certificate().Warnings(); !v.Passed || len(w) != 1 || w[0] != "energy drift: "+n.Failure {
		t.Errorf("passed %v, warnings %q", v.Passed, w)
	}
	n, err = Conserve(context.Background(), refuser{}, diamond(5.4), Dynamics{}, silent)
	if err != nil || n.Drift != nil || n.Failure == "" {
		t.Errorf("a potential that refuses: %+v, %v", n, err)
	}
}

func TestBarsDecide(t *testing.T) {
	number := func(v float64) *float64 { return &v }
	full := func(energy, drift *float64) *Validation {
		v := &Validation{NVE: &NVE{Drift: drift}}
		v.Comparison.Errors.Energy = &structure.Quality{Accuracy: energy}
		return v
	}
	for _, c := range []struct {
		name   string
		v      *Validation
		bars   Bars
		passed bool
	}{
		{"all reached", full(number(0.99), number(0.001)), Bars{"energy": number(0.98), "drift": number(0.01)}, true},
		{"energy below", full(number(0.97), number(0.001)), Bars{"energy": number(0.98), "drift": number(0.01)}, false},
		{"drift above", full(number(0.99), number(0.02)), Bars{"energy": number(0.98), "drift": number(0.01)}, false},
		{"exactly at the bar", full(number(0.98), number(0.01)), Bars{"energy": number(0.98), "drift": number(0.01)}, true},
		{"no figure", full(nil, nil), Bars{"energy": number(0.98), "drift": number(0.01)}, true},
		{"no bar", full(number(0.1), number(9)), Bars{"energy": nil}, true},
		{"not measured", &Validation{}, Bars{"forces": number(0.9), "drift": number(0.01)}, true},
		{"a dimer only warns", &Validation{Dimers: []Dimer{{Repulsion: number(-1)}}}, nil, true},
	} {
		c.v.Bars = c.bars
		c.v.judge()
		if c.v.Passed != c.passed {
			t.Errorf("%s: passed %v, checks %+v", c.name, c.v.Passed, c.v.Checks)
		}
	}
}

func TestRunIsRepeatableJSON(t *testing.T) {
	bar := 0.95
	o := Options{Frames: labelled(t, 12), Set: "test", Example: diamond(5.431), Teacher: classical.NewStillingerWeber(),
		Dynamics: Dynamics{Atoms: 8, Duration: 0.05}, Bars: Bars{"forces": &bar, "stress": nil}}
	stages := map[string]bool{}
	o.Progress = func(stage string, done, total int) {
		if done < 0 || done > total {
			t.Errorf("%s: %d of %d", stage, done, total)
		}
		stages[stage] = true
	}
	s := Subject{Potential: classical.NewStillingerWeber(), Numbers: []int{14}, Cutoff: 4}
	var texts [2]string
	for k := range texts {
		v, err := Run(context.Background(), s, o)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		texts[k] = string(b)
		var back Validation
		if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(&back, v) {
			t.Errorf("it does not survive being saved: %v", err)
		}
		c := v.Certificate()
		if !c.Passed || c.NVE == nil || c.NVE.Atoms != 8 || c.Test.Frames != 12 || len(c.Checks) != len(v.Checks) {
			t.Errorf("certificate %+v", c)
		}
	}
	if texts[0] != texts[1] || len(stages) != 4 {
		t.Errorf("two runs differ, or stages were silent: %v", stages)
	}
}

func TestRunStopsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := Subject{Potential: classical.NewStillingerWeber(), Numbers: []int{14}, Cutoff: 4}
	o := Options{Example: diamond(5.431), Progress: func(stage string, done, total int) {
		if stage == "drift" && done > 20 {
			cancel()
		}
	}}
	if _, err := Run(ctx, s, o); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
