package lammps_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlff/structure"
)

// An error that one process of four meets ends all of them with its message, and none waits for the others: atoms 1 and 2
// are at the same place, deep in the first quarter of the box.
func TestErrorOfOneProcess(t *testing.T) {
	c := newScene(t)
	s := &structure.Structure{Cell: [3][3]float64{{120, 0, 0}, {0, 30, 0}, {0, 0, 30}}, PBC: [3]bool{true, true, true}}
	for k := range 8 {
		s.Positions = append(s.Positions, [3]float64{15 + 30*float64(k/2) + 2*float64(k%2), 15, 15})
		s.Numbers = append(s.Numbers, c.numbers[k%2])
	}
	c.data = data(t, c.dir, s, c.numbers)
	out, err := lmp(t, c.dir, 4, c.input("processors 4 1 1\n"+metal, c.style(""), "run 0\nset atom 2 x 15\nrun 0"))
	if err == nil || strings.Count(out, "ERROR") != 1 || !strings.Contains(out, "ERROR: Pair style mlff: ") || !strings.Contains(out, "at the same place") {
		t.Errorf("%v\n%s", err, last(out, 10))
	}
}

// Grades are those of the engine, under hybrid/overlay as alone, however many processes share the atoms.
func TestGradesUnderOverlay(t *testing.T) {
	c := newScene(t)
	_, m := student(t, c.dir, c.numbers...)
	want := engine(t, m, c.s, "float64").grades
	ascending := slices.Sorted(slices.Values(want))
	threshold := (ascending[19] + ascending[20]) / 2 // 12 of 32 atoms are above
	style := "pair_style hybrid/overlay zbl 3 4 mlff precision float64 grade warn " + fmt.Sprint(threshold) + "\npair_coeff 1 1 zbl 8 8\npair_coeff 1 2 zbl 8 14\npair_coeff 2 2 zbl 14 14\npair_coeff * * mlff " + c.student + " O Si"
	ask := "fix g all pair 1 mlff grade 1\ncompute g all pair mlff\nthermo_style custom pe c_g[1] c_g[2]\nrun 0\nvariable a equal c_g[1]\nvariable b equal c_g[2]\n" +
		"print \"grades $(v_a:%.17g) $(v_b)\"\nwrite_dump all custom dump id f_g modify sort id format float %.17g\n"
	for ranks := 1; ranks <= 4; ranks++ {
		got := values(t, must(t, c.dir, ranks, c.input(metal, style, ask)), "grades")
		near(t, fmt.Sprintf("largest grade on %d ranks", ranks), got[0], slices.Max(want), 1e-8)
		near(t, fmt.Sprintf("atoms above the threshold on %d ranks", ranks), got[1], 12, 0)
		for i, row := range dumped(t, filepath.Join(c.dir, "dump")) {
			near(t, fmt.Sprintf("grade of atom %d on %d ranks", i+1, ranks), row[0], want[i], 1e-8)
		}
	}
}

// Under hybrid another style may want a weight for bonded pairs: tiny ones keep the pairs in the list, with the weight's
// number in high bits that the student must mask.
func TestBondedPairsUnderOverlay(t *testing.T) {
	c := newScene(t)
	path := c.full(t)
	energy := func(style string) float64 {
		return values(t, must(t, c.dir, 2, "units metal\natom_style full\nbond_style zero\nspecial_bonds lj/coul 1e-50 1e-50 1e-50\nread_data "+path+"\nbond_coeff *\n"+style+
			"\nrun 0\nvariable e equal pe\nprint \"energy $(v_e:%.17g)\"\n"), "energy")[0]
	}
	charges := energy("pair_style coul/cut 6\npair_coeff * *")
	both := energy("pair_style hybrid/overlay coul/cut 6 mlff precision float64\npair_coeff * * coul/cut\npair_coeff * * mlff " + c.student + " O Si")
	_, m := student(t, c.dir, c.numbers...)
	s := &structure.Structure{Numbers: []int{8, 14, 8, 14}, Positions: [][3]float64{{1, 1, 1}, {2.6, 1, 1}, {1, 3, 1}, {2.6, 3.1, 1}}}
	near(t, "energy", both, engine(t, m, s, "float64").Energy+charges, 4e-9) // 1e-9 an atom
}

// Monte Carlo at 1 K takes what lowers the energy and nothing else: were a trial's energy that of the list before it, it
// would take everything. The energy of every step, with lists that were not rebuilt, is that of the engine.
func TestSwapsGoDownhill(t *testing.T) {
	c := newScene(t)
	_, m := student(t, c.dir, c.numbers...)
	for ranks := 1; ranks <= 2; ranks++ {
		out := must(t, c.dir, ranks, c.input(metal+"\natom_modify map array", c.style("grade off"), "neigh_modify every 1000 delay 1000 check no\n"+
			"fix s all atom/swap 1 1 4711 1 types 1 2\nthermo 1\nthermo_style custom step pe\nvariable e equal pe\nvariable n equal f_s[2]\n"+
			"fix p all print 1 \"$(v_e:%.17g)\" file steps screen no\nrun 40\nprint \"taken $(v_n)\"\nwrite_dump all custom dump id type x y z modify sort id format float %.17g"))
		text, err := os.ReadFile(filepath.Join(c.dir, "steps"))
		if err != nil {
			t.Fatal(err)
		}
		var e []float64
		for line := range strings.Lines(string(text)) {
			var x float64
			if n, _ := fmt.Sscan(line, &x); n == 1 {
				e = append(e, x)
			}
		}
		changes := 0
		for k := 1; k < len(e); k++ {
			if e[k] > e[k-1]+0.005 { // 60 kT
				t.Errorf("%d ranks, step %d: a swap that costs %g eV was taken", ranks, k, e[k]-e[k-1])
			}
			if math.Abs(e[k]-e[k-1]) > 1e-6 {
				changes++
			}
		}
		if taken := values(t, out, "taken")[0]; taken < 3 || taken > 35 || changes < 2 {
			t.Errorf("%g of 40 swaps were taken, %d seen: that tests nothing", taken, changes)
		}
		s := c.s.Clone()
		for i, row := range dumped(t, filepath.Join(c.dir, "dump")) {
			s.Numbers[i] = c.numbers[int(row[0])-1]
			copy(s.Positions[i][:], row[1:])
		}
		near(t, fmt.Sprintf("energy after the swaps, %d ranks", ranks), e[len(e)-1], engine(t, m, &s, "float64").Energy, 1e-9*32)
	}
}
