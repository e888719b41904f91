package validate

import (
	"context"
	"fmt"

	"mlff/neighbor"
	"mlff/structure"
)

// Atoms within bondedWithin times the sum of their covalent radii are bonded at the start; beyond brokenBeyond times it
// the bond is gone. Thermal vibrations of covalent bonds stay within a few tenths of an Å of their length, the two are 0.4 Å apart.
const (
	bondedWithin = 1.25
	brokenBeyond = 1.5
)

// keeps is how much more, in k_B T, a frame with a broken bond must cost with the teacher than with the student for the
// teacher to count as keeping the bond: it would be there e⁵ = 150 times more rarely.
const keeps = 5

// bond holds atom i and an image of j together.
type bond struct {
	i, j  int
	shift [3]float64 // from j as given to the image, Å
}

// bondsOf are the bonds of a structure made of molecules: not periodic, or of several pieces within which all bonds are.
// Nil for anything else: in a crystal or a melt bonds come and go.
func bondsOf(s *structure.Structure) []bond {
	longest := 0.0
	for _, z := range s.Numbers {
		longest = max(longest, structure.CovalentRadius(z))
	}
	list := neighbor.New(2*bondedWithin*longest, 0)
	if _, err := list.Update(s); err != nil {
		return nil
	}
	piece := make([]int, s.Len()) // union-find
	for i := range piece {
		piece[i] = i
	}
	root := func(i int) int {
		for piece[i] != i {
			i = piece[i]
		}
		return i
	}
	x := list.Positions(s, nil)
	var bonds []bond
	for i := range s.Len() {
		for _, t := range list.J[list.Start[i]:list.Start[i+1]] {
			j := int(list.Owner[t])
			if structure.Norm(structure.Sub(x[t], x[i])) > bondedWithin*reach(s, i, j) {
				continue
			}
			if j > i {
				bonds = append(bonds, bond{i, j, structure.Sub(x[t], s.Positions[j])})
			}
			piece[root(i)] = root(j)
		}
	}
	pieces := 0
	for i := range piece {
		if piece[i] == i {
			pieces++
		}
	}
	if s.PBC != [3]bool{} && (pieces < 2 || pieces == s.Len()) {
		return nil
	}
	return bonds
}

// reach is the sum of the covalent radii of two atoms, Å.
func reach(s *structure.Structure, i, j int) float64 {
	return structure.CovalentRadius(s.Numbers[i]) + structure.CovalentRadius(s.Numbers[j])
}

// lost is the first bond that is gone in s, nil if all are there. The cell is that of the start.
func lost(s *structure.Structure, bonds []bond) *bond {
	for k := range bonds {
		b := &bonds[k]
		d := structure.Sub(structure.Add(s.Positions[b.j], b.shift), s.Positions[b.i])
		if structure.Norm(d) > brokenBeyond*reach(s, b.i, b.j) {
			return b
		}
	}
	return nil
}

// judgeBonds asks of every frame that lost a bond whether the teacher would have been there too: whether, measured from
// the start, it costs the teacher much more than the student.
func (w *walker) judgeBonds(ctx context.Context, bonds []bond, frames []structure.Frame) error {
	kT := structure.KB * w.state.Temperature
	var student, teacher float64 // energies of the start, once they are needed
	asked := false
	next := 0
	for k := range w.visits {
		v := &w.visits[k]
		if next >= len(frames) || &frames[next].Positions[0] != &v.structure.Positions[0] {
			continue // the teacher refused it
		}
		f := &frames[next]
		next++
		b := lost(&v.structure, bonds)
		if b == nil {
			continue
		}
		if !asked {
			var err error
			if student, teacher, err = w.startEnergies(ctx); err != nil {
				return err
			}
			asked = true
		}
		if excess := (*f.Energy - teacher) - (v.energy - student); excess > keeps*kT {
			w.state.Broken = append(w.state.Broken, fmt.Sprintf("%s%d–%s%d at %.2f ps costs the teacher %.2g eV more than the student",
				structure.Symbol(v.structure.Numbers[b.i]), b.i, structure.Symbol(v.structure.Numbers[b.j]), b.j, v.time, excess))
		}
	}
	return nil
}

func (w *walker) startEnergies(ctx context.Context) (student, teacher float64, err error) {
	var out structure.Result
	if err := w.potential.Evaluate(w.start, &out); err != nil {
		return 0, 0, err
	}
	labels, err := w.Label(ctx, []structure.Structure{*w.start})
	if err != nil {
		return 0, 0, err
	}
	if len(labels) != 1 || labels[0].Energy == nil {
		return 0, 0, fmt.Errorf("the teacher could not label the start of the on-policy run")
	}
	return out.Energy, *labels[0].Energy, nil
}
