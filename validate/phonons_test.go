package validate

import (
	"context"
	"math"
	"slices"
	"testing"

	"mlff/neighbor"
	"mlff/structure"
)

// springs joins all atoms closer than reach by springs of one length.
type springs struct{ k, length, reach float64 }

func (p springs) Evaluate(s *structure.Structure, out *structure.Result) error {
	out.Resize(s.Len())
	*out = structure.Result{Forces: out.Forces, Energies: out.Energies}
	clear(out.Forces)
	list := neighbor.New(p.reach, 0)
	if _, err := list.Update(s); err != nil {
		return err
	}
	x := list.Positions(s, nil)
	for i := range s.Numbers {
		for _, j := range list.J[list.Start[i]:list.Start[i+1]] {
			d := structure.Sub(x[j], x[i])
			r := structure.Norm(d)
			out.Energy += p.k / 4 * (r - p.length) * (r - p.length)
			out.Forces[i] = structure.Add(out.Forces[i], structure.Scale(p.k*(r-p.length)/r, d))
		}
	}
	return nil
}

// A simple cubic crystal of springs has ω² = 4 k/m sin²(q_a a/2) for each direction a of motion, q_a = 2πj/(n a).
func TestPhononsOfACrystalOfSprings(t *testing.T) {
	const a, k = 3.0, 5.0
	cell := structure.Structure{Numbers: []int{14, 14}, Positions: [][3]float64{{0, 0, 0}, {a, 0, 0}},
		Cell: [3][3]float64{{2 * a}, {0, a}, {0, 0, a}}, PBC: [3]bool{true, true, true}}
	repeats := [3]int{2, 3, 2}
	got, err := Phonons(context.Background(), springs{k, a, 1.2 * a}, &cell, repeats)
	if err != nil {
		t.Fatal(err)
	}
	n := [3]int{4, 3, 2}
	var want []float64
	for axis := range 3 {
		for j := range n[axis] {
			omega := 2 * math.Sqrt(k/structure.Mass(14)) * math.Sin(math.Pi*float64(j)/float64(n[axis]))
			for range 24 / n[axis] {
				want = append(want, omega*terahertz)
			}
		}
	}
	slices.Sort(want)
	if len(got) != len(want) {
		t.Fatalf("%d frequencies, want %d", len(got), len(want))
	}
	for i := range want {
		// two pairs of springs across a displacement u stretch too, by (u/a)²/2 of k in the forces: where the frequency is
		// zero, up to sqrt(2/2) u/a = 1/300 of the highest, 13.2 THz, remains
		if d := math.Abs(got[i] - want[i]); d > 0.045 {
			t.Errorf("frequency %d: %.4f THz, want %.4f", i, got[i], want[i])
		}
	}
}

// O=C=O of springs: ω² = k/m_O, k/m_O + 2k/m_C, and two bends without stiffness.
func TestVibrationsOfAStraightMolecule(t *testing.T) {
	const k, r = 60.0, 1.16
	m := structure.Structure{Numbers: []int{8, 6, 8}, Positions: [][3]float64{{-r, 0, 0}, {0, 0, 0}, {1.02 * r, 0, 0}}}
	f, err := Vibrations(context.Background(), springs{k, r, 1.5 * r}, &m)
	if err != nil {
		t.Fatal(err)
	}
	if len(f) != 4 {
		t.Fatalf("%d frequencies: %v", len(f), f)
	}
	unit := terahertz * perCentimetre
	o, c := structure.Mass(8), structure.Mass(6)
	// (u/r)² = 7e-5 of k from the third derivative
	wanted(t, "symmetric stretch", f[2], unit*math.Sqrt(k/o), 1e-4)
	wanted(t, "antisymmetric stretch", f[3], unit*math.Sqrt(k/o+2*k/c), 1e-4)
}

// Water: nine coordinates, six rigid motions.
func TestVibrationsOfABentMolecule(t *testing.T) {
	const r = 0.97
	angle := 104.5 * math.Pi / 180
	m := structure.Structure{Numbers: []int{8, 1, 1}, Positions: [][3]float64{{0, 0, 0}, {r, 0, 0}, {r * math.Cos(angle), r * math.Sin(angle), 0}}}
	f, err := Vibrations(context.Background(), springs{50, r, 1.2 * r}, &m)
	if err != nil || len(f) != 3 {
		t.Fatalf("%v, %v", f, err)
	}
	// G matrix of two stretches: (1/m_H + 1/m_O (1 ± cos angle)) k
	for _, sign := range []float64{-1, 1} {
		want := terahertz * perCentimetre * math.Sqrt(50*(1/structure.Mass(1)+(1+sign*math.Cos(angle))/structure.Mass(8)))
		// (u/r)² = 1e-4 of k from the third derivative
		if !slices.ContainsFunc(f, func(x float64) bool { return math.Abs(x/want-1) < 2e-4 }) {
			t.Errorf("no stretch at %.1f cm⁻¹ among %v", want, f)
		}
	}
}
