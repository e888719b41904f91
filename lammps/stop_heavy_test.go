//go:build heavy

package lammps_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mlff/structure"
)

// What docs/lammps.md tells the user to do when a run stops is done here to the letter: the student learns the frame, and
// the run goes on from its restart file beyond the step where it stopped.
func TestHeavyStopLearnGoOn(t *testing.T) {
	_, target := built(t)
	text, err := os.ReadFile("../docs/lammps.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## When a run leaves what its student knows")
	lines := regexp.MustCompile(`(?m)^    (.*)$`).FindAllStringSubmatch(section[:strings.Index(section, "\n## ")], -1)
	if len(lines) != 6 {
		t.Fatalf("%d commands in docs/lammps.md", len(lines))
	}
	root := checkoutCopy(t)
	run := func(command string) (string, error) {
		c := exec.Command("sh", "-c", strings.ReplaceAll(command, "VENV", environment()))
		c.Dir = root
		c.Env = append(os.Environ(), "PATH="+strings.Join([]string{filepath.Join(root, "bin"), filepath.Dir(target.Program), filepath.Dir(target.Launcher), os.Getenv("PATH")}, ":"),
			"LD_LIBRARY_PATH="+target.Library, "MLFF_LIBRARY="+filepath.Join(plugin.folder, "libmlff.so"))
		out, err := c.CombinedOutput()
		t.Logf("%s\n%s", command, last(string(out), 6))
		return string(out), err
	}
	for _, k := range []int{0, 1} { // a student and a plugin
		if out, err := run(lines[k][1]); err != nil {
			t.Fatalf("%v\n%s", err, last(out, 20))
		}
	}
	cd := lines[2][1] + " && "
	out, err := run(cd + lines[3][1])
	stops, _ := filepath.Glob(filepath.Join(root, "examples/lammps/mlff_stop.*.extxyz"))
	if err == nil || len(stops) != 1 || strings.Count(out, "ERROR") != 1 {
		t.Fatalf("it did not stop, or not well: %v %v\n%s", err, stops, last(out, 20))
	}
	step, _ := strconv.Atoi(strings.Split(filepath.Base(stops[0]), ".")[1])
	if !strings.Contains(out, "mlff distill --resume RUN --add "+filepath.Base(stops[0])) {
		t.Errorf("what comes next is not said:\n%s", last(out, 3))
	}
	if out, err := run(cd + strings.ReplaceAll(lines[4][1], "STEP", strconv.Itoa(step))); err != nil {
		t.Fatalf("%v\n%s", err, last(out, 20))
	}
	frames, err := structure.ReadFile(stops[0], structure.Keys{})
	if err != nil {
		t.Fatal(err)
	}
	split, _ := os.ReadFile(filepath.Join(root, "run", "splits.json"))
	train, _, _ := strings.Cut(string(split), `"held"`)
	if !strings.Contains(train, structure.ID(&frames[0].Structure)) {
		t.Error("the frame is not learned from")
	}
	out, _ = run(cd + strings.ReplaceAll(lines[5][1], "STEP", strconv.Itoa(step))) // may stop again, later
	reached := 0
	for _, m := range regexp.MustCompile(`(?m)^ +(\d+) +[\d.]+ `).FindAllStringSubmatch(out, -1) {
		at, _ := strconv.Atoi(m[1])
		reached = max(reached, at)
	}
	if m := regexp.MustCompile(`stopped at step (\d+)`).FindStringSubmatch(out); m != nil {
		at, _ := strconv.Atoi(m[1])
		reached = max(reached, at)
	}
	t.Logf("stopped at step %d, went on to step %d", step, reached)
	if reached <= step {
		t.Errorf("it did not go on from step %d:\n%s", step, last(out, 20))
	}
}

// checkoutCopy is a folder with the command in bin and the examples, as a user has it after make build.
func checkoutCopy(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if said, err := exec.Command("go", "build", "-o", filepath.Join(root, "bin", "mlff"), "../cmd/mlff").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if err := os.CopyFS(filepath.Join(root, "examples"), os.DirFS("../examples")); err != nil {
		t.Fatal(err)
	}
	return root
}
