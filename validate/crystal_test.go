package validate

import (
	"context"
	"math"
	"testing"

	"mlff/classical"
	"mlff/structure"
)

// wanted fails where a figure is not within a fraction of what was published or derived.
func wanted(t *testing.T, name string, got, want, fraction float64) {
	t.Helper()
	if !(math.Abs(got-want) <= fraction*math.Abs(want)) {
		t.Errorf("%s: %.6g, want %.6g within %g %%", name, got, want, 100*fraction)
	}
}

// silicon is the relaxed crystal of Stillinger and Weber.
func silicon(t *testing.T) *Crystal {
	t.Helper()
	c, err := Equilibrium(context.Background(), classical.NewStillingerWeber(), diamond(5.5))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The ideal crystal has E = -2 ε, ε = 2.1683 eV, and a = 5.431 Å by construction of the potential (F. H. Stillinger and
// T. A. Weber, Phys. Rev. B 31, 5262 (1985)).
func TestEquilibriumOfAStrainedCell(t *testing.T) {
	s := strained(diamond(5.5), [6]float64{0.01, -0.02, 0, 0.01, 0.02, 0})
	random := structure.Rand(1, "test", 0)
	for i := range s.Positions {
		for a := range s.Positions[i] {
			s.Positions[i][a] += 0.05 * random.NormFloat64()
		}
	}
	c, err := Equilibrium(context.Background(), classical.NewStillingerWeber(), &s)
	if err != nil {
		t.Fatal(err)
	}
	for k, a := range c.Lengths {
		// a stress of 1e-6 eV/Å³ strains by 1e-6/(C11 = 0.94 eV/Å³); the constant is published with four digits
		wanted(t, "lattice constant "+string(rune('1'+k)), a, 5.431, 2e-5)
	}
	wanted(t, "energy", c.Energy/8, -4.3366, 1e-6)
}

// Published for this potential, with the digits given here: E. R. Cowley, Phys. Rev. Lett. 60, 2379 (1988). What remains
// is their rounding.
func TestElasticConstantsOfStillingerWeberSilicon(t *testing.T) {
	c := silicon(t)
	e, err := ElasticConstants(context.Background(), classical.NewStillingerWeber(), c)
	if err != nil {
		t.Fatal(err)
	}
	k := e.Constants(true)
	wanted(t, "C11", k[0].Value, 151.4, 0.001)
	wanted(t, "C12", k[1].Value, 76.4, 0.001)
	wanted(t, "C44, relaxed", k[2].Value, 56.4, 0.001)
	wanted(t, "B", e.Bulk(), 101.4, 0.001)
	if !e.Cubic() || len(e.Constants(false)) != 21 {
		t.Errorf("not cubic: %v", *e)
	}
}

func TestEquationOfStateOfStillingerWeberSilicon(t *testing.T) {
	q, err := EquationOfState(context.Background(), classical.NewStillingerWeber(), silicon(t))
	if err != nil {
		t.Fatal(err)
	}
	wanted(t, "V0", q.V0, math.Pow(5.431, 3)/8, 1e-4)
	wanted(t, "E0", q.E0, -4.3366, 1e-6)
	wanted(t, "B", q.Modulus, 101.4, 0.002) // the form is not the potential's own: 0.1 % over ±6 % of the volume
}

func TestTheFitRecoversAnEquationOfBirch(t *testing.T) {
	const v0, b, prime, e0 = 20.5, 98 * structure.GPa, 4.7, -5.3
	var q Equation
	for k := range equationPoints {
		v := 19.9 * (0.94 + 0.015*float64(k))
		f := math.Pow(v0/v, 2./3) - 1
		q.Volume = append(q.Volume, v)
		q.Energy = append(q.Energy, e0+9./16*v0*b*(f*f*f*prime+f*f*(6-4*(1+f))))
	}
	if err := q.fit(); err != nil {
		t.Fatal(err)
	}
	// exact but for the condition of the fit: z³ ≈ 1e-4 against rounding of 1e-16
	wanted(t, "V0", q.V0, v0, 1e-9)
	wanted(t, "E0", q.E0, e0, 1e-9)
	wanted(t, "B", q.Modulus, 98, 1e-8)
	wanted(t, "B'", q.Prime, prime, 1e-6)
}

// Without one atom four bonds are lost and no angle changes: 2 ε, and no atom moves. The cut between (001) planes breaks
// two bonds of each of its atoms, ε/2 to either side, at a²/2 for each: 2 ε/a².
func TestDefectsOfStillingerWeberSilicon(t *testing.T) {
	ctx, p, c := context.Background(), classical.NewStillingerWeber(), silicon(t)
	v, err := Vacancy(ctx, p, c, [3]int{2, 2, 2})
	if err != nil {
		t.Fatal(err)
	}
	wanted(t, "vacancy", v, 4.3366, 1e-5)
	g, err := Surface(ctx, p, c, 3)
	if err != nil {
		t.Fatal(err)
	}
	wanted(t, "surface", g, 4.3366/(5.43095*5.43095)*joulePerSquareMetre, 1e-5)
}

func TestNoMinimumIsAnError(t *testing.T) {
	if _, _, err := (Relaxation{Steps: 3}).Relax(context.Background(), classical.NewStillingerWeber(), diamond(7)); err != nil {
		t.Errorf("symmetry alone holds the atoms: %v", err)
	}
	if _, err := Equilibrium(context.Background(), refuser{}, diamond(5.4)); err == nil {
		t.Error("a potential that refuses")
	}
	s := diamond(5.4)
	s.Positions[0][0] += 0.3
	if _, _, err := (Relaxation{Steps: 2}).Relax(context.Background(), classical.NewStillingerWeber(), s); err == nil {
		t.Error("two steps were enough")
	}
}
