package lammps_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mlff/model"
	"mlff/structure"
)

// static evaluates one frame and prints everything the pair style says about it.
const static = `
clear
units metal
atom_style atomic
boundary %s
read_data %s
pair_style mlff precision %s threads %d grade warn 1000
pair_coeff * * %s %s
neighbor 0.7 bin
compute pe all pe/atom
compute s all stress/atom NULL virial
compute c all centroid/stress/atom NULL virial
compute p all pressure NULL virial
compute g all pair mlff
fix g all pair 1 mlff grade 1
dump d all custom 1 %s id fx fy fz c_pe f_g c_s[*] c_c[*]
dump_modify d format float %%.17g
thermo_style custom pe c_p[*] vol c_g[1]
run 0
variable e equal pe
variable v equal vol
variable g equal c_g[1]
print "energy $(v_e:%%.17g) $(v_v:%%.17g) $(v_g:%%.17g)"
print "pressure $(c_p[1]:%%.17g) $(c_p[2]:%%.17g) $(c_p[3]:%%.17g) $(c_p[4]:%%.17g) $(c_p[5]:%%.17g) $(c_p[6]:%%.17g)"
print "END OF FRAME"
undump d
`

// barsPerUnit is LAMMPS' pressure per eV/Å^3 in units metal, its constant nktv2p.
const barsPerUnit = 1.6021765e6

type frame struct {
	name    string
	s       *structure.Structure
	numbers []int
}

func frames() []frame {
	all, slab, none := [3]bool{true, true, true}, [3]bool{true, true, false}, [3]bool{}
	both := []int{8, 14}
	cluster := diamond([3]int{1, 1, 1}, 0, both, none)
	cluster.Cell[0][0] = 20 // all atoms in one corner: processes without any
	return []frame{
		{"216 atoms", diamond([3]int{3, 3, 3}, 0, both, all), both},
		{"triclinic", diamond([3]int{2, 3, 2}, 1.3, both, all), both},
		{"surface", diamond([3]int{3, 2, 1}, 0, both, slab), both},
		{"cell smaller than the cutoff", diamond([3]int{1, 1, 1}, 0.9, []int{14}, all), []int{14}},
		{"cluster, empty ranks", cluster, both},
	}
}

func boundary(s *structure.Structure) string {
	text := ""
	for _, p := range s.PBC {
		text += map[bool]string{true: "p ", false: "f "}[p]
	}
	return text
}

// All frames in both precisions, one after the other in one process each: clear must leave nothing behind.
func TestTheNumbersOfTheEngine(t *testing.T) { theNumbersOfTheEngine(t, 1, 3) }

func theNumbersOfTheEngine(t *testing.T, processes ...int) {
	type run struct {
		name string
		want *answer
	}
	var runs []run
	input := ""
	root := t.TempDir()
	for k, f := range frames() {
		dir := filepath.Join(root, strconv.Itoa(k))
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		path, m := student(t, dir, f.numbers...)
		file := data(t, dir, f.s, f.numbers)
		for threads, precision := range []string{1: "float64", 2: "float32"} {
			if precision == "" {
				continue
			}
			dump := filepath.Join(root, fmt.Sprintf("dump%d", len(runs)))
			input += fmt.Sprintf(static, boundary(f.s), file, precision, threads, path, symbols(f.numbers), dump)
			runs = append(runs, run{f.name + ", " + precision, engine(t, m, f.s, precision)})
		}
	}
	for _, ranks := range processes {
		out := strings.Split(must(t, root, ranks, input), "END OF FRAME")
		for k, r := range runs {
			r.want.compare(t, fmt.Sprintf("%s, %d ranks", r.name, ranks), out[k], dumped(t, filepath.Join(root, fmt.Sprintf("dump%d", k))))
		}
	}
}

// answer is what the engine says about a frame.
type answer struct {
	structure.Result
	offset, tolerance float64
	atoms             [][3][3]float64
	grades            []float64
}

func engine(t *testing.T, m *model.Model, s *structure.Structure, precision string) *answer {
	t.Helper()
	p, err := m.Potential(model.Options{Threads: 1, Precision: precision, Grade: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	a := &answer{tolerance: 1e-9, atoms: make([][3][3]float64, s.Len())} // the bar in float64: far above rounding
	if precision == "float32" {
		a.tolerance = 2e-6 // 16 roundings of 2^-24: sums in another order
	}
	if err := p.Evaluate(s, &a.Result); err != nil {
		t.Fatal(err)
	}
	p.Virials(a.atoms)
	a.grades = append(a.grades, p.Grades()...)
	for _, z := range s.Numbers {
		a.offset += m.Tensor("energy.E0")[m.SpeciesIndex(z)]
	}
	return a
}

func (a *answer) compare(t *testing.T, name, out string, rows [][]float64) {
	t.Helper()
	n := float64(len(a.Forces))
	e, p := values(t, out, "energy"), values(t, out, "pressure")
	near(t, name+": energy per atom", (e[0]-a.offset)/n, (a.Energy-a.offset)/n, a.tolerance)
	largest, volume, worst := 1.0, e[1], 0.0
	for i, f := range a.Forces {
		largest = max(largest, math.Abs(f[0]), math.Abs(f[1]), math.Abs(f[2]))
		worst = max(worst, a.grades[i])
	}
	near(t, name+": compute pair", e[2], worst, 10*a.tolerance*worst)
	scale := 0.0
	for _, row := range a.Virial {
		for _, v := range row {
			scale = max(scale, math.Abs(v))
		}
	}
	for k, ab := range [6][2]int{{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}} {
		near(t, name+": virial", p[k]*volume/barsPerUnit, a.Virial[ab[0]][ab[1]], a.tolerance*max(1, scale))
	}
	for i, row := range rows {
		for k := range 3 {
			near(t, name+": force", row[k], a.Forces[i][k], a.tolerance*largest)
		}
		near(t, name+": pe/atom", row[3], a.Energies[i], 10*a.tolerance)
		near(t, name+": grade", row[4], a.grades[i], 10*a.tolerance*a.grades[i])
		a.compareVirial(t, name, i, row[5:])
	}
}

// compareVirial looks at stress/atom (6) and centroid/stress/atom (9), which are minus the virial in bar Å^3.
func (a *answer) compareVirial(t *testing.T, name string, i int, row []float64) {
	t.Helper()
	w := a.atoms[i]
	scale := 1.0
	for _, v := range w {
		scale = max(scale, math.Abs(v[0]), math.Abs(v[1]), math.Abs(v[2]))
	}
	const rounding = 10 // times: an atom's share, not the sum over all
	for k, ab := range [9][2]int{{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}, {1, 0}, {2, 0}, {2, 1}} {
		if k < 6 {
			half := (w[ab[0]][ab[1]] + w[ab[1]][ab[0]]) / 2
			near(t, name+": stress/atom", -row[k]/barsPerUnit, half, rounding*a.tolerance*scale)
		}
		near(t, name+": centroid/stress/atom", -row[6+k]/barsPerUnit, w[ab[0]][ab[1]], rounding*a.tolerance*scale)
	}
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %.12g, want %.12g: off by %.2g, allowed %.2g", what, got, want, math.Abs(got-want), tolerance)
	}
}
