package distill

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"mlff/dataset"
	"mlff/model"
	"mlff/report"
	"mlff/structure"
	"mlff/validate"
)

// The fit finds the law that made the points, and leaves out a floor that they are below.
func TestPowerLaw(t *testing.T) {
	law := report.PowerLaw{A: 300, B: 0.5, Floor: 12}
	var curve []report.LabelPoint
	for _, n := range []int{40, 80, 320} {
		curve = append(curve, report.LabelPoint{Labels: n, MAE: law.At(float64(n))})
	}
	// Three points on a line in logarithms: rounding is all there is.
	if f := powerLaw(curve, 12); f == nil || math.Abs(f.A-300) > 1e-9 || math.Abs(f.B-0.5) > 1e-12 || f.Floor != 12 {
		t.Errorf("fit %+v", f)
	}
	if f := powerLaw(curve, 30); f == nil || f.Floor != 0 {
		t.Errorf("a floor above the points: %+v", f)
	}
	if f := powerLaw([]report.LabelPoint{{Labels: 10, MAE: 0}, {Labels: 20, MAE: 1}}, 0); f != nil {
		t.Errorf("an error of zero: %+v", f)
	}
}

// still is a potential without forces.
type still struct{}

func (still) Evaluate(s *structure.Structure, out *structure.Result) error {
	out.Forces = make([][3]float64, s.Len())
	return nil
}

func TestErrorsByForceSize(t *testing.T) {
	f := structure.Frame{Structure: structure.Structure{Numbers: []int{14, 14, 14, 14}, Positions: make([][3]float64, 4)}}
	f.Forces = [][3]float64{{0.3, 0, 0}, {0, 0.6, 0}, {0, 0, -0.9}, {6, 0, 0}}
	classes, err := byForce(t.Context(), still{}, []dataset.Item{dataset.NewItem(f, "", "")})
	if err != nil || len(classes) != 3 {
		t.Fatalf("%+v, %v", classes, err)
	}
	for k, want := range []report.ForceClass{{From: 0, Atoms: 1, MAE: 100}, {From: 0.5, Atoms: 2, MAE: 250}, {From: 5, Atoms: 1, MAE: 2000}} {
		if got := classes[k]; got.From != want.From || got.Atoms != want.Atoms || math.Abs(got.MAE-want.MAE) > 1e-9 {
			t.Errorf("class %d: %+v, want %+v", k, got, want)
		}
	}
}

// A run that is asked for it says what labels cost and buy; another does so only if its budget has the time.
func TestEconomicsOfARun(t *testing.T) {
	c := small()
	c.Teacher, c.Structures, c.Sample.Labels, c.PricePerHour = "sw-si", []string{filepath.Join("..", "examples", "silicon.extxyz")}, 80, 2
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := Run(t.Context(), Options{Dir: dir, Config: c, Economics: true, Dynamics: validate.Dynamics{Atoms: 8, Duration: 0.05}}); err != nil {
		t.Fatal(err)
	}
	r, err := report.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	e := r.Economics
	if e == nil || len(e.Curve) != 3 || e.Fit == nil || !(e.SecondsPerLabel > 0) || e.PricePerHour != 2 || len(e.ByForce) == 0 {
		t.Fatalf("economics %+v", e)
	}
	if e.Curve[0].Labels >= e.Curve[1].Labels || e.Curve[1].Labels >= e.Curve[2].Labels {
		t.Errorf("curve %+v", e.Curve)
	}
	if e.Curve[2].MAE != r.Validation.Comparison.Errors.Forces.MAE {
		t.Errorf("the last point %g is not the student's error %g", e.Curve[2].MAE, r.Validation.Comparison.Errors.Forces.MAE)
	}
	_, _, without := distilled(t, c)
	if r, err := report.Read(without); err != nil || r.Economics == nil || len(r.Economics.Curve) != 0 {
		t.Errorf("not asked for: %+v, %v", r.Economics, err)
	}
	a, err := model.Load(filepath.Join(dir, candidateName))
	if err != nil {
		t.Fatal(err)
	}
	b, err := model.Load(filepath.Join(without, candidateName))
	if err != nil || !slices.Equal(a.Params(), b.Params()) {
		t.Errorf("measuring the economics changes the student: %v", err)
	}
}
