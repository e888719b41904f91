package classical

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"mlff/structure"
)

// metal has the parameters of X. W. Zhou, R. A. Johnson and H. N. G. Wadley, Phys. Rev. B 69, 144113 (2004), table III.
type metal struct {
	symbol                                      string
	mass, re, fe, rhoe, rhos, alpha, beta, a, b float64
	kappa, lambda, fn0, fn1, fn2, fn3           float64
	f0, f1, f2, f3, eta, fTop                   float64
}

var (
	copper = metal{"Cu", 63.546, 2.556162, 1.554485, 21.175871, 21.175395, 8.127620, 4.334731, 0.396620, 0.548085,
		0.308782, 0.756515, -2.170269, -0.263788, 1.088878, -0.817603, -2.19, 0, 0.561830, -2.100595, 0.310490, -2.186568}
	nickel = metal{"Ni", 58.6934, 2.488746, 2.007018, 27.562015, 27.562031, 8.383453, 4.471175, 0.429046, 0.633531,
		0.443599, 0.820658, -2.693513, -0.076445, 0.241442, -2.375626, -2.70, 0, 0.265390, -0.152856, 0.445470, -2.7}
)

func (m metal) density(r float64) float64 {
	return m.fe * math.Exp(-m.beta*(r/m.re-1)) / (1 + math.Pow(r/m.re-m.lambda, 20))
}

func (m metal) pair(r float64) float64 {
	repulsion := m.a * math.Exp(-m.alpha*(r/m.re-1)) / (1 + math.Pow(r/m.re-m.kappa, 20))
	return repulsion - m.b*math.Exp(-m.beta*(r/m.re-1))/(1+math.Pow(r/m.re-m.lambda, 20))
}

func (m metal) embed(rho float64) float64 {
	cubic := func(x, c0, c1, c2, c3 float64) float64 { return c0 + x*(c1+x*(c2+x*c3)) }
	switch {
	case rho == 0:
		return 0
	case rho < 0.85*m.rhoe:
		return cubic(rho/(0.85*m.rhoe)-1, m.fn0, m.fn1, m.fn2, m.fn3)
	case rho < 1.15*m.rhoe:
		return cubic(rho/m.rhoe-1, m.f0, m.f1, m.f2, m.f3)
	default:
		x := math.Pow(rho/m.rhos, m.eta)
		return m.fTop * (1 - math.Log(x)) * x
	}
}

// setfl writes a file of metals; with fs, densities per pair of elements, those between unlike ones 10 % larger.
func setfl(metals []metal, knots int, fs bool) string {
	const reach, top = 7.5, 120.0
	dr, drho := reach/float64(knots-1), top/float64(knots-1)
	var b strings.Builder
	fmt.Fprintf(&b, "metals of\nZhou, Johnson and Wadley\n2004\n%d", len(metals))
	for _, m := range metals {
		b.WriteString(" " + m.symbol)
	}
	fmt.Fprintf(&b, "\n%d %.17g %d %.17g %.17g\n", knots, drho, knots, dr, reach)
	table := func(step float64, f func(x float64) float64) {
		for k := range knots {
			fmt.Fprintf(&b, "%.17g\n", f(float64(k)*step))
		}
	}
	fade := func(r float64) float64 { // the published functions end at no distance; the last Å brings them to zero
		x := max(r-reach+1, 0)
		return 1 + x*x*x*(-10+x*(15-6*x))
	}
	for i, m := range metals {
		z, _ := structure.Number(m.symbol)
		fmt.Fprintf(&b, "%d %g 3.6 fcc\n", z, m.mass)
		table(drho, m.embed)
		for j := range metals {
			scale := 1.0
			if fs && i != j {
				scale = 1.1
			}
			if fs || j == 0 {
				table(dr, func(r float64) float64 { return scale * m.density(max(r, 0.5)) * fade(r) })
			}
		}
	}
	for i, m := range metals {
		for _, o := range metals[:i+1] {
			table(dr, func(r float64) float64 {
				r0 := max(r, 0.5)
				q := o.density(r0) / m.density(r0)
				return r * (q*m.pair(r0) + o.pair(r0)/q) / 2 * fade(r)
			})
		}
	}
	return b.String()
}

// alloy has tables of which the third derivative of the pair terms jumps little enough for central differences.
func alloy(fs bool) string { return setfl([]metal{copper, nickel}, 3000, fs) }

