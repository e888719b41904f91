package teacher

import (
	"context"
	"testing"
)

// Stillinger-Weber silicon sees 3.77 Å, and through the angles of its neighbours twice as far.
func TestLocalityOfSilicon(t *testing.T) {
	silicon := open(t, "sw-si", Options{})
	floor, err := Locality(context.Background(), silicon, rattled(1), LocalityOptions{Radii: []float64{3, 4, 8}}, nil)
	if err != nil || len(floor) != 3 {
		t.Fatalf("%v, %v", floor, err)
	}
	if floor[0].Spread < 0.01 || floor[1].Spread > floor[0].Spread || floor[2].Spread != 0 {
		t.Errorf("error floors %+v", floor)
	}
	if floor[0].Atoms != 4 {
		t.Errorf("%g neighbours in silicon", floor[0].Atoms)
	}
}
