package teacher

import (
	"cmp"
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mlff/structure"
)

// python3 is the interpreter itself rather than a script that looks for it: half the time to start.
var python3 = sync.OnceValue(func() string {
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
})

func interpreterForTests(t testing.TB) string {
	t.Helper()
	if python3() == "" {
		t.Skip("no python3")
	}
	return python3()
}

// fake opens a teacher of testdata/fakes.py; these need no package beside Python's own.
func fake(t testing.TB, arguments string, o Options) *workers {
	t.Helper()
	o.Python = interpreterForTests(t)
	w := open(t, "ase:testdata/fakes.py:make"+arguments, o).(*workers)
	w.backoff = time.Millisecond
	return w
}

// cells of 1, 2, 3 ... atoms of argon, periodic, at their places plus something irregular.
func cells(n int) []structure.Structure {
	out := make([]structure.Structure, n)
	for k := range out {
		s := &out[k]
		s.Cell, s.PBC = [3][3]float64{{5, 0, 0}, {0.3, 5.2, 0}, {0, -0.2, 5.5}}, [3]bool{true, true, true}
		for i := range k + 1 {
			x := float64(i)
			s.Numbers = append(s.Numbers, 18)
			s.Positions = append(s.Positions, [3]float64{2.5*float64(i&1) + 0.1*math.Sin(x), 2.4*float64(i>>1&1) + 0.1*math.Cos(3*x), 2.6*float64(i>>2&1) + 0.05*x})
		}
	}
	return out
}

func TestChildrenLabel(t *testing.T) {
	s := cells(9)
	s[4].PBC = [3]bool{}
	var first []structure.Labels
	for _, o := range []struct {
		arguments string
		workers   int
	}{{"", 1}, {"?batch=4", 2}} {
		teach := fake(t, o.arguments, Options{Workers: o.workers})
		labels, err := teach.Label(context.Background(), s)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = labels
		}
		if !reflect.DeepEqual(labels, first) {
			t.Error("workers and batches change the labels")
		}
	}
	for k, l := range first {
		if l.Energy == nil || len(l.Forces) != k+1 || (l.Stress == nil) == s[k].Periodic() {
			t.Errorf("structure %d: labels %+v", k, l)
		}
	}
	if len(s[8].Numbers) != 9 || first[8].Forces[3] == first[8].Forces[4] {
		t.Error("forces are not those of the atoms")
	}
}

func TestFaultsOfChildren(t *testing.T) {
	for _, c := range []struct{ fault, says string }{
		{"nan", "the teacher's force on atom 0 is ["},
		{"raising", "RuntimeError: no neighbours here"},
		{"shape", "the teacher gave forces of another shape than 3 x 3"},
		{"spread&max_spread=0.4", "the members of the ensemble disagree by 0.5 eV/Å, more than 0.4"},
		{"crash", "2 workers failed on it, the last time because the worker died (signal: killed); it wrote last: Segmentation fault, they say"},
		{"hang", "the worker took longer than 300ms"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			s := cells(4)
			teach := fake(t, "?batch=2&atoms=3&fault="+c.fault, Options{Workers: 1})
			teach.limits.time = 300 * time.Millisecond
			labels, err := teach.Label(context.Background(), s)
			var some *LabelError
			if !errors.As(err, &some) || !reflect.DeepEqual(some.Structures, []int{2}) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("error %v", err)
			}
			for k := range s {
				if (labels[k].Energy == nil) != (k == 2) {
					t.Errorf("structure %d: labels %+v", k, labels[k])
				}
			}
		})
	}
}

func TestHarmlessOddities(t *testing.T) {
	for _, fault := range []string{"printing", "float32", "stressless", "spread"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			labels, err := fake(t, "?fault="+fault, Options{Workers: 1}).Label(context.Background(), cells(2))
			if err != nil || labels[1].Energy == nil || labels[1].Forces == nil || (labels[1].Stress == nil) != (fault == "stressless") {
				t.Errorf("%+v, %v", labels, err)
			}
		})
	}
}

// A worker that leaks is replaced when it holds three quarters of what it may, and nothing is lost.
func TestLeakingWorkersAreReplaced(t *testing.T) {
	t.Parallel()
	teach := fake(t, "?fault=leak", Options{Workers: 1, Memory: 500e6})
	began := teach.all[0].process.command.Process.Pid
	if _, err := teach.Label(context.Background(), cells(6)); err != nil {
		t.Fatal(err)
	}
	if w := teach.all[0]; w.process != nil && w.process.command.Process.Pid == began {
		t.Error("600 MB later it is still the same process")
	}
}

// A worker that takes too much at once is killed, and the structure is to blame.
func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	teach := fake(t, "?fault=hang", Options{Workers: 1})
	teach.limits.memory = 1e6 // Python alone needs more
	_, err := teach.Label(context.Background(), cells(1))
	if err == nil || !strings.Contains(err.Error(), "of memory, more than 0.001 GB") {
		t.Errorf("error %v", err)
	}
}

