package dataset

import (
	"encoding/json"
	"math"
	"testing"

	"mlff/structure"
)

// pair is a labelled frame of n copies of the elements, and a prediction that is off by the given amounts.
func pair(numbers []int, energy, energyError float64, forces [][3]float64, forceError float64, configType string) (structure.Frame, structure.Result) {
	var f structure.Frame
	f.Numbers = numbers
	f.Positions = make([][3]float64, len(numbers))
	f.Energy = &energy
	f.Forces = forces
	if configType != "" {
		f.Info = []structure.Entry{{Key: "config_type", Value: configType}}
	}
	var r structure.Result
	r.Resize(len(numbers))
	r.Energy = energy + energyError
	for i := range forces {
		for a := range 3 {
			r.Forces[i][a] = forces[i][a] + forceError
		}
	}
	return f, r
}

// near compares to a relative 1e-12: some hundred operations, each rounding by 1e-16.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12*math.Max(1, math.Abs(want)) {
		t.Errorf("%s = %.15g, want %.15g", what, got, want)
	}
}

func TestComparison(t *testing.T) {
	var c Comparison
	var trueE, errE [][]float64 // meV/atom, by composition
	trueE, errE = make([][]float64, 2), make([][]float64, 2)
	var star, trueF []float64
	rng := structure.Rand(1, "comparison", 0)
	for k := range 24 {
		numbers := [][]int{{14, 14}, {8, 1, 1}, {14, 14, 14, 14}}[k%3]
		class := []int{0, 1, 0}[k%3] // Si2 and Si4 are one composition
		n := len(numbers)
		forces := make([][3]float64, n)
		for i := range forces {
			for a := range 3 {
				forces[i][a] = rng.NormFloat64()
				trueF = append(trueF, forces[i][a]*1000)
			}
		}
		e, d := float64(n)*(rng.NormFloat64()-5*float64(1+class)), 0.1*rng.NormFloat64()
		f, r := pair(numbers, e, d, forces, 0.25, []string{"a", "b"}[k%2])
		if err := c.Add(&f, &r); err != nil {
			t.Fatal(err)
		}
		trueE[class] = append(trueE[class], 1000*e/float64(n))
		errE[class] = append(errE[class], 1000*d/float64(n))
		star = append(star, 1000*d/math.Sqrt(float64(n)))
	}
	e := c.Errors()
	var mae, mad, n float64
	for class := range trueE {
		m := mean(trueE[class])
		for k, y := range trueE[class] {
			mae += math.Abs(errE[class][k])
			mad += math.Abs(y - m)
			n++
		}
	}
	near(t, "energy MAE", e.Energy.MAE, mae/n)
	near(t, "energy accuracy", *e.Energy.Accuracy, 1-mae/mad)
	near(t, "force MAE", e.Forces.MAE, 250)
	near(t, "force RMSE", e.Forces.RMSE, 250)
	m, abs, sqr := mean(trueF), 0.0, 0.0
	for _, y := range trueF {
		abs += math.Abs(y - m)
		sqr += (y - m) * (y - m)
	}
	near(t, "force accuracy", *e.Forces.Accuracy, 1-250*float64(len(trueF))/abs)
	near(t, "force R²", *e.Forces.R2, 1-250*250*float64(len(trueF))/sqr)
	near(t, "e*", *e.EStar, deviation(star))
	if e.Stress != nil || e.Frames != 24 {
		t.Errorf("stress %v, frames %d", e.Stress, e.Frames)
	}

	species := c.BySpecies()
	if len(species) != 3 || species[0].Symbol != "H" || species[0].Atoms != 16 || species[2].Atoms != 48 {
		t.Errorf("by species: %+v", species)
	}
	types := c.ByType()
	if len(types) != 2 || types[0].Type != "a" || types[0].Errors.Frames != 12 || types[1].Errors.Forces.Accuracy == nil {
		t.Errorf("by type: %+v", types)
	}
}

func TestComparisonOfStress(t *testing.T) {
	var c Comparison
	for k := range 12 {
		var f structure.Frame
		f.Numbers, f.Positions = []int{14}, make([][3]float64, 1)
		f.Cell = [3][3]float64{{2, 0, 0}, {0, 3, 0}, {0, 0, 4}}
		f.PBC = [3]bool{true, true, true}
		s := [6]float64{float64(k), 0, 0, 0, 0, 1} // eV/Å³
		f.Stress = &s
		var r structure.Result
		r.Resize(1)
		p := s
		p[5] += structure.MPa // 1 MPa on two of nine components
		for a, row := range structure.Tensor(p) {
			r.Virial[a] = structure.Scale(-24, row)
		}
		if err := c.Add(&f, &r); err != nil {
			t.Fatal(err)
		}
	}
	e := c.Errors()
	if e.Energy != nil || e.Forces != nil || e.EStar != nil {
		t.Error("unlabelled quantities were compared")
	}
	// Stress of 1 eV/Å³ = 160218 MPa loses 11 digits of the 1 MPa difference's 16: 1e-10 remain.
	if math.Abs(e.Stress.MAE-2./9) > 1e-9 || e.Stress.Accuracy == nil {
		t.Errorf("stress %+v", *e.Stress)
	}
}

func TestComparisonStatesNoAccuracyWithoutSpread(t *testing.T) {
	forces := [][3]float64{{1, 0, 0}, {-1, 0, 0}}
	for _, test := range []struct {
		name   string
		frames int
		step   float64 // eV from frame to frame
		stated bool
	}{
		{"nine frames", 9, 1, false},
		{"ten frames", 10, 1, true},
		{"spread below 1 meV/atom", 10, 1e-4, false},
	} {
		var c Comparison
		for k := range test.frames {
			f, r := pair([]int{1, 1}, float64(k)*test.step, 0.01, forces, 0, "")
			if err := c.Add(&f, &r); err != nil {
				t.Fatal(err)
			}
		}
		e := c.Errors()
		if stated := e.Energy.Accuracy != nil; stated != test.stated || (e.Energy.R2 != nil) != test.stated {
			t.Errorf("%s: accuracy stated: %v", test.name, stated)
		}
	}
	var none Comparison
	b, err := json.Marshal(none.Errors())
	if want := `{"frames":0,"energy":null,"forces":null,"stress":null,"estar":null}`; err != nil || string(b) != want {
		t.Errorf("%s, %v", b, err)
	}
}

func TestComparisonRefusesNonsense(t *testing.T) {
	var c Comparison
	f, r := pair([]int{1, 1}, 1, 0, [][3]float64{{1, 0, 0}, {-1, 0, 0}}, 0, "")
	r.Forces[1][2] = math.NaN()
	if c.Add(&f, &r) == nil {
		t.Error("NaN was compared")
	}
	r.Resize(1)
	if c.Add(&f, &r) == nil {
		t.Error("one force for two atoms was compared")
	}
	if c.Errors().Frames != 0 {
		t.Error("a refused frame was counted")
	}
}
