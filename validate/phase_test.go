package validate

import (
	"context"
	"slices"
	"testing"

	"mlff/classical"
	"mlff/dataset"
	"mlff/structure"
)

func TestPhasesAreNamed(t *testing.T) {
	f := structure.Frame{Info: []structure.Entry{{Key: "config_type", Value: "md"}, {Key: "phase", Value: "liquid"}}}
	if got := dataset.PhaseOf(&f); got != "liquid" {
		t.Errorf("a frame is %q", got)
	}
	if got := dataset.PhaseOf(&structure.Frame{Info: f.Info[:1]}); got != "md" {
		t.Errorf("a frame with a config_type is %q", got)
	}
	got := phaseNames(4, []string{"liquid", "bulk", "liquid"}, func(int) string { return "Si2" })
	if want := []string{"liquid (1)", "bulk", "liquid (3)", "Si2"}; !slices.Equal(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
}

// The gate speaks of phases, and passes over isolated atoms without losing their names.
func TestGateNamesPhases(t *testing.T) {
	p := classical.NewStillingerWeber()
	atom := structure.Structure{Numbers: []int{14}, Positions: make([][3]float64, 1)}
	o := OnPolicy{Starts: []structure.Structure{atom, *diamond(5.431)}, Phases: []string{"atom", "bulk"}, Temperatures: []float64{300}, Frames: 2, Atoms: 8, Settling: 0.01,
		Label: func(_ context.Context, s []structure.Structure) ([]structure.Labels, error) {
			labels := make([]structure.Labels, len(s))
			for k := range s {
				var r structure.Result
				if err := p.Evaluate(&s[k], &r); err != nil {
					return nil, err
				}
				labels[k] = structure.Labels{Energy: &r.Energy, Forces: r.Forces}
			}
			return labels, nil
		}}
	g, err := o.Run(t.Context(), p, nil, func(int, int) {})
	if err != nil || len(g.States) != 1 || g.States[0].Name != "bulk, 300 K" {
		t.Fatalf("%v: %+v", err, g)
	}
}
