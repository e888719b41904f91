package lammps_test

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Charges between the atoms are another style's, added to the student.
func TestCoulombOverlay(t *testing.T) {
	c := newScene(t)
	_, m := student(t, c.dir, c.numbers...)
	whole := engine(t, m, c.s, "float64")
	text, err := os.ReadFile(c.data)
	if err != nil {
		t.Fatal(err)
	}
	head, atoms, _ := strings.Cut(string(text), "Atoms # atomic\n\n")
	charged := head + "Atoms # charge\n\n"
	for line := range strings.Lines(atoms) {
		f := strings.Fields(line)
		charged += strings.Join(append([]string{f[0], f[1], map[string]string{"1": "-0.6", "2": "0.6"}[f[1]]}, f[2:]...), " ") + "\n"
	}
	if err := os.WriteFile(c.data, []byte(charged), 0o666); err != nil {
		t.Fatal(err)
	}
	begin := "units metal\natom_style charge"
	input := c.input(begin, "pair_style coul/cut 6\npair_coeff * *", fmt.Sprintf(show, "1")) + "clear\n" +
		c.input(begin, "pair_style hybrid/overlay coul/cut 6 mlff precision float64\npair_coeff * * coul/cut\npair_coeff * * mlff "+c.student+" O Si", fmt.Sprintf(show, "2"))
	out := must(t, c.dir, 2, input)
	near(t, "energy", values(t, out, "energy2")[0], whole.Energy+values(t, out, "energy1")[0], 1e-9*32)
	charges, both := dumped(t, filepath.Join(c.dir, "dump1")), dumped(t, filepath.Join(c.dir, "dump2"))
	for i := range both {
		for k := range 3 {
			near(t, "force", both[i][k], whole.Forces[i][k]+charges[i][k], 1e-8) // of some 10 eV/Å each
		}
	}
}

// A chain of images between two states: every image has the energy that the engine gives its atoms.
func TestNudgedElasticBand(t *testing.T) {
	c := newScene(t)
	_, m := student(t, c.dir, c.numbers...)
	end := c.s.Positions[2]
	moved := fmt.Sprintf("1\n3 %.17g %.17g %.17g\n", end[0]+0.4, end[1]+0.2, end[2]-0.3)
	if err := os.WriteFile(filepath.Join(c.dir, "final"), []byte(moved), 0o666); err != nil {
		t.Fatal(err)
	}
	const images = 3
	input := c.input(metal+"\natom_modify map array sort 0 0", c.style("grade off"), "variable u universe 0 1 2\nfix n all neb 1.0\nmin_style quickmin\ntimestep 0.0005\n"+
		"neb 0 0.001 8 4 4 final final\nrun 0\nvariable e equal pe\nprint \"energy $(v_e:%.17g)\" file energy$u screen no\n"+
		"write_dump all custom image$u id x y z modify sort id format float %.17g")
	must(t, c.dir, images, input, "-partition", strconv.Itoa(images)+"x1", "-pscreen", "none", "-plog", "none")
	for k := range images {
		text, err := os.ReadFile(filepath.Join(c.dir, "energy"+strconv.Itoa(k)))
		if err != nil {
			t.Fatal(err)
		}
		image := c.s.Clone()
		for i, row := range dumped(t, filepath.Join(c.dir, "image"+strconv.Itoa(k))) {
			copy(image.Positions[i][:], row)
		}
		if k == images-1 && !(math.Abs(image.Positions[2][0]-end[0]) > 0.3) {
			t.Error("the last image has not moved")
		}
		near(t, fmt.Sprintf("image %d: energy", k), values(t, string(text), "energy")[0], engine(t, m, &image, "float64").Energy, 1e-9*32)
	}
}

// What a restart holds goes on as it was; the pair style is to be named again.
func TestRestart(t *testing.T) {
	c := newScene(t)
	out := must(t, c.dir, 2, c.input(metal, c.style(""), "velocity all create 300 1\nfix n all nve\nrun 5\nwrite_restart state"+fmt.Sprintf(show, "1")+
		"clear\nread_restart state\n"+c.style("")+fmt.Sprintf(show, "2")))
	near(t, "energy", values(t, out, "energy2")[0], values(t, out, "energy1")[0], 1e-9*32)
}

// Styles with a suffix do not exist: the plain one runs, and says so. A mass that is meant is accepted.
func TestSuffixAndMasses(t *testing.T) {
	c := newScene(t)
	_, m := student(t, c.dir, c.numbers...)
	for suffix, args := range map[string][]string{"omp": {"-sf", "omp", "-pk", "omp", "2"}, "opt": {"-sf", "opt"}} {
		out := must(t, c.dir, 2, c.input(metal, c.style("masscheck off threads 2")+"\nmass 2 30", fmt.Sprintf(show, "")), args...)
		if !strings.Contains(out, "no variant for suffix "+suffix+": it runs as it is, with threads 2") {
			t.Errorf("the suffix is not told:\n%s", last(out, 20))
		}
		near(t, "energy", values(t, out, "energy")[0], engine(t, m, c.s, "float64").Energy, 1e-9*32)
	}
	out, err := lmp(t, c.dir, 2, c.input(metal, c.style("")+"\nmass 2 30", "run 0"))
	if err == nil || !strings.Contains(out, "atoms of type 2 have mass 30, their element Si in pair_coeff has 28.085") {
		t.Errorf("a wrong mass: %v\n%s", err, last(out, 6))
	}
}

