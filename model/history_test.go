package model

import (
	"testing"

	"mlff/md"
	"mlff/structure"
)

// What a structure's energy and forces are depends on the structure, not on what the potential saw before: a list that was
// built some steps ago has other slots beyond the cutoff than a new one, and must give the same bits. The cell is narrower
// than the cutoff, and the crystal is so hot that the list is rebuilt on the way.
func TestBitsDoNotDependOnWhenTheListWasBuilt(t *testing.T) {
	m, err := Load("../python/tests/data/copper.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	s := structure.Structure{Numbers: []int{29, 29, 29, 29}, Positions: [][3]float64{{}, {0, 1.8, 1.8}, {1.8, 0, 1.8}, {1.8, 1.8, 0}},
		Cell: [3][3]float64{{3.6, 0, 0}, {0, 3.6, 0}, {0, 0, 3.6}}, PBC: [3]bool{true, true, true}}
	for _, precision := range []string{"float32", "float64"} {
		open := func(skin float64) *Potential {
			p, err := m.Potential(Options{Threads: 1, Precision: precision, Skin: skin})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		old := open(0.2)
		defer old.Close()
		sim, err := md.New(old, s, md.Options{Ensemble: md.NPT, Temperature: 1500, Timestep: 2, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		var want structure.Result
		for step := range 300 {
			if err := sim.Step(); err != nil {
				t.Fatal(err)
			}
			fresh := open(1)
			if err := fresh.Evaluate(sim.Structure(), &want); err != nil {
				t.Fatal(err)
			}
			fresh.Close()
			got := sim.Result()
			if got.Energy != want.Energy || got.Virial != want.Virial || !equalForces(got.Forces, want.Forces) {
				t.Fatalf("%s: at step %d a new list gives other bits", precision, step)
			}
		}
		if old.List().Builds() < 2 {
			t.Errorf("%s: the list was built once: nothing was tested", precision)
		}
	}
}

func equalForces(a, b [][3]float64) bool {
	var sum [3]float64
	for i := range a {
		if a[i] != b[i] {
			return false
		}
		sum = structure.Add(sum, a[i])
	}
	return sum == [3]float64{} // exactly: they are sums of equal multiples of one quantum
}
