package report

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"mlff/benchmark"
)

func TestBenchPage(t *testing.T) {
	drift, deviation, overhead := 1e-4, 2e-4, 12.5
	run := func(name, through string, atoms int, ms float64) *benchmark.Run {
		return &benchmark.Run{Potential: name, Ensemble: "nve", Atoms: atoms, Threads: 1, Steps: 1000, Timestep: 1, Through: through, Integrator: "md.verlet",
			Latency: benchmark.Latency{Mean: ms, P50: ms, P95: ms, P99: ms}, Drift: &drift, DriftError: &deviation, Overhead: &overhead,
			Growth: []benchmark.Memory{{Steps: 0, RSS: 80}, {Steps: 1000, RSS: 80.5}}}
	}
	pays := 1234.0
	r := &benchmark.Results{
		Runs: []*benchmark.Run{run("student", "engine", 100, 0.2), run("student", "ase", 100, 0.25), run("sevennet:<b>", "ase", 100, 300),
			run("student", "ase", 200, 0.5), run("sevennet:<b>", "ase", 200, 600)},
		Comparisons: []benchmark.Comparison{{Ensemble: "nve", Atoms: 100, Threads: 1, Through: "ase", Teacher: 300, Student: 0.25, TeacherSteps: 30, StudentSteps: 1000,
			SpeedUp: benchmark.Interval{Value: 1200, Low: 1150, High: 1250}, BreakEven: &pays},
			{Ensemble: "nve", Atoms: 200, Threads: 1, Through: "ase", Teacher: 600, Student: 0.5, TeacherSteps: 30, StudentSteps: 1000,
				SpeedUp: benchmark.Interval{Value: 1200, Low: 1150, High: 1250}}},
		Scaling: []benchmark.Scaling{{Potential: "student", Through: "engine", Ensemble: "nve", Threads: 1, Sizes: 3, Exponent: 1.01}},
		Batches: []benchmark.Batch{{Through: "engine", Atoms: 8, Structures: 100, Threads: 2, Single: 1000, Together: 1900, Ratio: 1.9}},
		Absent:  []string{"sevennet on a GPU: this machine has no GPU"},
		Machine: benchmark.Machine{Processor: "A & B", Cores: 2, System: "linux/amd64"},
	}
	text := bench(t, r)
	for _, want := range []string{"A &amp; B, 2 cores, linux/amd64", "NVE through ASE", "1200", "1150 to 1250", "30, 1000", "1234 steps", "12.5", "1.01", "1.9", "no GPU", "sevennet:&lt;b&gt;", "0.50"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, never := range []string{"<script", "http:", "https:", "<b>", "ZgotmplZ", "%!", "NaN"} {
		if strings.Contains(text, never) {
			t.Errorf("the page contains %q", never)
		}
	}
	if n := strings.Count(text, "<svg "); n != 3 {
		t.Errorf("%d drawings", n)
	}
	bench(t, &benchmark.Results{Memory: []benchmark.Memory{{Steps: 1000, RSS: 30}, {Steps: 10000, RSS: math.NaN()}}})
	r.Runs, r.Comparisons = r.Runs[:3], r.Comparisons[:1]
	if n := strings.Count(bench(t, r), "<svg "); n != 1 {
		t.Errorf("%d drawings of one number of atoms, which leave only memory to draw", n)
	}
	bench(t, &benchmark.Results{})
}

func bench(t *testing.T, r *benchmark.Results) string {
	t.Helper()
	var page bytes.Buffer
	if err := Bench(&page, r); err != nil {
		t.Fatal(err)
	}
	return page.String()
}
