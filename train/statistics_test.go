package train

import (
	"context"
	"math"
	"testing"

	"mlff/dataset"
	"mlff/structure"
)

// crystal is a simple cubic cell of n³ atoms with the given spacing [Å].
func crystal(n int, spacing float64, numbers ...int) dataset.Item {
	it := dataset.Item{Weight: 1}
	it.PBC = [3]bool{true, true, true}
	for k := range it.Cell {
		it.Cell[k][k] = float64(n) * spacing
	}
	for i := range n * n * n {
		it.Numbers = append(it.Numbers, numbers[i%len(numbers)])
		it.Positions = append(it.Positions, [3]float64{float64(i%n) * spacing, float64(i/n%n) * spacing, float64(i/n/n) * spacing})
	}
	return it
}

func TestMeasure(t *testing.T) {
	it := crystal(2, 3, 14)
	it.Forces = make([][3]float64, 8)
	it.Forces[0] = [3]float64{2, 2, 2}
	dimer := labelled(-3, 14, 32)
	dimer.Positions[1][0] = 2.2
	s, err := Measure(context.Background(), []dataset.Item{it, dimer}, 3.5, 2)
	if err != nil {
		t.Fatal(err)
	}
	// 8 atoms with 6 neighbours, 2 with one
	if s.Neighbors != 5 || s.Range[0] != [2]int{1, 6} || s.Range[1] != [2]int{1, 1} {
		t.Errorf("neighbours %v, range %v", s.Neighbors, s.Range)
	}
	if want := math.Sqrt(12.0 / 24); math.Abs(s.ForceRMS-want) > 1e-15 || s.AtomsMean != 8 {
		t.Errorf("force RMS %v, want %v; atoms %v", s.ForceRMS, want, s.AtomsMean)
	}
	unseen := unseenPair * 2 * structure.CovalentRadius(32)
	want := []float64{3, 2.2, 2.2, unseen}
	for p, r := range s.Shortest {
		if math.Abs(r-want[p]) > 1e-12 || s.Seen[p] != (p < 3) {
			t.Errorf("shortest %v, want %v; seen %v", s.Shortest, want, s.Seen)
		}
	}
}

func TestAutoCutoff(t *testing.T) {
	// simple cubic shells at spacing 1: 6, 12, 8, 6, 24 sum to 56 at sqrt 5, so the 56th nearest of 55+1 is there
	for _, c := range []struct {
		name    string
		spacing float64
		want    float64
	}{
		{"by density", 2.5, math.Round(250*math.Sqrt(5)) / 100},
		{"dense", 1.5, minCutoff},
		{"dilute", 4, maxCutoff},
	} {
		items := []dataset.Item{labelled(0, 14)}
		for range 5 {
			items = append(items, crystal(2, c.spacing, 14), crystal(2, 6, 14))
		}
		got, err := AutoCutoff(context.Background(), items, 1)
		if err != nil || math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: cutoff %v, want %v (%v)", c.name, got, c.want, err)
		}
	}
	if got, _ := AutoCutoff(context.Background(), []dataset.Item{labelled(0, 1, 1, 8)}, 0); got != moleculesCutoff {
		t.Errorf("molecules: cutoff %v", got)
	}
}

func TestMeasureSaysWhichFrameIsBad(t *testing.T) {
	bad := labelled(0, 14, 14)
	bad.Positions[1] = bad.Positions[0]
	_, err := Measure(context.Background(), []dataset.Item{crystal(2, 3, 14), bad}, 5, 1)
	if err == nil || err.Error()[:17] != "training frame 1:" {
		t.Errorf("error %v", err)
	}
}
