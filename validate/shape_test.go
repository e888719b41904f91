package validate

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"mlff/classical"
	"mlff/structure"
)

// pair is a potential between every two atoms of a molecule, for curves whose answer is known.
type pair struct {
	energy, push func(r float64) float64 // eV, eV/Å
}

func (p pair) Evaluate(s *structure.Structure, out *structure.Result) error {
	out.Resize(s.Len())
	out.Energy = 0
	clear(out.Forces)
	for i := range s.Numbers {
		for j := range i {
			d := structure.Sub(s.Positions[i], s.Positions[j])
			r := structure.Norm(d)
			f := structure.Scale(p.push(r)/r, d)
			out.Energy += p.energy(r)
			out.Forces[i] = structure.Add(out.Forces[i], f)
			out.Forces[j] = structure.Sub(out.Forces[j], f)
		}
	}
	return nil
}

// refuser fails every time.
type refuser struct{}

func (refuser) Evaluate(*structure.Structure, *structure.Result) error { return errors.New("no") }

func silent(int, int) {}

func TestDimersAreRepulsiveOrNot(t *testing.T) {
	wall := pair{func(r float64) float64 { return 1 / r }, func(r float64) float64 { return 1 / (r * r) }}
	hole := pair{ // a pocket around 0.8 Å
		func(r float64) float64 { return 1/r - 5*math.Exp(-50*(r-0.8)*(r-0.8)) },
		func(r float64) float64 { return 1/(r*r) - 500*(r-0.8)*math.Exp(-50*(r-0.8)*(r-0.8)) },
	}
	lying := pair{wall.energy, func(r float64) float64 { return -1 }} // forces that are not those of the energy
	broken := pair{func(r float64) float64 { return math.NaN() }, wall.push}
	for _, c := range []struct {
		name      string
		potential structure.Potential
		repulsive bool
		failure   string
	}{
		{"wall", wall, true, ""}, {"hole", hole, false, ""}, {"lying forces", lying, false, ""},
		{"not finite", broken, false, "0.20 Å"}, {"refused", refuser{}, false, "no"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Subject{Potential: c.potential, Numbers: []int{8, 14}, Cutoff: 5, Shortest: []float64{2, 1.5, 1.5, 2.2}}
			curves, err := Dimers(context.Background(), s, wall, silent)
			if err != nil {
				t.Fatal(err)
			}
			if len(curves) != 3 || curves[1].Pair != [2]string{"O", "Si"} || curves[1].Shortest != 1.5 {
				t.Fatalf("curves of two species: %+v", curves)
			}
			for _, d := range curves {
				if d.Repulsive() != c.repulsive || !strings.Contains(d.Failure, c.failure) {
					t.Errorf("%v: repulsive %v, failure %q", d.Pair, d.Repulsive(), d.Failure)
				}
				if c.failure == "" && (len(d.Teacher) != len(d.Energy) || d.Energy[len(d.Energy)-1] != 0) {
					t.Errorf("%v: curves do not end at zero, or the teacher's is missing", d.Pair)
				}
			}
		})
	}
}

func TestDimerGridReachesTheCutoff(t *testing.T) {
	for _, cutoff := range []float64{0.25, 4.7, 5, 6.013} {
		r := dimerGrid(cutoff)
		// the grid is linear interpolation: its ends are exact but for one rounding
		if r[0] != innermost || math.Abs(r[len(r)-1]-cutoff) > 1e-12 || r[1]-r[0] > 0.0251 {
			t.Errorf("cutoff %g: %g to %g, step %g", cutoff, r[0], r[len(r)-1], r[1]-r[0])
		}
	}
}

