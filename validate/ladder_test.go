package validate

import (
	"errors"
	"math"
	"strings"
	"testing"

	"mlff/classical"
	"mlff/structure"
)

// silicon of eight atoms.
func ladderSilicon() *structure.Structure {
	const a = 5.431
	s := &structure.Structure{Cell: [3][3]float64{{a, 0, 0}, {0, a, 0}, {0, 0, a}}, PBC: [3]bool{true, true, true}}
	for _, x := range [][3]float64{{0, 0, 0}, {0, 2, 2}, {2, 0, 2}, {2, 2, 0}, {1, 1, 1}, {1, 3, 3}, {3, 1, 3}, {3, 3, 1}} {
		s.Positions, s.Numbers = append(s.Positions, structure.Scale(a/4, x)), append(s.Numbers, 14)
	}
	return s
}

// breaking is a potential that something happens to where the atoms have moved far.
type breaking struct {
	structure.Potential
	start *structure.Structure
	do    func(out *structure.Result) error
}

func (b breaking) Evaluate(s *structure.Structure, out *structure.Result) error {
	if err := b.Potential.Evaluate(s, out); err != nil {
		return err
	}
	far := 0.0
	for i := range s.Positions {
		far = max(far, structure.Norm(structure.Sub(s.Positions[i], b.start.Positions[i])))
	}
	if far < 1 {
		return nil // at 300 K atoms of silicon move by some 0.1 Å
	}
	return b.do(out)
}

func TestLadder(t *testing.T) {
	s := ladderSilicon()
	sw := func() structure.Potential { return classical.NewStillingerWeber() }
	for _, c := range []struct {
		name   string
		p      structure.Potential
		rungs  int
		reason string // of the last; empty where all are stable
	}{
		{"sound", sw(), 2, ""},
		{"error", breaking{sw(), s, func(*structure.Result) error { return errors.New("too far") }}, 2, "too far"},
		{"not finite", breaking{sw(), s, func(out *structure.Result) error { out.Energy = math.NaN(); return nil }}, 2, "the energy is NaN"},
		{"attraction", breaking{sw(), s, func(out *structure.Result) error {
			for i := range out.Forces {
				out.Forces[i] = structure.Scale(-3, out.Forces[i])
			}
			return nil
		}}, 2, ""},
	} {
		rungs, err := Ladder(t.Context(), c.p, s, []float64{300, 6000}, func(int, int) {})
		if err != nil || len(rungs) != c.rungs {
			t.Fatalf("%s: %+v, %v", c.name, rungs, err)
		}
		last := rungs[len(rungs)-1]
		if rungs[0].Failure != "" || rungs[0].Steps != 500 {
			t.Errorf("%s: at 300 K %+v", c.name, rungs[0])
		}
		switch {
		case c.name == "attraction" && last.Failure == "": // heat, contact or explosion: whichever comes first
			t.Errorf("%s: nothing was noticed", c.name)
		case c.name != "attraction" && (c.reason == "") != (last.Failure == "") || !strings.Contains(last.Failure, c.reason):
			t.Errorf("%s: %+v", c.name, last)
		}
	}
}
