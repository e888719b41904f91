package validate

import (
	"context"
	"testing"

	"mlff/classical"
	"mlff/structure"
)

// counting grades every structure by a number of its own.
type counting struct {
	structure.Potential
	grade *float64
}

func (c counting) Evaluate(s *structure.Structure, out *structure.Result) error {
	*c.grade += 0.5
	return c.Potential.Evaluate(s, out)
}

func (c counting) Grades() []float64 { return []float64{0, *c.grade} }

func TestErrorsByPhaseTemperatureAndGrade(t *testing.T) {
	frames := labelled(t, 6)
	for k, info := range []structure.Entry{{Key: "config_type", Value: "md-900K"}, {Key: "config_type", Value: "AIMD (300 K)"}, {Key: "temperature", Value: "287.3"},
		{Key: "temperature", Value: "no"}, {Key: "config_type", Value: "slab"}, {Key: "config_type", Value: "md-900K"}} {
		frames[k].Info = []structure.Entry{info}
	}
	frames[0].Info = append(frames[0].Info, structure.Entry{Key: "phase", Value: "liquid"})
	frames[2].Info = append(frames[2].Info, structure.Entry{Key: "phase", Value: "crystal"})
	s := Subject{Graded: counting{classical.NewStillingerWeber(), new(float64)}, Threshold: 1}
	var v Validation
	if err := v.groupErrors(context.Background(), s, frames); err != nil {
		t.Fatal(err)
	}
	phases, hot, strange := v.ByPhase, v.ByTemperature, v.ByGrade
	if len(phases) != 2 || phases[0].Name != "crystal" || phases[1].Name != "liquid" || phases[1].Errors.Frames != 1 {
		t.Errorf("by phase: %+v", phases)
	}
	if len(hot) != 2 || hot[0].Name != "300 K" || hot[0].Errors.Frames != 2 || hot[1].Name != "900 K" || hot[1].Errors.Frames != 2 {
		t.Errorf("by temperature: %+v", hot)
	}
	if len(strange) != 4 || strange[0].Errors.Frames != 1 || strange[2].Errors.Frames != 2 || strange[3].Errors.Frames != 2 {
		t.Errorf("by grade: %+v", strange) // 0.5; 1; 1.5, 2; 2.5, 3
	}
	if err := v.groupErrors(context.Background(), Subject{Potential: classical.NewStillingerWeber()}, frames); err != nil || v.ByGrade != nil {
		t.Errorf("without grades: %v, %v", v.ByGrade, err)
	}
}
