package sample

import (
	"context"
	"math"
	"testing"

	"mlff/structure"
	"mlff/teacher"
)

// ethanol in its trans form: C-C-O-H with the hydrogens of CH3, CH2 last.
func ethanol() structure.Structure {
	return structure.Structure{Numbers: []int{6, 6, 8, 1, 1, 1, 1, 1, 1}, Positions: [][3]float64{
		{1.168, -0.400, 0}, {0, 0.559, 0}, {-1.190, -0.228, 0}, {-1.947, 0.382, 0}, {0.043, 1.208, 0.887}, {0.043, 1.208, -0.887},
		{2.116, 0.145, 0}, {1.129, -1.037, 0.886}, {1.129, -1.037, -0.886}}}
}

// ring is n carbon atoms, each with one hydrogen outside.
func ring(n int) structure.Structure {
	var s structure.Structure
	for k := range n {
		sin, cos := math.Sincos(2 * math.Pi * float64(k) / float64(n))
		r := 1.4 / (2 * math.Sin(math.Pi/float64(n)))
		s.Numbers = append(s.Numbers, 6, 1)
		s.Positions = append(s.Positions, [3]float64{r * cos, r * sin, 0}, [3]float64{(r + 1.09) * cos, (r + 1.09) * sin, 0})
	}
	return s
}

func TestBondsThatTurn(t *testing.T) {
	alcohol, flat, water, crystal := ethanol(), ring(6), molecule(), diamond()
	if found := torsions(&alcohol); len(found) != 2 || found[0].axis != [2]int{0, 1} || found[1].axis != [2]int{1, 2} {
		t.Errorf("ethanol turns about %v, want C-C and C-O", found)
	}
	for _, s := range []*structure.Structure{&flat, &water, &crystal} {
		if found := torsions(s); len(found) > 0 {
			t.Errorf("%d atoms turn about %v, want nothing", s.Len(), found)
		}
	}
}

func TestTurningKeepsBonds(t *testing.T) {
	s := ethanol()
	bond := torsions(&s)[1]
	before := s.Clone()
	bond.turn(&s, 1)
	for i := range s.Positions {
		for _, j := range bonds(&before)[i] {
			d := structure.Norm(structure.Sub(s.Positions[i], s.Positions[j])) - structure.Norm(structure.Sub(before.Positions[i], before.Positions[j]))
			if math.Abs(d) > 1e-12 { // rounding
				t.Errorf("bond %d-%d is longer by %g Å", i, j, d)
			}
		}
	}
	if moved := structure.Norm(structure.Sub(s.Positions[3], before.Positions[3])); moved < 0.5 {
		t.Errorf("the hydrogen of the hydroxyl moved by %g Å only", moved)
	}
}

// What is held does not turn to first order: both sides keep their angle about the axis.
func TestHeldForcesHaveNoTorque(t *testing.T) {
	s := ethanol()
	rng := structure.Rand(1, "test", 0)
	for _, bond := range torsions(&s) {
		forces := make([][3]float64, s.Len())
		for i := range forces {
			forces[i] = [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
		}
		bond.hold(&s, forces)
		axis := structure.Sub(s.Positions[bond.axis[1]], s.Positions[bond.axis[0]])
		for _, side := range bond.sides {
			torque := 0.0
			for _, i := range side {
				torque += structure.Dot(axis, structure.Cross(structure.Sub(s.Positions[i], s.Positions[bond.axis[0]]), forces[i]))
			}
			if math.Abs(torque) > 1e-12 { // rounding
				t.Errorf("torque %g about %v", torque, bond.axis)
			}
		}
	}
}

func TestRelaxationComesToRest(t *testing.T) {
	s := enlargedSilicon()
	rattle(&s, 0.1, structure.Rand(1, "test", 0))
	var last structure.Labels
	energies := []float64{}
	r := relaxation{steps: 100, seen: func(_ *structure.Structure, l structure.Labels) {
		last = l
		energies = append(energies, *l.Energy)
	}}
	if err := r.run(context.Background(), swsi(t), &s); err != nil {
		t.Fatal(err)
	}
	if force := longest(last.Forces); force > atRest || len(energies) == 100 {
		t.Errorf("%d steps left a force of %g eV/Å", len(energies), force)
	}
}

func enlargedSilicon() structure.Structure {
	s := diamond()
	return enlarge(&s, 10, 64)
}

// A molecule's share of soft coordinates goes to torsions and minima; a crystal's to strain, as ever.
func TestSoftCoordinates(t *testing.T) {
	c, starts := silicon(100)
	count := func(starts ...structure.Frame) map[string]int {
		tasks, err := Plan(c, starts)
		if err != nil {
			t.Fatal(err)
		}
		n := map[string]int{}
		for _, task := range tasks {
			n[task.Source] += task.Labels
		}
		return n
	}
	if n := count(starts...); n["strain"] != 16 || n["torsions"]+n["minima"] != 0 {
		t.Errorf("a crystal: %v", n)
	}
	if n := count(structure.Frame{Structure: ethanol()}); n["strain"] != 0 || n["torsions"] != 7 || n["minima"] != 8 {
		t.Errorf("ethanol: %v", n)
	}
	if n := count(structure.Frame{Structure: ring(6)}); n["strain"] != 0 || n["torsions"] != 0 || n["minima"] != 15 {
		t.Errorf("a ring: %v", n)
	}
}

// Half of the frames of minima are small displacements from one minimum: stiff bonds at most a few hundredths of an angstrom
// away, at the price of one evaluation each and of relaxing.
func TestDisplacedMinima(t *testing.T) {
	p, err := newPlanner(Config{Labels: 20, Temperatures: []float64{300}, Rattle: 0.1}, []structure.Frame{{Structure: ethanol()}})
	if err != nil {
		t.Fatal(err)
	}
	p.minima(2 * snapshots)
	if len(p.tasks) != 2 || p.tasks[1].Evaluations != restSteps+snapshots {
		t.Fatalf("tasks %+v", p.tasks)
	}
	items, err := p.tasks[1].Run(context.Background(), springs{ethanol()})
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != snapshots {
		t.Fatalf("%d frames", len(items))
	}
	at := ethanol()
	for _, it := range items {
		square := 0.0
		for i, x := range it.Positions {
			d := structure.Sub(x, at.Positions[i])
			square += structure.Dot(d, d)
		}
		if rms := math.Sqrt(square / 27); rms < 0.002 || rms > 0.05 { // 0.005 to 0.033 are drawn for 27 coordinates
			t.Errorf("displaced by %g Å", rms)
		}
	}
}

// springs is a teacher that holds every atom where it is in a structure, with 10 eV/Å².
type springs struct{ at structure.Structure }

func (s springs) Info() teacher.Info {
	return teacher.Info{Name: "springs", Energy: true, Forces: true}
}
func (s springs) Close() error { return nil }

func (s springs) Label(_ context.Context, structures []structure.Structure) ([]structure.Labels, error) {
	out := make([]structure.Labels, len(structures))
	for k := range structures {
		energy := 0.0
		for i, x := range structures[k].Positions {
			d := structure.Sub(x, s.at.Positions[i])
			energy += 5 * structure.Dot(d, d)
			out[k].Forces = append(out[k].Forces, structure.Scale(-10, d))
		}
		out[k].Energy = &energy
	}
	return out, nil
}