// kill -9 while a structure is being labelled costs nothing but the time.
func TestKilledWorkerIsReplaced(t *testing.T) {
	t.Parallel()
	mark := filepath.Join(t.TempDir(), "mark")
	labels, err := fake(t, "?fault=once&batch=3&mark="+mark, Options{Workers: 1}).Label(context.Background(), cells(3))
	if err != nil || labels[0].Energy == nil || labels[2].Energy == nil {
		t.Errorf("%+v, %v", labels, err)
	}
	teach := fake(t, "", Options{Workers: 1})
	syscall.Kill(teach.all[0].process.command.Process.Pid, syscall.SIGKILL)
	if _, err := teach.Label(context.Background(), cells(3)); err != nil {
		t.Errorf("killed while idle: %v", err)
	}
}

// Workers killed again and again cost nothing but time: every structure has its label, and the right one.
func TestManyKills(t *testing.T) {
	t.Parallel()
	s := make([]structure.Structure, 0, 70)
	for range 10 {
		s = append(s, cells(7)...)
	}
	labels, err := fake(t, "?fault=mortal&batch=3", Options{Workers: 2}).Label(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	for k := range s {
		if len(labels[k].Forces) != k%7+1 || *labels[k].Energy != *labels[k%7].Energy {
			t.Errorf("structure %d has labels %+v", k, labels[k])
		}
	}
}

// A teacher that dies on everything is given up rather than asked for days.
func TestBrokenTeacherIsGivenUp(t *testing.T) {
	t.Parallel()
	teach := fake(t, "?fault=crash", Options{Workers: 2})
	_, err := teach.Label(context.Background(), cells(40))
	if err == nil || !strings.Contains(err.Error(), "failed 12 times in a row") || !strings.Contains(structure.HintOf(err), "--trace") {
		t.Errorf("error %v, hint %s", err, structure.HintOf(err))
	}
}

func TestOpeningChildren(t *testing.T) {
	python3 := interpreterForTests(t)
	empty := t.TempDir()
	for _, c := range []struct {
		name, python, says, hint string
	}{
		{"ase:testdata/fakes.py:broken", "", "cannot be opened: RuntimeError: no such model", "RuntimeError: no such model"},
		{"ase:testdata/fakes.py:exiting", "", "cannot be opened: SystemExit: 5", ""},
		{"ase:testdata/fakes.py:nobody", "", "has no factory nobody", "define a function nobody()"},
		{"ase:nowhere.py:make", "", "there is no file nowhere.py", ""},
		{"ase:fakes", "", "names no factory", "ase:module:factory"},
		{"ase:no_such_package:make", "", "has no no_such_package", "-m pip install no_such_package"},
		{"ase:", "", "which one?", "it is used as ase:module:factory"},
		{"orb:orb-v2", empty, "is no virtual environment", "--python"},
		{"orb:orb-v2", filepath.Join(empty, "gone"), "there is no Python at", "--python"},
		{"ase:testdata/fakes.py:make?max_spread=x", "", "max_spread=x", "eV/Å"},
		{"ase:testdata/fakes.py:make?commercial=maybe", "", "commercial=maybe", "yes, no or unknown"},
	} {
		_, err := Open(c.name, Options{Python: cmp.Or(c.python, python3), Workers: 1})
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(structure.HintOf(err), c.hint) {
			t.Errorf("%s: error %v, hint %q", c.name, err, structure.HintOf(err))
		}
	}
}

func TestIdentityOfChildren(t *testing.T) {
	identity := func(arguments string) string { return fake(t, arguments, Options{Workers: 1}).Info().Identity }
	a := identity("")
	if len(a) != 64 || a != identity("?max_spread=3") {
		t.Error("the same teacher has two identities")
	}
	if a == identity("?batch=2") || a == identity("?licence=MIT") {
		t.Error("two teachers have the same identity")
	}
}

func TestClosingAndCancelling(t *testing.T) {
	teach := fake(t, "?fault=hang", Options{Workers: 2})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := teach.Label(ctx, cells(4)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	scripts := teach.scripts
	teach.Close()
	if _, err := os.Stat(scripts); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the scripts are left behind: %v", err)
	}
}

func TestTrace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace.txt")
	teach := fake(t, "", Options{Workers: 1, Trace: path})
	if _, err := teach.Label(context.Background(), cells(1)); err != nil {
		t.Fatal(err)
	}
	teach.Close()
	text, err := os.ReadFile(path)
	for _, want := range []string{`worker 0 > {"arguments"`, `worker 0 < {"ready"`, `worker 0 > {"bytes"`, "\nAr ", "energy="} {
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%v: no %q in %s", err, want, text)
		}
	}
}

// What the machinery costs: a teacher that does nothing, structures of 200 atoms.
func BenchmarkChild(b *testing.B) {
	teach := open(b, "ase:testdata/noop.py:make", Options{Workers: 1})
	s := structure.Supercell(&cells(8)[7], [3]int{5, 5, 1})
	for b.Loop() {
		if _, err := teach.Label(context.Background(), []structure.Structure{s}); err != nil {
			b.Fatal(err)
		}
	}
}

// Workers that die again and again are started ever more slowly.
func TestBackOff(t *testing.T) {
	w := &workers{backoff: time.Second}
	for deaths, want := range map[int]time.Duration{0: 0, 1: 0, 2: time.Second, 3: 2 * time.Second, 6: 16 * time.Second, 7: mostPause, 1000: mostPause} {
		if got := w.pause(deaths); got != want {
			t.Errorf("after %d deaths: %s, want %s", deaths, got, want)
		}
	}
}
