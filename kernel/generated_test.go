package kernel_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGenerated regenerates the assembly and compares it with what is here.
func TestGenerated(t *testing.T) {
	if testing.Short() {
		t.Skip("short: building the generator takes seconds")
	}
	dir := t.TempDir()
	if out, err := generator("mod", "download").CombinedOutput(); err != nil {
		t.Skipf("the generator's module cannot be fetched: %s", bytes.TrimSpace(out))
	}
	if out, err := generator("run", "-tags", "purego", ".", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		name := strings.TrimPrefix(path, dir+"/")
		want, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what kernel/gen writes: run 'go run -tags purego .' there (%v)", name, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 14 { // four back ends, the sums of forces and the loop for comparison: two each; two declarations of a site
		t.Errorf("%d files", files)
	}
}

// generator is a go command in the generator's module.
func generator(arguments ...string) *exec.Cmd {
	c := exec.Command("go", arguments...)
	c.Dir = "gen"
	c.Env = append(os.Environ(), "GOWORK=off")
	return c
}
