package distill

import (
	"path/filepath"
	"testing"

	"mlff/structure"
)

// Energies of another sign or unit than the forces are told of; sound ones, and none at all, are not.
func TestEnergiesThatContradictForces(t *testing.T) {
	for _, c := range []struct {
		name  string
		scale float64
		told  bool
	}{{"eV", 1, false}, {"sign", -1, true}, {"kcal/mol", 23.06, true}} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "train.extxyz")
			silicon(t, path, 80, func(_ int, f *structure.Frame) {
				f.Stress = nil
				*f.Energy *= c.scale
			})
			config := small()
			config.Data = []Source{{path, 1}}
			config.Student.Channels, config.Student.Mixed, config.Student.Hidden, config.Student.LMax = 8, 8, 16, 2
			steps := 600
			config.Train.Steps = &steps
			_, heard, _ := distilled(t, config)
			if heard.said("contradict") != c.told {
				t.Errorf("it said %q", heard.messages)
			}
		})
	}
}
