//go:build label

package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlff/structure"
	"mlff/structure/structuretest"
	"mlff/teacher"
)

// studentRow is a student of a real teacher: distilled by the command from start structures, judged phase by phase on
// dynamics of the teacher that it never saw.
type studentRow struct {
	name        string
	environment string // of python/tests
	teacher     string
	start       func(t *testing.T, by teacher.Teacher) []structure.Structure
	phases      func(start structure.Structure) []phase // of the first start
	config      string                                  // beside teacher, teacher_python and structures
}

// distilled runs the row; it returns the candidate and the held-out frames.
func (r *studentRow) distilled(t *testing.T) (candidate string, held []string) {
	t.Helper()
	python := teacherPython(t, r.environment)
	by, err := teacher.Open(r.teacher, teacher.Options{Python: python})
	if err != nil {
		t.Fatal(err)
	}
	start := r.start(t, by)
	if r.phases != nil {
		held = heldOut(t, r.name, by, r.phases(start[0]))
	}
	if err := by.Close(); err != nil {
		t.Fatal(err)
	}
	folder := os.Getenv("MLFF_KEEP") // where a run stays that somebody wants to look at
	if folder == "" {
		folder = t.TempDir()
	}
	folder = filepath.Join(folder, r.name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	writeStart(t, filepath.Join(folder, "start.extxyz"), start...)
	text := fmt.Sprintf("teacher: %s\nteacher_python: %s\nstructures: [start.extxyz]\n%s\n", r.teacher, python, r.config)
	if err := os.WriteFile(filepath.Join(folder, "config.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	command(t, "distill", filepath.Join(folder, "config.yaml"), "--accept-licence", "--out", filepath.Join(folder, "run"))
	return filepath.Join(folder, "run", "candidate.safetensors"), held
}

func writeStart(t *testing.T, path string, starts ...structure.Structure) {
	t.Helper()
	w, err := structure.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range starts {
		if err := w.Write(&structure.Frame{Structure: s}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// only is a start that no teacher is asked for.
func only(s structure.Structure) func(*testing.T, teacher.Teacher) []structure.Structure {
	return func(*testing.T, teacher.Teacher) []structure.Structure { return []structure.Structure{s} }
}

// accuracies prints the accuracy of forces in every phase with its bar.
func (r *studentRow) accuracies(t *testing.T, bar float64) {
	candidate, held := r.distilled(t)
	for _, e := range errorsOf(t, candidate, held) {
		if e.Errors.Forces == nil || e.Errors.Forces.Accuracy == nil {
			t.Errorf("%s, %s: no accuracy of forces", r.name, e.Type)
			continue
		}
		tellAtLeast(r.name+", "+e.Type+", accuracy of forces", "", *e.Errors.Forces.Accuracy, bar)
	}
}

// cubic is a conventional cell.
func cubic(a float64, numbers []int, fractional [][3]float64) structure.Structure {
	s := structure.Structure{Numbers: numbers, PBC: [3]bool{true, true, true}}
	for k := range 3 {
		s.Cell[k][k] = a
	}
	for _, x := range fractional {
		s.Positions = append(s.Positions, structure.Scale(a, x))
	}
	return s
}

// rocksalt is the conventional cell of cations and anions.
func rocksalt(a float64, cation, anion int) structure.Structure {
	var numbers []int
	var x [][3]float64
	for _, shift := range [][3]float64{{}, {0, 0.5, 0.5}, {0.5, 0, 0.5}, {0.5, 0.5, 0}} {
		numbers = append(numbers, cation, anion)
		x = append(x, shift, structure.Add(shift, [3]float64{0.5, 0.5, 0.5}))
	}
	return cubic(a, numbers, x)
}

// crystal makes phases of a crystal at temperatures.
func crystal(name string, start structure.Structure, temperatures ...float64) []phase {
	var out []phase
	for _, k := range temperatures {
		out = append(out, phase{name: fmt.Sprintf("%s %g K", name, k), start: structure.Supercell(&start, [3]int{2, 2, 2}), temperature: k, warm: 150, frames: 12, apart: 20})
	}
	return out
}

// TestBenchLabelSilicon distils SevenNet-0's silicon from its crystal and its liquid, at the volume of the crystal.
//
// Force MAE in the liquid, and of its frames among the labels, meV/Å, on this row's labels with one thing changed: nothing
// 62, 51; 64 channels 61, 48; hidden 16 62, 55; lt 2 62, 52; 32 radial functions 61, 51; cutoff 5 Å 62, 53, and 7 Å 60, 51;
// 40000 steps 62, 48; three times the rate 60, 54; labels of the liquid alone 64, 43. So neither size nor reach (locality:
// 12 at 6 Å) nor training limits it; what is left is the student's form. The error falls as labels to the power of -0.23,
// and the bar is 30.
func TestBenchLabelSilicon(t *testing.T) {
	frames, err := structure.ReadFile("../../examples/silicon.extxyz", structure.Keys{})
	if err != nil {
		t.Fatal(err)
	}
	silicon := frames[0].Structure
	melt := func(name string, frames int) phase {
		return phase{name: name, start: structure.Supercell(&silicon, [3]int{2, 2, 2}), temperature: 1700, hot: [2]float64{4000, 300}, warm: 150, frames: frames, apart: 20}
	}
	row := studentRow{name: "silicon", environment: "sevennet", teacher: "sevennet:7net-0",
		start: func(t *testing.T, by teacher.Teacher) []structure.Structure {
			return []structure.Structure{silicon, molten(t, "silicon", by, melt("molten", 1))}
		},
		phases: func(s structure.Structure) []phase {
			return append(crystal("crystal", s, 300, 900), melt("liquid 1700 K", 12))
		},
		config: "domain: {temperatures: [300, 900, 1700]}\nsample: {labels: 300, active: true}\nstudent: {cutoff: 6, channels: 32, mixed: 32, hidden: 64, lt: 3}\ntrain: {budget: 28m}"}
	row.accuracies(t, 0.95)
}

// TestBenchLabelRocksalt distils SevenNet-0's MgO, whose ions reach further than 55 neighbours do, and CHGNet's NaCl.
func TestBenchLabelRocksalt(t *testing.T) {
	for _, c := range []struct {
		name, teacher string
		start         structure.Structure
		hot           float64 // K, of the second phase
		config        string
	}{
		{"MgO", "sevennet:7net-0", rocksalt(4.25, 12, 8), 1500,
			"domain: {temperatures: [300, 900, 1500]}\nsample: {labels: 240, active: true}\nstudent: {cutoff: 6}\ntrain: {budget: 28m}"},
		{"NaCl", "chgnet:0.3.0", rocksalt(5.69, 11, 17), 900,
			"domain: {temperatures: [300, 600, 900]}\nsample: {labels: 240}\ntrain: {budget: 20m}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			row := studentRow{name: c.name, environment: "sevennet", teacher: c.teacher, start: only(c.start), config: c.config,
				phases: func(s structure.Structure) []phase { return crystal("crystal", s, 300, c.hot) }}
			row.accuracies(t, 0.95)
		})
	}
}

// TestBenchLabelWater distils a PaiNN for liquid water from a box of 64 molecules.
func TestBenchLabelWater(t *testing.T) {
	file := filepath.Join(structuretest.Data(t, "water-painn"), "teacher-painn.pt")
	row := studentRow{name: "water", environment: "graphpes", teacher: "graphpes:" + file, start: waterBox,
		phases: func(s structure.Structure) []phase {
			var out []phase
			for _, k := range []float64{300, 400} {
				out = append(out, phase{name: fmt.Sprintf("liquid %g K", k), start: s, temperature: k, warm: 500, frames: 12, apart: 40})
			}
			return out
		},
		config: "domain: {temperatures: [300, 350, 400]}\nsample: {labels: 300, active: true}\ntrain: {budget: 28m}"}
	candidate, held := row.distilled(t)
	for _, e := range errorsOf(t, candidate, held) {
		tellAtMost("water, "+e.Type+", force MAE", "meV/Å", e.Errors.Forces.MAE, 25)
	}
}

// waterBox is 64 molecules in 12.42 Å, first on a lattice, turned at random, then molten by the teacher.
func waterBox(t *testing.T, by teacher.Teacher) []structure.Structure {
	t.Helper()
	const a, bond, angle = 12.42, 0.97, 104.5 * math.Pi / 180
	s := structure.Structure{PBC: [3]bool{true, true, true}}
	for k := range 3 {
		s.Cell[k][k] = a
	}
	random := structure.Rand(1, "water box", 0)
	for k := range 64 {
		o := structure.Scale(a/4, [3]float64{float64(k % 4), float64(k / 4 % 4), float64(k / 16)})
		var u, v [3]float64 // of random orthonormal directions
		for i := range 3 {
			u[i], v[i] = random.NormFloat64(), random.NormFloat64()
		}
		u = structure.Scale(1/structure.Norm(u), u)
		v = structure.Sub(v, structure.Scale(structure.Dot(u, v), u))
		v = structure.Scale(1/structure.Norm(v), v)
		s.Numbers = append(s.Numbers, 8, 1, 1)
		s.Positions = append(s.Positions, o, structure.Add(o, structure.Scale(bond, u)),
			structure.Add(o, structure.Scale(bond, structure.Add(structure.Scale(math.Cos(angle), u), structure.Scale(math.Sin(angle), v)))))
	}
	return []structure.Structure{molten(t, "water", by, phase{name: "molten", start: s, temperature: 600, warm: 1000, frames: 1, apart: 10})}
}

// molten is the one structure of a phase of the teacher's.
func molten(t *testing.T, row string, by teacher.Teacher, p phase) structure.Structure {
	t.Helper()
	frames, err := structure.ReadFile(heldOut(t, row, by, []phase{p})[0], structure.Keys{})
	if err != nil {
		t.Fatal(err)
	}
	return frames[0].Structure
}

// TestBenchLabelEthanol distils ANI-1ccx, all eight networks, from one geometry of ethanol, and judges dynamics, a torsion
// and vibrations by python/bench/molecule.py.
func TestBenchLabelEthanol(t *testing.T) {
	row := studentRow{name: "ethanol", environment: "fennol", teacher: ani(t),
		start:  only(ethanol()),
		config: "domain: {temperatures: [300, 500]}\nsample: {labels: 800}\nstudent: {channels: 32, mixed: 32, hidden: 64, lt: 3}\ntrain: {budget: 14m, loss: huber}"}
	began := time.Now()
	candidate, _ := row.distilled(t)
	tellAtMost("ethanol, whole distillation from one geometry", "min", time.Since(began).Minutes(), 15)
	x := judgeMolecule(t, &row, candidate)
	tellAtMost("ethanol, force MAE in dynamics at 300 and 500 K", "meV/Å", x.Forces, 43)
	tellAtMost("ethanol, C-C-O-H torsion RMSE", "kcal/mol", x.Torsion, 0.1)
	tellAtMost("ethanol, 21 wavenumbers MAE", "cm⁻¹", x.Wavenumbers, 10)
	fmt.Printf("  by displacements of 0.06 Å, over which the teacher's kinks are averaged as vibrations do it, %.1f cm⁻¹\n", x.Wide)
}

// ethanol is anti, with textbook bonds and angles.
func ethanol() structure.Structure {
	return structure.Structure{Numbers: []int{6, 6, 8, 1, 1, 1, 1, 1, 1}, Positions: [][3]float64{
		{1.168, -0.400, 0}, {0, 0.559, 0}, {-1.190, -0.228, 0}, {-1.947, 0.382, 0},
		{0.043, 1.208, 0.887}, {0.043, 1.208, -0.887}, {2.116, 0.145, 0}, {1.129, -1.037, 0.886}, {1.129, -1.037, -0.886}}}
}

// molecular is what molecule.py prints of a student.
type molecular struct{ Forces, Torsion, Wavenumbers, Wide float64 }

// judgeMolecule runs molecule.py. What the teacher says is kept in the user's cache folder; delete it there to measure it anew.
func judgeMolecule(t *testing.T, row *studentRow, candidate string) molecular {
	t.Helper()
	root := filepath.Join("..", "..")
	build := exec.Command(teacherPython(t, "newest"), "setup.py", "--quiet", "build_ext", "--inplace")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the extension: %v\n%s", err, out)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	start := filepath.Join(t.TempDir(), "ethanol.extxyz")
	writeStart(t, start, ethanol())
	c := exec.Command(teacherPython(t, row.environment), "-W", "ignore", filepath.Join(root, "python", "bench", "molecule.py"), start, strings.TrimPrefix(row.teacher, "fennol:"),
		filepath.Join(cache, "mlff", "bench-label", "ethanol"), "0,1,2,3", candidate)
	c.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(root, "python"))
	c.Stderr = os.Stderr
	out, err := c.Output()
	var x molecular
	if err != nil || json.Unmarshal(out, &x) != nil {
		t.Fatalf("molecule.py: %v\n%s", err, out)
	}
	return x
}
