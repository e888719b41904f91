package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mlff/benchmark"
)

// TestBenchKeepsWhatItMeasured stops a benchmark after its first run, politely and not.
func TestBenchKeepsWhatItMeasured(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		dir := t.TempDir()
		p := start(t, dir, "bench", "--reference", "--sizes", "64", "--threads", "1,1,1,1,1,1", "--steps", "2000", "--json", "--out", "bench.json", "--csv", "bench.csv")
		await(t, filepath.Join(dir, "bench.csv"), "reference,nve,64,1,")
		if err := p.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		code := p.code(t)
		kept, err := os.ReadFile(filepath.Join(dir, "bench.json"))
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string][]byte{"bench.json": kept, "stdout": p.stdout.Bytes()} {
			if sig == syscall.SIGKILL && name == "stdout" {
				continue
			}
			var r benchmark.Results
			if err := json.Unmarshal(text, &r); err != nil {
				t.Fatalf("%v, %s: %v", sig, name, err)
			}
			rest := "the rest: interrupted"
			if sig == syscall.SIGKILL {
				rest = "the rest: not yet"
			}
			if len(r.Runs) == 0 || len(r.Runs) == 6 || len(r.Absent) != 1 || r.Absent[0] != rest {
				t.Errorf("%v, %s: %d runs, not measured: %q", sig, name, len(r.Runs), r.Absent)
			}
		}
		if sig == syscall.SIGINT && (code != exitInterrupted || !strings.HasSuffix(p.stderr.String(), "error: interrupted; what was measured is printed\nhint: start the command again for the rest\n")) {
			t.Errorf("exit %d\n%s", code, &p.stderr)
		}
	}
}
