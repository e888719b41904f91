package lammps_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlff/structure"
)

// scene is a small frame, its student and the lines before the pair style.
type scene struct {
	dir, student, data string
	numbers            []int
	s                  *structure.Structure
}

func newScene(t testing.TB) *scene {
	c := &scene{dir: t.TempDir(), numbers: []int{8, 14}}
	c.s = diamond([3]int{2, 2, 1}, 0, c.numbers, [3]bool{true, true, true})
	c.student, _ = student(t, c.dir, c.numbers...)
	c.data = data(t, c.dir, c.s, c.numbers)
	return c
}

// input starts from the data; before and after are the lines around the pair style.
func (c *scene) input(before, style, after string) string {
	return fmt.Sprintf("%s\nread_data %s\n%s\n%s\n", before, c.data, style, after)
}

const metal = "units metal\natom_style atomic"

// Each mistake ends all processes with one line that says what is wrong.
func TestMistakes(t *testing.T) {
	c := newScene(t)
	good := "pair_style mlff\npair_coeff * * " + c.student + " O Si"
	damaged := filepath.Join(c.dir, "damaged.safetensors")
	text, err := os.ReadFile(c.student)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 4
	for path, text := range map[string][]byte{damaged: text, filepath.Join(c.dir, "empty"): nil} {
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	newer, layered := filepath.Join(c.dir, "newer.safetensors"), filepath.Join(c.dir, "layered.safetensors")
	for path, change := range map[string][2]string{newer: {`"version":"1"`, `"version":"2"`}, layered: {`\"layers\":1`, `\"layers\":2`}} {
		if err := os.WriteFile(path, resealed(t, c.student, change[0], change[1]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	coeff := func(words string) string { return "pair_style mlff\npair_coeff * * " + words }
	cases := []struct{ name, input, want string }{
		{"too few elements", c.input(metal, coeff(c.student+" Si"), ""), "2 element(s), one for each atom type, or NULL: there are 1"},
		{"foreign element", c.input(metal, coeff(c.student+" O Ga"), ""), "does not know Ga, the element of atom type 2"},
		{"no element", c.input(metal, coeff(c.student+" O Qq"), ""), "does not know Qq"},
		{"missing file", c.input(metal, coeff("nowhere O Si"), ""), "cannot read nowhere"},
		{"damaged file", c.input(metal, coeff(damaged+" O Si"), ""), "damaged.safetensors: the student in memory: "},
		{"newer file", c.input(metal, coeff(newer+" O Si"), ""), "the student has format version 2, this program reads 1"},
		{"two layers", c.input(metal, coeff(layered+" O Si"), ""), "layers"},
		{"empty file", c.input(metal, coeff("empty O Si"), ""), "empty: "},
		{"newton off", c.input("newton off\n"+metal, good, "run 0"), "needs newton pair on"},
		{"units lj", c.input("units lj", good, "run 0"), "needs units metal or real, not lj"},
		{"wrong order", c.input(metal, coeff(c.student+" Si O"), "run 0"), "are the elements in the order of the types"},
		{"rRESPA", c.input(metal, good, "run_style respa 2 2\nrun 0"), "run_style verlet"},
		{"keyword", c.input(metal, "pair_style mlff accuracy high", ""), "does not know accuracy high"},
		{"no value", c.input(metal, "pair_style mlff threads", ""), "threads lacks a value"},
		{"one pair", c.input(metal, good, "compute p all pair/local eng\ndump d all local 1 d index c_p\nrun 0"), "does not support compute pair/local"},
		{"coincident on one rank", c.input(metal, good, "set atom 2 x 0.3 y 0.3 z 0.3\nset atom 1 x 0.3 y 0.3 z 0.3\nrun 0"), "at the same place"},
	}
	for k, m := range cases {
		out, err := lmp(t, c.dir, 1+k%2, m.input)
		if err == nil || !strings.Contains(out, m.want) {
			t.Errorf("%s: %v, the output lacks %q:\n%s", m.name, err, m.want, last(out, 6))
		}
		if n := strings.Count(out, "ERROR"); n != 1 {
			t.Errorf("%s: %d lines with ERROR:\n%s", m.name, n, last(out, 8))
		}
	}
}

// resealed is a student's file with a word of its metadata changed, and a seal that fits.
func resealed(t *testing.T, path, word, by string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(word)) {
		t.Fatalf("the student's file has no %s", word)
	}
	text = bytes.Replace(text, []byte(word), []byte(by), 1)
	const key = `"sha256":"`
	seal := text[bytes.Index(text, []byte(key))+len(key):][:64]
	copy(seal, strings.Repeat("0", 64))
	copy(seal, fmt.Sprintf("%x", sha256.Sum256(text)))
	return text
}

func last(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// full is the scene's first four atoms as two bonded pairs in LAMMPS' atom style full.
func (c *scene) full(t *testing.T) string {
	t.Helper()
	text := "bonded\n\n4 atoms\n2 atom types\n2 bonds\n1 bond types\n\n0 20 xlo xhi\n0 20 ylo yhi\n0 20 zlo zhi\n\nMasses\n\n1 15.999\n2 28.085\n\nAtoms # full\n\n" +
		"1 1 1 -0.5 1 1 1\n2 1 2 0.5 2.6 1 1\n3 2 1 -0.5 1 3 1\n4 2 2 0.5 2.6 3.1 1\n\nBonds\n\n1 1 1 2\n2 1 3 4\n"
	path := filepath.Join(c.dir, "full")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// Bonded atoms: LAMMPS hides them from the list unless told otherwise.
func TestBondedAtomsAreSeenOrRefused(t *testing.T) {
	c := newScene(t)
	path := c.full(t)
	input := func(bonds string) string {
		return "units metal\natom_style full\nbond_style zero\n" + bonds + "\nread_data " + path + "\nbond_coeff *\npair_style mlff precision float64\npair_coeff * * " + c.student +
			" O Si\nrun 0\nvariable e equal pe\nprint \"energy $(v_e:%.17g)\"\n"
	}
	out, err := lmp(t, c.dir, 2, input(""))
	if err == nil || !strings.Contains(out, "special_bonds lj/coul 1.0 1.0 1.0") {
		t.Errorf("default weights: %v\n%s", err, last(out, 6))
	}
	got := values(t, must(t, c.dir, 2, input("special_bonds lj/coul 1.0 1.0 1.0")), "energy")
	_, m := student(t, c.dir, c.numbers...)
	s := &structure.Structure{Numbers: []int{8, 14, 8, 14}, Positions: [][3]float64{{1, 1, 1}, {2.6, 1, 1}, {1, 3, 1}, {2.6, 3.1, 1}}}
	want := engine(t, m, s, "float64")
	near(t, "energy of bonded atoms", got[0], want.Energy, 4e-9) // 1e-9 an atom
}
