package main

import (
	"fmt"
	"io"
	"strings"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
	"mlff/train"
)

// mostCompositions are named in a warning.
const mostCompositions = 3

// watched is a student that remembers compositions whose energy zero its labels left open.
type watched struct {
	*model.Potential
	known map[string]bool // by composition, whether it is determined
	open  []string        // those that are not, in the order met
}

func watch(p *model.Potential) *watched { return &watched{Potential: p, known: map[string]bool{}} }

// Evaluate is the student's.
func (w *watched) Evaluate(s *structure.Structure, out *structure.Result) error {
	if err := w.Potential.Evaluate(s, out); err != nil {
		return err
	}
	w.look(s)
	return nil
}

func (w *watched) look(s *structure.Structure) {
	formula := dataset.Composition(s.Numbers)
	if _, met := w.known[formula]; met {
		return
	}
	w.known[formula] = train.CheckComposition(w.Model(), s.Numbers) == nil
	if !w.known[formula] {
		w.open = append(w.open, formula)
	}
}

// warn says in a line which compositions are not to be trusted with an absolute energy.
func (w *watched) warn(to io.Writer) {
	if len(w.open) == 0 {
		return
	}
	text := strings.Join(w.open[:min(len(w.open), mostCompositions)], ", ")
	if more := len(w.open) - mostCompositions; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	fmt.Fprintf(to, "warning: energy reference undetermined for %s: their energies may be off by a constant, their forces are not\n", text)
}