func parse(t testing.TB, text string) *EAM {
	t.Helper()
	p, err := ReadEAM(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestZhouMetals(t *testing.T) {
	// Lattice constants and cohesive energies that the potentials were fitted to (the same paper, table II).
	for _, c := range []struct {
		metal
		a, energy float64
	}{{copper, 3.615, -3.54}, {nickel, 3.52, -4.45}} {
		p := parse(t, setfl([]metal{c.metal}, 3000, false))
		z, _ := structure.Number(c.symbol)
		a, e := minimum(t, p, c.a, func(a float64) structure.Structure { return fcc(a, z) })
		if math.Abs(a-c.a) > 5e-3 || math.Abs(e-c.energy) > 5e-3 { // as printed
			t.Errorf("%s: a0 = %.4f Å, %.4f eV/atom", c.symbol, a, e)
		}
		t.Logf("%s: a0 = %.4f Å, %.4f eV/atom", c.symbol, a, e)
	}
}

// One element has one density: both forms of the file are the same then. With two, only pairs of unlike atoms differ.
func TestFinnisSinclairDensities(t *testing.T) {
	plain, fs := parse(t, alloy(false)), parse(t, alloy(true))
	dimer := func(p *EAM, a, b int) *structure.Result {
		return evaluate(t, p, &structure.Structure{Numbers: []int{a, b}, Positions: [][3]float64{{0, 0, 0}, {0, 0, 2.5}}})
	}
	if dimer(plain, 29, 29).Energy != dimer(fs, 29, 29).Energy {
		t.Error("like atoms differ")
	}
	// The copper atom feels nickel's density, 1.1 times larger.
	got := dimer(fs, 29, 28).Energies[0] - dimer(plain, 29, 28).Energies[0]
	rho := nickel.density(2.5)
	want := copper.embed(1.1*rho) - copper.embed(rho)
	if math.Abs(got-want) > 1e-7 { // cubic interpolation on steps of 0.04 in density: (0.04/rhoe)⁴ F⁗/384
		t.Errorf("the density of unlike atoms changes the energy by %g, not %g", got, want)
	}
}

func TestSplineGoesThroughItsKnotsAndOnStraight(t *testing.T) {
	var values []float64
	for k := range 12 {
		values = append(values, math.Cos(0.1*float64(k)))
	}
	s := newSpline(values, 0.1, values[11]-values[10])
	for k, want := range values {
		if v, _ := s.at(0.1 * float64(k)); math.Abs(v-want) > 1e-15 { // 0.1 k is not exact
			t.Errorf("knot %d: %g, not %g", k, v, want)
		}
	}
	v, d := s.at(0.55)
	// h⁴/384 and h³/216 of derivatives of size 1.
	if math.Abs(v-math.Cos(0.55)) > 3e-7 || math.Abs(d+math.Sin(0.55)) > 5e-6 {
		t.Errorf("between knots %g, slope %g", v, d)
	}
	end, slope := s.at(1.1)
	if v, d := s.at(1.6); math.Abs(v-(end+0.5*slope)) > 1e-14 || d != slope {
		t.Errorf("beyond the end %g, slope %g", v, d)
	}
}

func TestSetflErrorsNameTheLine(t *testing.T) {
	good := setfl([]metal{copper}, 6, false)
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "ends where the number of elements"},
		{"three lines", "a\nb\nc\n", "ends where the number of elements"},
		{"no element", strings.Replace(good, "1 Cu", "1 Cx", 1), `line 4: "Cx" is no element`},
		{"twice", strings.Replace(good, "1 Cu", "2 Cu Cu", 1), `line 4: "Cu" is no element, or one listed before`},
		{"no number", strings.Replace(good, "63.546 3.6 fcc\n0", "63.546 3.6 fcc\nzero", 1), `line 7: embedding Cu: "zero" is no number`},
		{"infinite", strings.Replace(good, "fcc\n0", "fcc\n1e999", 1), "is no number"},
		{"short", good[:len(good)-30], "words follow the table sizes"},
		{"long", good + "1.0\n", "words follow the table sizes"},
		{"huge", strings.Replace(good, "\n6 ", "\n600000000 ", 1), "line 5: a table of 6e+08 numbers"},
		{"cutoff", strings.Replace(good, " 7.5\n", " 99\n", 1), "line 5: the cutoff 99 Å lies beyond the tables"},
	} {
		_, err := ReadEAM(strings.NewReader(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := LoadEAM("no such file"); err == nil {
		t.Error("a file that is not there was read")
	}
	if p := parse(t, strings.ReplaceAll(good, "e-", "D-")); p.Comment()[1] != "Zhou, Johnson and Wadley" {
		t.Errorf("comment %q", p.Comment())
	}
}
