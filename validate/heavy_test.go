//go:build heavy

package validate

import (
	"math"
	"testing"

	"mlff/classical"
	"mlff/structure"
)

// The volume of a crystal of 64 atoms fluctuates as its compressibility says.
func TestHeavyCompressibilityFromFluctuations(t *testing.T) {
	sw := classical.NewStillingerWeber()
	start := structure.Supercell(diamond(5.431), [3]int{2, 2, 2})
	st := State{Temperature: 300}
	w := &walker{OnPolicy: &OnPolicy{}, state: &st, potential: sw, start: &start, seed: 3}
	w.visits = []visit{{structure: start}}
	// 1/101.4 GPa at rest; var(V) of 20 ps with a correlation of about 0.4 ps is known to 20 %, here to two of these
	if kappa := w.fluctuations(t.Context()); math.Abs(kappa*101.4-1) > 0.4 {
		t.Errorf("compressibility %g/GPa, want %g", kappa, 1/101.4)
	}
}
