package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlff/model"
)

// asCommand makes this test binary the command mlff.
const asCommand = "MLFF_TEST_AS_COMMAND"

const killedConfig = `
teacher: sw-si
structures: [silicon.extxyz]
sample: {labels: 60, active: true}
student: {cutoff: 4.5, radial: 4, channels: 4, mixed: 4, hidden: 8, lmax: 2, lt: 2, intervals: 16}
train: {steps: %d}
bars: {energy: null, forces: null, stress: null, drift: null, on_policy: null}
`

const silicon = `2
Lattice="0 2.7155 2.7155 2.7155 0 2.7155 2.7155 2.7155 0" Properties=species:S:1:pos:R:3 pbc="T T T"
Si 0 0 0
Si 1.35775 1.35775 1.35775
`

// workplace is a folder with a configuration of so many steps.
func workplace(t *testing.T, steps int) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"run.yaml": fmt.Sprintf(killedConfig, steps), "silicon.extxyz": silicon} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// process is a mlff of its own.
type process struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

func start(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(self, args...)}
	p.Dir, p.Env = dir, append(os.Environ(), asCommand+"=1")
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() })
	return p
}

// code waits for the end and returns the exit code, -1 after a signal.
func (p *process) code(t *testing.T) int {
	t.Helper()
	var exit *exec.ExitError
	if err := p.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return p.ProcessState.ExitCode()
}

func (p *process) must(t *testing.T, code int) {
	t.Helper()
	if got := p.code(t); got != code {
		t.Fatalf("exit %d, want %d\n%s%s", got, code, &p.stdout, &p.stderr)
	}
}

// await waits until a file holds a text.
func await(t *testing.T, path, text string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if content, _ := os.ReadFile(path); strings.Contains(string(content), text) {
			return
		}
	}
	t.Fatalf("%s never held %q", path, text)
}

// substance is a student's file without when and where it was made.
func substance(t *testing.T, path string) []byte {
	t.Helper()
	m, err := model.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	m.Meta().Run = nil
	file, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestSameStudentForAnyThreads(t *testing.T) {
	dir := workplace(t, 100)
	for _, threads := range []string{"1", "2"} {
		start(t, dir, "distill", "run.yaml", "--threads", threads, "--out", "run"+threads).must(t, exitOK)
	}
	one, two := filepath.Join(dir, "run1/student.safetensors"), filepath.Join(dir, "run2/student.safetensors")
	if !bytes.Equal(substance(t, one), substance(t, two)) {
		t.Errorf("the students of one and of two threads differ")
	}
}

func TestSameStudentAfterKills(t *testing.T) { killLoop(t, 3, 1) }

// killLoop kills a run at random instants, resumes it each time, and compares the student with that of a run left alone.
func killLoop(t *testing.T, kills int, seed uint64) {
	dir := workplace(t, 400)
	began := time.Now()
	start(t, dir, "distill", "run.yaml", "--out", "calm").must(t, exitOK)
	whole := time.Since(began)
	want := substance(t, filepath.Join(dir, "calm/student.safetensors"))
	rng := rand.New(rand.NewPCG(seed, 0))
	p := start(t, dir, "distill", "run.yaml", "--out", "killed")
	for k := range kills {
		// The instant is what is random here; on average the kills are spread over the whole run.
		time.Sleep(time.Duration(2 * rng.Float64() * float64(whole) / float64(kills)))
		p.Process.Kill()
		if code := p.code(t); code == exitOK {
			t.Logf("done after %d kills", k) // it was faster this time
			break
		}
		p = resume(t, dir)
	}
	if p.ProcessState == nil {
		p.must(t, exitOK)
	}
	if !bytes.Equal(want, substance(t, filepath.Join(dir, "killed/student.safetensors"))) {
		t.Errorf("the student differs after %d kills, seed %d", kills, seed)
	}
}

// resume continues the killed run; a run killed before it wrote its configuration starts anew.
func resume(t *testing.T, dir string) *process {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "killed/config.yaml")); err != nil {
		return start(t, dir, "distill", "run.yaml", "--out", "killed")
	}
	return start(t, dir, "distill", "--resume", "killed")
}

func TestInterrupted(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			dir := workplace(t, 400)
			p := start(t, dir, "distill", "run.yaml", "--out", "run")
			await(t, filepath.Join(dir, "run/log.jsonl"), `"check"`) // training
			other := start(t, dir, "distill", "--resume", "run")
			other.must(t, exitFailed)
			if want := fmt.Sprintf("error: process %d works on run\nhint: ", p.Process.Pid); !strings.HasPrefix(other.stderr.String(), want) {
				t.Errorf("a second process says %q, want %q", &other.stderr, want)
			}
			if err := p.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			p.must(t, exitInterrupted)
			if !strings.HasSuffix(p.stderr.String(), "error: interrupted\nhint: continue with: mlff distill --resume run\n") {
				t.Errorf("interrupted, it says\n%s", &p.stderr)
			}
			if p.stdout.Len() > 0 {
				t.Errorf("interrupted, it prints %q", &p.stdout)
			}
			start(t, dir, "distill", "--resume", "run").must(t, exitOK)
		})
	}
}

func TestExitCodes(t *testing.T) {
	dir := workplace(t, 5)
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"version"}, exitOK},
		{[]string{"distil"}, exitUsage},
		{[]string{"distill", "--nonsense"}, exitUsage},
		{[]string{"eval", "one"}, exitUsage},
		{[]string{"md", "a", "b", "--precision", "half"}, exitUsage},
		{[]string{"info", "gone"}, exitFailed},
		{[]string{"distill", "run.yaml"}, exitOK},
		{[]string{"distill", "run.yaml"}, exitFailed}, // the directory is taken
		{[]string{"validate", "run-run/student.safetensors", "--drift", "1e-9"}, exitBelowBar},
	} {
		p := start(t, dir, c.args...)
		if code := p.code(t); code != c.code {
			t.Errorf("mlff %v: exit %d, want %d\n%s", c.args, code, c.code, &p.stderr)
		}
	}
}
