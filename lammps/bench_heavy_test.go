//go:build heavy

package lammps_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"mlff/benchmark"
	"mlff/md"
	"mlff/model"
	"mlff/structure"
)

// Times are the processor's, not the clock's, of the fastest of several blocks: others may be at work on this machine.
// All runs rebuild their lists as they need to, with a skin of 1 Å.
const blocks, blockSteps = 8, 25

func TestBenchLAMMPS(t *testing.T) {
	m := referenceStudent(t)
	path := filepath.Join(t.TempDir(), "reference.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	t.Run("engine", func(t *testing.T) { overEngine(t, m, path) })
	t.Run("ranks", func(t *testing.T) { twoRanks(t, path) })
	t.Run("styles", func(t *testing.T) { compareStyles(t, path) })
}

// overEngine holds a step of LAMMPS against the engine's own step.
func overEngine(t *testing.T, m *model.Model, path string) {
	dir := t.TempDir()
	for _, atoms := range []int{1000, 4096} {
		s := benchmark.Lattice(atoms)
		own := engineStep(t, m, s)
		t.Logf("%d atoms, 52 neighbours: engine's own step %.3f us/atom", s.Len(), own)
		for _, grade := range []string{"off", "warn", "stop"} {
			step := lammpsStep(t, dir, 1, reference(t, dir, &s), "pair_style mlff grade "+grade+"\npair_coeff * * "+path+" Si")
			t.Logf("%d atoms: LAMMPS, grade %s, %.3f us/atom, %.3f times the engine (bar with grade off: 1.10)", s.Len(), grade, step, step/own)
		}
	}
}

// twoRanks is also what weak scaling on paper starts from: ghosts of a process, 24 bytes each to it and back in a step.
func twoRanks(t *testing.T, path string) {
	dir, s := t.TempDir(), benchmark.Lattice(4096)
	style := "pair_style mlff grade off\npair_coeff * * " + path + " Si"
	var step [3]float64
	for ranks := 1; ranks <= 2; ranks++ {
		out := lammpsRun(t, dir, ranks, reference(t, dir, &s), style)
		step[ranks] = fastest(out)
		t.Logf("4096 atoms on %d ranks: %.3f us/atom, %s ghosts on each", ranks, step[ranks], ghosts.FindStringSubmatch(out)[1])
	}
	t.Logf("4096 atoms: 2 ranks over 1: %.2f (bar: 1.85; by processor time, in which waiting counts)", step[1]/step[2])
}

// referenceStudent has grades, unlike that of the engine's benchmark.
func referenceStudent(t *testing.T) *model.Model {
	m, err := benchmark.Reference()
	if err != nil {
		t.Fatal(err)
	}
	h := 1 + m.Config().Hidden
	grade := make([]float64, h*h)
	for k := range h {
		grade[k*h+k] = 10
	}
	if err := m.SetGrade(grade); err != nil {
		t.Fatal(err)
	}
	m.Meta().Threshold = 1e6
	return m
}

func reference(t *testing.T, dir string, s *structure.Structure) string {
	return metal + "\nread_data " + data(t, dir, s, []int{14}) + "\n"
}

// engineStep is the time of a step of the engine's own dynamics on one thread, us/atom.
func engineStep(t *testing.T, m *model.Model, s structure.Structure) float64 {
	p, err := m.Potential(model.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	run, err := md.New(p, s, md.Options{Timestep: 1, Ensemble: "nve", Temperature: 300, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	best := 1e9
	for range blocks {
		began := processorTime()
		for range blockSteps {
			if err := run.Step(); err != nil {
				t.Fatal(err)
			}
		}
		best = min(best, processorTime()-began)
	}
	return best / float64(blockSteps*s.Len()) * 1e6
}

// processorTime of this process, s.
func processorTime() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) * 1e-9
}

var loopTime = regexp.MustCompile(`Loop time of (\S+) on \d+ procs for (\d+) steps with (\d+) atoms`)
var usage = regexp.MustCompile(`(\S+)% CPU use`)

var ghosts = regexp.MustCompile(`Nghost: +(\S+) ave`)

// lammpsStep is the time of a step of LAMMPS, us/atom.
func lammpsStep(t *testing.T, dir string, ranks int, start, style string) float64 {
	return fastest(lammpsRun(t, dir, ranks, start, style))
}

func lammpsRun(t *testing.T, dir string, ranks int, start, style string) string {
	blocks := blocks
	if !strings.Contains(style, "mlff") {
		blocks = 3 // the slow ones take minutes
	}
	return must(t, dir, ranks, start+style+"\nneighbor 1.0 bin\nneigh_modify every 1 delay 0 check yes\nvelocity all create 300 1\nfix n all nve\ntimestep 0.001\nthermo 1000\n"+
		strings.Repeat(fmt.Sprintf("run %d\n", blockSteps), blocks))
}

// fastest is the time of a step in the fastest block, us/atom.
func fastest(out string) float64 {
	best := 1e9
	shares := usage.FindAllStringSubmatch(out, -1)
	for k, loop := range loopTime.FindAllStringSubmatch(out, -1) {
		seconds, _ := strconv.ParseFloat(loop[1], 64)
		atoms, _ := strconv.Atoi(loop[3])
		share, _ := strconv.ParseFloat(shares[k][1], 64)
		best = min(best, seconds*share/100/float64(blockSteps*atoms)*1e6)
	}
	return best
}

// compareStyles times other pair styles of the same LAMMPS on crystalline silicon. Their coefficients are those of other
// elements, or made up: only the time counts.
func compareStyles(t *testing.T, path string) {
	dir := t.TempDir()
	_, target := built(t)
	potentials := filepath.Join(filepath.Dir(target.Program), "share", "lammps", "potentials")
	coefficients := "1 31\nSi 0.5 1\n" + strings.Repeat("0.001\n", 31)
	for name, text := range map[string]string{"si.snapcoeff": "\n" + coefficients, "si.snapparam": "rcutfac 5.0\ntwojmax 6\nrfac0 0.99363\nrmin0 0\nquadraticflag 0\nbzeroflag 0\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	times := map[string]float64{}
	for _, style := range [][2]string{
		{"mlff", "pair_style mlff grade off\npair_coeff * * " + path + " Si"},
		{"sw", "pair_style sw\npair_coeff * * " + potentials + "/Si.sw Si"},
		{"tersoff", "pair_style tersoff\npair_coeff * * " + potentials + "/Si.tersoff Si"},
		{"snap 2J=6", "pair_style snap\npair_coeff * * si.snapcoeff si.snapparam Si"},
		{"uf3", "pair_style uf3 3\npair_coeff * * " + potentials + "/Nb.uf3 Nb"},
		{"pod", "pair_style pod\npair_coeff * * " + potentials + "/Ta_param.pod " + potentials + "/Ta_coeff.pod Ta"},
	} {
		for _, cells := range []int{5, 8} {
			start := fmt.Sprintf("units metal\nlattice diamond 5.431\nregion b block 0 %[1]d 0 %[1]d 0 %[1]d\ncreate_box 1 b\ncreate_atoms 1 box\nmass 1 28.085\n", cells)
			step := lammpsStep(t, dir, 1, start, style[1])
			times[style[0]] = step
			t.Logf("%d atoms of silicon: %s %.3f us/atom", 8*cells*cells*cells, style[0], step)
		}
	}
	t.Logf("4096 atoms: snap over mlff %.1f (bar: 10), mlff over tersoff %.2f (bar: 3)", times["snap 2J=6"]/times["mlff"], times["mlff"]/times["tersoff"])
}
