package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlff/dataset"
	"mlff/structure"
)

// argon writes n different structures of five atoms to a file of a new folder, and returns the folder.
func argon(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	w, err := structure.Create(filepath.Join(dir, "argon.extxyz"))
	if err != nil {
		t.Fatal(err)
	}
	for k := range n {
		f := structure.Frame{Info: []structure.Entry{{Key: "number", Value: strconv.Itoa(k)}}}
		random := structure.Rand(1, "argon", uint64(k))
		for i := range 5 {
			f.Numbers = append(f.Numbers, 18)
			f.Positions = append(f.Positions, [3]float64{2.5*float64(i) + random.Float64(), random.Float64(), random.Float64()})
		}
		if err := w.Write(&f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// counted is the command line that has argon labelled by a teacher that notes the energy of every structure it labels.
func counted(t *testing.T, dir string, more ...string) []string {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3")
	}
	fakes, err := filepath.Abs("../../teacher/testdata/fakes.py")
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{"label", "argon.extxyz", "--teacher", "ase:" + fakes + ":make?fault=counted&mark=" + filepath.Join(dir, "calls"), "--out", "labelled.extxyz"}, more...)
}

// calls are the energies that the teacher noted.
func calls(t *testing.T, dir string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

// awaitCalls waits for so many calls more, or until all are made.
func awaitCalls(t *testing.T, dir string, more int) {
	t.Helper()
	before := len(calls(t, dir))
	// Slurm lets a requeued job wait for two minutes.
	for deadline := time.Now().Add(4 * time.Minute); len(calls(t, dir)) < before+more; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, "labelled.extxyz")); err == nil {
			return // all is made
		}
		if time.Now().After(deadline) {
			t.Fatalf("the teacher made %d calls, and no more", len(calls(t, dir)))
		}
	}
}

// onDisk are the energies of labels that a killed process left in a folder.
func onDisk(t *testing.T, folder string) []string {
	t.Helper()
	s, err := dataset.OpenStore(folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	items, err := s.Items()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, it := range items {
		list = append(list, energyText(*it.Energy))
	}
	return list
}

// energyText is a number as Python writes it.
func energyText(x float64) string {
	text := strconv.FormatFloat(x, 'g', -1, 64)
	if mantissa, exponent, ok := strings.Cut(text, "e"); ok && x > 1e-4 {
		return mantissa + "e" + exponent
	}
	return text
}

// allLabelled makes sure that a file has every structure of argon, each with its own label, in order.
func allLabelled(t *testing.T, path string, n int) {
	t.Helper()
	frames, err := structure.ReadFile(path, structure.Keys{})
	if err != nil || len(frames) != n {
		t.Fatalf("%d frames, %v", len(frames), err)
	}
	seen := map[float64]bool{}
	for k, f := range frames {
		number, _ := f.Get("number")
		if number != strconv.Itoa(k) || f.Energy == nil || len(f.Forces) != 5 || seen[*f.Energy] {
			t.Fatalf("frame %d: number %s, labels %+v", k, number, f.Labels)
		}
		seen[*f.Energy] = true
	}
}

func TestNoLabelIsLostOrRedone(t *testing.T) { labelKills(t, 3, 150, 1) }

// labelKills kills mlff label at random instants. What was on disk then must never be asked for again.
func labelKills(t *testing.T, kills, frames int, seed uint64) {
	dir := argon(t, frames)
	args := counted(t, dir, "--workers", "2")
	rng := rand.New(rand.NewPCG(seed, 1))
	for k := range kills {
		p := start(t, dir, args...)
		awaitCalls(t, dir, rng.IntN(2*frames/kills))
		time.Sleep(time.Duration(rng.IntN(20)) * time.Millisecond) // the instant is what is random here
		p.Process.Kill()
		if p.code(t) == exitOK {
			t.Logf("done after %d kills", k)
			break
		}
		made := calls(t, dir)
		var kept []string
		if _, err := os.Stat(filepath.Join(dir, "labelled.extxyz.parts")); err == nil {
			kept = onDisk(t, filepath.Join(dir, "labelled.extxyz.parts"))
		}
		if _, err := os.Stat(filepath.Join(dir, "labelled.extxyz")); err == nil {
			kept = made
		}
		for _, e := range kept {
			if !slices.Contains(made, e) {
				t.Fatalf("a label with energy %s is on disk, but the teacher gave none", e)
			}
		}
		t.Logf("killed with %d of %d labels on disk", len(kept), len(made))
		defer func() {
			for _, e := range calls(t, dir)[len(made):] {
				if slices.Contains(kept, e) {
					t.Errorf("after kill %d the label with energy %s was made again", k, e)
				}
			}
		}()
	}
	start(t, dir, args...).must(t, exitOK)
	allLabelled(t, filepath.Join(dir, "labelled.extxyz"), frames)
	if left, _ := filepath.Glob(filepath.Join(dir, "*labelled.extxyz?*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestKilledLabellersAreReplaced(t *testing.T) { workerKills(t, 2, 100, 1) }

// workerKills kills the processes that hold the teacher. The command goes on, and asks again only for what was in flight.
func workerKills(t *testing.T, kills, frames int, seed uint64) {
	dir := argon(t, frames)
	p := start(t, dir, counted(t, dir, "--workers", "2")...)
	rng := rand.New(rand.NewPCG(seed, 2))
	killed := 0
	for range kills {
		awaitCalls(t, dir, 1+rng.IntN(frames/kills/2))
		if children := childrenOf(p.Process.Pid); len(children) > 0 {
			syscall.Kill(children[rng.IntN(len(children))], syscall.SIGKILL)
			killed++
		}
	}
	p.must(t, exitOK)
	allLabelled(t, filepath.Join(dir, "labelled.extxyz"), frames)
	if n := len(calls(t, dir)); n > frames+killed {
		t.Errorf("%d calls for %d structures and %d kills", n, frames, killed)
	}
}

// childrenOf are the processes that a process started.
func childrenOf(pid int) []int {
	var list []int
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, path := range tasks {
		text, _ := os.ReadFile(path)
		for _, word := range strings.Fields(string(text)) {
			child, _ := strconv.Atoi(word)
			list = append(list, child)
		}
	}
	return list
}

func TestInterruptedLabelling(t *testing.T) {
	dir := argon(t, 300)
	args := counted(t, dir, "--workers", "1")
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGUSR1} {
		p := start(t, dir, args...)
		awaitCalls(t, dir, 5)
		p.Process.Signal(sig)
		p.must(t, exitInterrupted)
		text := p.stderr.String()
		if !strings.Contains(text, "error: interrupted: ") || !strings.Contains(text, "of 300 structures are labelled\nhint: the same command goes on") {
			t.Errorf("%v: it says\n%s", sig, text)
		}
	}
	other := start(t, dir, "label", "argon.extxyz", "--teacher", "lj-ar", "--out", "labelled.extxyz")
	other.must(t, exitFailed)
	if text := other.stderr.String(); !strings.Contains(text, "labelled.extxyz.parts has labels of another teacher, ase:") {
		t.Errorf("another teacher: %s", text)
	}
}