// The pressure is -dE/dV, component by component: -dE/dstrain over the volume.
func TestPressureIsTheDerivativeOfTheEnergy(t *testing.T) {
	c := newScene(t)
	const h = 1e-4
	input := c.input(metal, c.style("grade off"), "compute p all pressure NULL virial\nthermo_style custom pe c_p[*] vol\nvariable e equal pe\nvariable v equal vol\nrun 0\n"+
		"print \"pressure $(c_p[1]:%.17g) $(c_p[2]:%.17g) $(c_p[3]:%.17g) $(v_v:%.17g)\"\n")
	for _, axis := range []string{"x", "y", "z"} {
		for sign, f := range map[string]float64{"+": 1 + h, "-": 1 - h} {
			input += fmt.Sprintf("change_box all %s scale %.17g remap\nrun 0\nprint \"%s%s $(v_e:%%.17g)\"\nchange_box all %s scale %.17g remap\n", axis, f, axis, sign, axis, 1/f)
		}
	}
	out := must(t, c.dir, 2, input)
	p := values(t, out, "pressure")
	for k, axis := range []string{"x", "y", "z"} {
		slope := (values(t, out, axis+"+")[0] - values(t, out, axis+"-")[0]) / (2 * h)
		// Truncation h²/6 of a third derivative of some 10^4 eV: 2e-5 eV. Rounding: far less.
		near(t, "virial along "+axis, p[k]*p[3]/barsPerUnit, -slope, 1e-4)
	}
}

// The heat current is d/dt sum r_i e_i of a cluster, with energies of atoms as compute pe/atom has them.
func TestHeatFluxIsTheMotionOfEnergy(t *testing.T) {
	c := newScene(t)
	c.s = diamond([3]int{1, 1, 1}, 0, c.numbers, [3]bool{})
	for k := range 3 {
		c.s.Cell[k][k] = 40
		for i := range c.s.Positions {
			c.s.Positions[i][k] += 15
		}
	}
	c.data = data(t, c.dir, c.s, c.numbers)
	moment := ""
	for _, axis := range []string{"x", "y", "z"} {
		moment += fmt.Sprintf("variable r%[1]s atom \"%[1]s*(c_k+c_e)\"\ncompute s%[1]s all reduce sum v_r%[1]s\n", axis)
	}
	say := func(word string, steps int) string {
		return fmt.Sprintf("run %d\nprint \"%s $(c_sx:%%.17g) $(c_sy:%%.17g) $(c_sz:%%.17g) $(c_j[1]:%%.17g) $(c_j[2]:%%.17g) $(c_j[3]:%%.17g)\"\n", steps, word)
	}
	const dt = 1e-4 // ps
	out := must(t, c.dir, 2, c.input(metal+"\nboundary f f f", c.style("grade off"), "velocity all create 9000 1\nfix n all nve\n"+fmt.Sprintf("timestep %g\n", dt)+
		"compute k all ke/atom\ncompute e all pe/atom\ncompute w all centroid/stress/atom NULL virial\ncompute j all heat/flux k e w\n"+moment+
		"thermo 1\nthermo_style custom step c_sx c_sy c_sz c_j[1] c_j[2] c_j[3]\nthermo_modify norm no\n"+say("before", 0)+say("at", 1)+say("after", 1)))
	before, at, after := values(t, out, "before"), values(t, out, "at"), values(t, out, "after")
	for k := range 3 {
		flux := (after[k] - before[k]) / (2 * dt)
		// (w dt)²/6 of vibrations up to 10^2/ps: 2e-5 of a current of some 30 eV Å/ps.
		near(t, fmt.Sprintf("heat current %d", k), at[3+k], flux, 1e-3)
		if math.Abs(flux) < 10 {
			t.Errorf("a heat current of %g eV Å/ps tests nothing", flux)
		}
	}
}

// LAMMPS without plugins: the snippet makes the pair style part of its library.
func TestSourceTree(t *testing.T) {
	_, target := built(t)
	if _, err := exec.LookPath("cmake"); err != nil {
		t.Skip("no cmake here")
	}
	snippet, err := filepath.Abs("cmake/mlff.cmake")
	if err != nil {
		t.Fatal(err)
	}
	tree := t.TempDir()
	project := "cmake_minimum_required(VERSION 3.16)\nproject(lammps CXX)\nset(CMAKE_CXX_STANDARD 17)\nget_filename_component(SOURCE ${CMAKE_SOURCE_DIR}/../src ABSOLUTE)\n" +
		"file(GLOB ALL ${SOURCE}/*.cpp)\nadd_library(lammps SHARED ${ALL})\ntarget_compile_definitions(lammps PRIVATE LAMMPS_SMALLBIG)\n" +
		"target_include_directories(lammps PRIVATE " + target.Headers + " " + target.MPI + ")\n"
	for _, dir := range []string{"src", "cmake", "build"} {
		if err := os.Mkdir(filepath.Join(tree, dir), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(tree, "cmake", "CMakeLists.txt"), []byte(project), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, line := range [][]string{{"-D", "CMAKE_PROJECT_lammps_INCLUDE=" + snippet, "../cmake"}, {"--build", "."}} {
		c := exec.Command("cmake", line...)
		c.Dir = filepath.Join(tree, "build")
		if said, err := c.CombinedOutput(); err != nil {
			t.Fatalf("cmake %v: %v\n%s", line, err, said)
		}
	}
	symbols, err := exec.Command("nm", "-DC", "--defined-only", filepath.Join(tree, "build", "liblammps.so")).Output()
	if err != nil || !strings.Contains(string(symbols), "LAMMPS_NS::PairMLFF::compute(int, int)") {
		t.Errorf("%v: the library lacks the pair style", err)
	}
	if _, err := os.Stat(filepath.Join(tree, "src", "pair_mlff.h")); err != nil {
		t.Error(err) // LAMMPS looks there for styles
	}
}
