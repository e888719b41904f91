package validate

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"mlff/classical"
	"mlff/model"
	"mlff/structure"
)

// asked makes a potential the teacher.
func asked(p structure.Potential) func(context.Context, []structure.Structure) ([]structure.Labels, error) {
	return func(_ context.Context, s []structure.Structure) ([]structure.Labels, error) {
		labels := make([]structure.Labels, len(s))
		for k := range s {
			var out structure.Result
			if err := p.Evaluate(&s[k], &out); err != nil {
				return nil, err
			}
			labels[k] = structure.Labels{Energy: &out.Energy, Forces: out.Forces}
			if s[k].Periodic() {
				stress := structure.StressOf(out.Virial, s[k].Volume())
				labels[k].Stress = &stress
			}
		}
		return labels, nil
	}
}

// pressed adds a pressure, eV/Å³, that forces know nothing of.
type pressed struct {
	structure.Potential
	pressure float64
}

func (p pressed) Evaluate(s *structure.Structure, out *structure.Result) error {
	if err := p.Potential.Evaluate(s, out); err != nil {
		return err
	}
	for a := range 3 {
		out.Virial[a][a] += p.pressure * s.Volume()
	}
	return nil
}

// gate runs crystals of eight atoms at two temperatures against the Stillinger-Weber teacher.
func gate(t *testing.T, student structure.Potential, reference *model.Reference) *Gate {
	t.Helper()
	o := OnPolicy{Starts: []structure.Structure{*diamond(5.431)}, Temperatures: []float64{900, 300}, Frames: 6, Atoms: 8, Settling: 0.1,
		Label: asked(classical.NewStillingerWeber())}
	g, err := o.Run(t.Context(), student, reference, silent)
	if err != nil {
		t.Fatal(err)
	}
	if len(g.States) != 2 || g.States[0].Name != "300 K" || g.States[1].Name != "900 K" {
		t.Fatalf("states %+v", g.States)
	}
	return g
}

// outcomes are the verdicts of checks by name, of all states together: failed if one failed.
func outcomes(checks []Check) map[string]*bool {
	all := map[string]*bool{}
	for _, c := range checks {
		if before := all[c.Name]; before == nil || *before {
			all[c.Name] = c.Pass
		}
	}
	return all
}

func TestGateMeasuresAKnownError(t *testing.T) {
	bar := 1.5
	for _, c := range []struct {
		held float64 // force MAE of held-out frames, meV/Å
		pass bool
	}{{8, true}, {5, false}} {
		g := gate(t, shifted{classical.NewStillingerWeber(), 0, 0.01}, &model.Reference{MAE: c.held, Median: 1})
		for _, s := range g.States {
			if s.Frames != 6 || len(s.Time) != 6 || s.Interval < leastInterval-1e-9 || s.Failure != "" {
				t.Fatalf("%+v", s)
			}
			// a force of 10 meV/Å on every component is the error, up to rounding
			if math.Abs(*s.MAE-10) > 1e-9 || math.Abs(*s.Largest-10*math.Sqrt(3)) > 1e-9 || math.Abs(*s.Median-*s.Largest) > 1e-9 {
				t.Errorf("MAE %g, median %g, largest %g", *s.MAE, *s.Median, *s.Largest)
			}
		}
		seen := outcomes(g.checks(&bar))
		if p := seen["on-policy force error"]; p == nil || *p != c.pass {
			t.Errorf("held-out %g: %v", c.held, p)
		}
		if p := seen["on-policy worst atom"]; p == nil || !*p {
			t.Error("all atoms are alike")
		}
		if len(g.Frames) != 12 || g.Frames[0].Energy == nil {
			t.Errorf("%d frames to learn from", len(g.Frames))
		}
	}
}

func TestGateFailsARunThatExplodes(t *testing.T) {
	calls, bar := 0, 1.5
	g := gate(t, hot{&calls}, &model.Reference{MAE: 1, Median: 1})
	if g.States[0].Failure == "" && g.States[1].Failure == "" {
		t.Fatal("it did not explode")
	}
	if p := outcomes(g.checks(&bar))["on-policy force error"]; p == nil || *p {
		t.Error("it passed")
	}
	if g := gate(t, refuser{}, nil); !strings.Contains(g.States[0].Failure, "no") || *g.checks(&bar)[0].Pass {
		t.Errorf("a student that refuses: %+v", g.States[0])
	}
}