func TestCompressionOfSilicon(t *testing.T) {
	c, err := Compress(context.Background(), classical.NewStillingerWeber(), diamond(5.431), nil, silent)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Rises() || c.Failure != "" || c.Formula != "Si8" || len(c.Energy) != compressionPoints {
		t.Fatalf("%+v", c)
	}
	if v := c.Volume[len(c.Volume)-1]; v != 0.5 {
		t.Errorf("the last volume is %g of the first", v)
	}
	for k := 1; k+1 < len(c.Volume); k++ {
		slope := 160.2176634 * (c.Energy[k-1] - c.Energy[k+1]) * 8 / ((c.Volume[k-1] - c.Volume[k+1]) * math.Pow(5.431, 3))
		// central difference over 5 % of the volume against the virial: p''' h²/6 stays below 2 % of these pressures
		if p := c.Pressure[k]; math.Abs(p+slope) > 0.02*math.Abs(p)+0.5 {
			t.Errorf("volume %g: pressure %g GPa, -dE/dV %g GPa", c.Volume[k], p, -slope)
		}
	}
}

func TestCompressionThatCollapses(t *testing.T) {
	for _, c := range []struct {
		name   string
		energy []float64
		rises  bool
	}{
		{"rises", []float64{0, 1, 3, 6}, true},
		{"relaxes first", []float64{0, -1, 0.5, 6}, true},
		{"falls all the way", []float64{0, -1, -3}, false},
		{"gives way", []float64{0, 2, 1, 6}, false},
		{"flat", []float64{0, 0, 0}, false},
	} {
		if got := (&Compression{Rise: rise(c.energy)}).Rises(); got != c.rises {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	s := diamond(5.431)
	failed, err := Compress(context.Background(), refuser{}, s, nil, silent)
	if err != nil || failed.Rises() || !strings.Contains(failed.Failure, "no") {
		t.Errorf("a potential that refuses: %+v, %v", failed, err)
	}
}

func TestRepeats(t *testing.T) {
	cubic := func(n int, a, b, c float64) *structure.Structure {
		return &structure.Structure{Numbers: make([]int, n), Cell: [3][3]float64{{a}, {0, b}, {0, 0, c}}, PBC: [3]bool{true, true, true}}
	}
	for _, c := range []struct {
		s    *structure.Structure
		want [3]int
	}{
		{cubic(8, 5, 5, 5), [3]int{3, 3, 3}},
		{cubic(1, 3, 3, 3), [3]int{6, 6, 6}},
		{cubic(64, 10, 10, 10), [3]int{1, 2, 2}}, // 256 atoms; equal costs: the first
		{cubic(192, 12, 12, 12), [3]int{1, 1, 1}},
		{cubic(1000, 20, 20, 20), [3]int{1, 1, 1}},
		{cubic(24, 5, 5, 15), [3]int{3, 3, 1}},
	} {
		if got := Repeats(c.s, 216); got != c.want {
			t.Errorf("%d atoms in %v: repeated %v times, want %v", c.s.Len(), c.s.Cell, got, c.want)
		}
	}
}

func TestPeriodicPicksTheSmallest(t *testing.T) {
	molecule := structure.Structure{Numbers: []int{1}, Positions: make([][3]float64, 1)}
	small, large := *diamond(5.4), structure.Supercell(diamond(5.4), [3]int{2, 1, 1})
	if s := Periodic([]structure.Structure{molecule, large, small, small}); s == nil || s.Len() != 8 {
		t.Errorf("picked %+v", s)
	}
	if Periodic([]structure.Structure{molecule}) != nil {
		t.Error("a molecule is not periodic")
	}
}

// diamond is the cubic cell of silicon with eight atoms.
func diamond(a float64) *structure.Structure {
	s := &structure.Structure{Cell: [3][3]float64{{a}, {0, a}, {0, 0, a}}, PBC: [3]bool{true, true, true}}
	for _, p := range [][3]float64{{0, 0, 0}, {0, 2, 2}, {2, 0, 2}, {2, 2, 0}, {1, 1, 1}, {1, 3, 3}, {3, 1, 3}, {3, 3, 1}} {
		s.Numbers = append(s.Numbers, 14)
		s.Positions = append(s.Positions, structure.Scale(a/4, p))
	}
	return s
}
