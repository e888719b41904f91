//go:build heavy

package lammps_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mlff/include"
	"mlff/lammps"
	"mlff/md"
)

func TestHeavyTheNumbersOfTheEngine(t *testing.T) { theNumbersOfTheEngine(t, 1, 2, 3, 4) }

// Energy is conserved over 10 ps of copper, on one process and on two, and over a shorter run on four. The student is a
// trained one: the energy of a random student's atoms fluctuates so much that its drift is known to 0.02 meV/atom/ps only.
func TestHeavyDrift(t *testing.T) {
	copper, err := filepath.Abs("../python/tests/data/copper.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for ranks, steps := range map[int]int{1: 10000, 2: 10000, 4: 500} {
		must(t, dir, ranks, metal+"\nlattice fcc 3.61\nregion b block 0 3 0 3 0 3\ncreate_box 1 b\ncreate_atoms 1 box\nmass 1 63.546\npair_style mlff\npair_coeff * * "+copper+" Cu\n"+
			fmt.Sprintf("neighbor 1.0 bin\ntimestep 0.001\nvelocity all create 600 1 loop geom\nfix l all langevin 300 300 0.1 1\nfix n all nve\nrun 500\nunfix l\nreset_timestep 0 time 0\n"+
				"variable t equal time\nvariable e equal etotal/atoms\nthermo 10\nfix p all print 10 \"$(v_t:%%.17g) $(v_e:%%.17g)\" file energies screen no\nrun %d\n", steps))
		text, err := os.ReadFile(filepath.Join(dir, "energies"))
		if err != nil {
			t.Fatal(err)
		}
		var times, energies []float64
		for line := range strings.Lines(string(text)) {
			var at, e float64
			if n, _ := fmt.Sscan(line, &at, &e); n == 2 {
				times, energies = append(times, at), append(energies, 1000*e)
			}
		}
		from := len(times) / 5
		slope, uncertain := md.Drift(times[from:], energies[from:])
		t.Logf("%d ranks, %d steps: drift %.3g ± %.1g meV/atom/ps", ranks, steps, slope, uncertain)
		if bar := 0.01 + 3*uncertain; slope > bar || -slope > bar {
			t.Errorf("%d ranks: drift %g meV/atom/ps", ranks, slope)
		}
		if steps == 10000 && uncertain > 0.003 {
			t.Errorf("%d ranks: a drift known to ± %g meV/atom/ps says nothing about 0.01", ranks, uncertain)
		}
	}
}

// The sanitizer sees the memory of the pair style while atoms migrate.
func TestHeavyAddressSanitizer(t *testing.T) {
	folder, target := built(t)
	c := newScene(t)
	dir := t.TempDir()
	headers := map[string][]byte{"mlff.h": include.Header, "mlff_loader.h": include.Loader}
	if err := lammps.Build(context.Background(), target, headers, filepath.Join(folder, "libmlff.so"), dir, "-g", "-fsanitize=address,undefined", "-fno-sanitize=vptr"); err != nil {
		t.Fatal(err)
	}
	runtime, err := exec.Command("g++", "-print-file-name=libasan.so").Output()
	if err != nil {
		t.Skip("no libasan here")
	}
	input := "plugin load " + filepath.Join(dir, "mlffplugin.so") + "\n" + c.input(metal, "pair_style mlff\npair_coeff * * "+c.student+" O Si",
		"velocity all create 3000 1\nfix n all nve\nneighbor 0.3 bin\nneigh_modify every 1 delay 0\nthermo 10\ncompute c all centroid/stress/atom NULL\ncompute r all reduce sum c_c[1]\n"+
			"fix g all pair 10 mlff grade 1\nthermo_style custom step pe press c_r\nrun 100")
	file := filepath.Join(c.dir, "in.asan")
	if err := os.WriteFile(file, []byte(input), 0o666); err != nil {
		t.Fatal(err)
	}
	run := exec.Command(target.Launcher, "-n", "2", target.Program, "-in", file, "-log", "none")
	run.Env = append(os.Environ(), "LD_LIBRARY_PATH="+target.Library, "LD_PRELOAD="+strings.TrimSpace(string(runtime)), "ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0")
	if out, err := run.CombinedOutput(); err != nil || strings.Contains(string(out), "runtime error") {
		t.Errorf("%v\n%s", err, last(string(out), 40))
	}
}

// A million steps of 64 atoms take no more memory at the end than after the first tenth.
func TestHeavySoak(t *testing.T) {
	folder, target := built(t)
	c := newScene(t)
	steps := 1000000
	if s := os.Getenv("MLFF_SOAK_STEPS"); s != "" {
		steps, _ = strconv.Atoi(s)
	}
	input := "plugin load " + filepath.Join(folder, "mlffplugin.so") + "\n" + c.input(metal, "pair_style mlff\npair_coeff * * "+c.student+" O Si",
		fmt.Sprintf("replicate 1 1 2\nvelocity all create 300 1\nfix n all nvt temp 300 300 0.1\nthermo 10000\nrun %d", steps))
	file := filepath.Join(c.dir, "in.soak")
	if err := os.WriteFile(file, []byte(input), 0o666); err != nil {
		t.Fatal(err)
	}
	run := exec.Command(target.Program, "-in", file, "-log", "none", "-screen", "none")
	run.Env = append(os.Environ(), "LD_LIBRARY_PATH="+target.Library)
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- run.Wait() }()
	var sizes []int
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			compareSizes(t, sizes)
			return
		case <-time.After(500 * time.Millisecond):
			if kb := resident(run.Process.Pid); kb > 0 {
				sizes = append(sizes, kb)
			}
		}
	}
}

func compareSizes(t *testing.T, sizes []int) {
	t.Helper()
	if len(sizes) < 20 {
		t.Fatalf("only %d samples of memory", len(sizes))
	}
	early, late := sizes[len(sizes)/10+1], sizes[len(sizes)-1]
	t.Logf("resident: %d kB early, %d kB late", early, late)
	const room = 4096 // kB: the Go run time's heap may grow by an arena's part at any time
	if late > early+room {
		t.Errorf("memory grew from %d to %d kB", early, late)
	}
}

// resident is the memory of a process, kB, 0 if it is gone.
func resident(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	var kb int
	fmt.Sscan(rest, &kb)
	return kb
}