func TestPressureBiasIsADensityError(t *testing.T) {
	const bias = 0.1 // GPa
	g := gate(t, pressed{classical.NewStillingerWeber(), bias * structure.GPa}, nil)
	curve, err := Compress(t.Context(), classical.NewStillingerWeber(), diamond(5.431), nil, silent)
	if err != nil {
		t.Fatal(err)
	}
	g.takeStiffness(curve)
	for _, s := range g.States {
		density, deviation := s.Density()
		if density == nil {
			t.Fatalf("no density: %+v", s)
		}
		// 101.4 GPa is the published bulk modulus of the potential; it rises by 4 % within the first step of the curve
		if want := -bias / 101.4; math.Abs(*s.Pressure-bias) > 1e-9 || math.Abs(*density/want-1) > 0.06 || math.Abs(*deviation) > 1e-9 {
			t.Errorf("pressure off by %g GPa, density by %g ± %g, want %g", *s.Pressure, *density, *deviation, want)
		}
	}
}

// morse is a bond of the given depth [eV] between two atoms, 1.1 Å long.
type morse struct{ depth float64 }

func (m morse) Evaluate(s *structure.Structure, out *structure.Result) error {
	out.Resize(2)
	d := structure.Sub(s.Positions[1], s.Positions[0])
	r := structure.Norm(d)
	e := math.Exp(-2.5 * (r - 1.1))
	out.Energy = m.depth * (1 - e) * (1 - e)
	f := structure.Scale(2*2.5*m.depth*(1-e)*e/r, d)
	out.Forces[0], out.Forces[1] = f, structure.Scale(-1, f)
	out.Virial = [3][3]float64{}
	return nil
}

func TestBondsThatOnlyTheStudentBreaks(t *testing.T) {
	nitrogen := structure.Structure{Numbers: []int{7, 7}, Positions: [][3]float64{{}, {1.1, 0, 0}}}
	if b := bondsOf(&nitrogen); len(b) != 1 {
		t.Fatalf("bonds %v", b)
	}
	if bondsOf(diamond(5.431)) != nil {
		t.Error("a crystal is no molecule")
	}
	// weak: 0.1 eV against a k_B T of 0.13 eV at 1500 K
	for _, c := range []struct {
		name             string
		student, teacher float64
		broken           bool
	}{{"weak student", 0.1, 9, true}, {"both weak", 0.1, 0.1, false}, {"both strong", 9, 9, false}} {
		o := OnPolicy{Starts: []structure.Structure{nitrogen}, Temperatures: []float64{1500}, Frames: 10, Settling: 0.2, Label: asked(morse{c.teacher})}
		g, err := o.Run(t.Context(), morse{c.student}, nil, silent)
		if err != nil {
			t.Fatal(err)
		}
		if s := g.States[0]; !s.Molecules || (len(s.Broken) > 0) != c.broken {
			t.Errorf("%s: broken %q", c.name, s.Broken)
		}
	}
}

func TestMolecularBondsInAPeriodicBox(t *testing.T) {
	// two molecules, one of them across the boundary
	s := structure.Structure{Numbers: []int{7, 7, 7, 7}, Positions: [][3]float64{{0.2, 1, 1}, {7.1, 1, 1}, {4, 4, 4}, {5.1, 4, 4}},
		Cell: [3][3]float64{{8}, {0, 8}, {0, 0, 8}}, PBC: [3]bool{true, true, true}}
	bonds := bondsOf(&s)
	if len(bonds) != 2 || lost(&s, bonds) != nil {
		t.Fatalf("bonds %v", bonds)
	}
	s.Positions[1][0] -= 2
	if b := lost(&s, bonds); b == nil || b.i != 0 {
		t.Errorf("lost %v", b)
	}
}

func TestCorrelationOfARandomWalkBack(t *testing.T) {
	random := structure.Rand(1, "correlation", 0)
	v := make([]float64, 50000)
	for k := 1; k < len(v); k++ {
		v[k] = 0.9*v[k-1] + random.NormFloat64()
	}
	// 1/2 + sum of 0.9^k = 9.5; the estimate from 50000 steps scatters by about 10 %
	if got := correlation(v); math.Abs(got-9.5) > 2 {
		t.Errorf("%g steps, want 9.5", got)
	}
	if correlation([]float64{1, 1, 1, 1}) != 0.5 || correlation(nil) != 0.5 {
		t.Error("a constant remembers nothing")
	}
}

func TestExtremes(t *testing.T) {
	for want, given := range map[string][]float64{"": nil, "300": {300}, "300 900": {900, 300}, "1 3 9": {9, 3, 1, 2}} {
		var text []string
		for _, v := range Extremes(given) {
			text = append(text, fmt.Sprint(v))
		}
		if got := strings.Join(text, " "); got != want {
			t.Errorf("%v: %q, want %q", given, got, want)
		}
	}
}
