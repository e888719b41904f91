package benchmark

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlff/structure"
)

// interpreter is a Python that answers every line with the next of the given ones.
func interpreter(t *testing.T, answers ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "python")
	text := "#!/bin/sh\n"
	for _, a := range answers {
		text += "read line\ncat <<'EOF'\n" + a + "\nEOF\n"
	}
	if err := os.WriteFile(path, []byte(text+"echo 'MemoryError: too small' >&2\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	return path
}

const hello = `{"ready": {"calculator": "StudentCalculator", "device": "cpu", "ase": "3.26.0"}}`

func TestRunsThroughASE(t *testing.T) {
	python := interpreter(t, hello, `{"progress": 1}
{"run": {"integrator": "VelocityVerlet", "first_ms": 5, "step_ms": [2, 2, 4, 4], "call_ms": [1, 1, 3, 3], "engine_ms": 1.5, "conserved": null, "rss": [[0, 80], [4, 81]]}}`,
		`{"batch": {"single_ms": [8, 8], "batch_ms": [2, 4]}}`, `{"soak": [[1000, 80], [2000, 80.5]]}`)
	a, err := OpenASE(t.Context(), python, Calculator{Student: "s", Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	if a.Calculator != "StudentCalculator" || a.Version != "3.26.0" {
		t.Errorf("%+v", a)
	}
	done := 0
	s := structure.Structure{Numbers: []int{14, 14}, Positions: [][3]float64{{}, {2, 0, 0}}}
	r, err := a.Measure("student", s, Options{Steps: 4, Repeats: 2}, func(n int) { done = n })
	if err != nil {
		t.Fatal(err)
	}
	if r.Through != ThroughASE || r.Integrator != "ase.VelocityVerlet" || r.Threads != 2 || r.Latency.Mean != 3 || r.Call.Mean != 2 || *r.Overhead != 1500 ||
		r.FirstCall != 5 || *r.RSS != 81 || len(r.Growth) != 2 || r.Drift != nil || done != 1 {
		t.Errorf("%+v", r)
	}
	if r.NsPerDay != 1e-6*86400e3/3 { // 1 fs in 3 ms
		t.Errorf("%g ns per day", r.NsPerDay)
	}
	b, err := a.Batch(Jittered(&s, 4))
	if err != nil || b.Single != 500 || b.Together != 4/3e-3 || b.Ratio != 3 {
		t.Errorf("%+v %v", b, err)
	}
	m, err := a.Soak(s, Options{}, 2000, func(int, int) {})
	if err != nil || len(m) != 2 || m[1] != (Memory{2000, 80.5}) {
		t.Errorf("%v %v", m, err)
	}
	if _, err := a.Soak(s, Options{}, 2000, func(int, int) {}); err == nil || !strings.Contains(err.Error(), "too small") {
		t.Errorf("after its end: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

func TestWhatASECannotDo(t *testing.T) {
	for answer, absent := range map[string]bool{
		`{"absent": "this machine has no GPU"}`:                    true,
		`{"failed": "ModuleNotFoundError: No module named 'ase'"}`: true,
		`{"failed": "ValueError: a cell"}`:                         false,
	} {
		_, err := OpenASE(context.Background(), interpreter(t, answer), Calculator{Student: "s"})
		var a *AbsentError
		if err == nil || errors.As(err, &a) != absent {
			t.Errorf("%s: %v", answer, err)
		}
	}
	if _, err := OpenASE(context.Background(), filepath.Join(t.TempDir(), "gone"), Calculator{}); err == nil || structure.HintOf(err) == "" {
		t.Errorf("no Python: %v", err)
	}
}
