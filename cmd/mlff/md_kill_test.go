package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestDynamicsGoOnWithTheSameBits stops runs in the middle, politely and not, and compares the files of what goes on with
// those of a run left alone.
func TestDynamicsGoOnWithTheSameBits(t *testing.T) {
	dir := t.TempDir()
	student, err := filepath.Abs("../../python/tests/data/copper.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	const cell = "4\nLattice=\"3.6 0 0 0 3.6 0 0 0 3.6\" Properties=species:S:1:pos:R:3 pbc=\"T T T\"\nCu 0 0 0\nCu 0 1.8 1.8\nCu 1.8 0 1.8\nCu 1.8 1.8 0\n"
	if err := os.WriteFile(filepath.Join(dir, "start.extxyz"), []byte(cell), 0o666); err != nil {
		t.Fatal(err)
	}
	run := func(name string) []string {
		return []string{"md", student, "start.extxyz", "--steps", "20000", "--every", "10", "--ensemble", "npt", "--replicas", "3",
			"--out", name + ".extxyz", "--thermo", name + ".csv"}
	}
	start(t, dir, run("calm")...).must(t, exitOK)
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGKILL} {
		name := sig.String()
		p := start(t, dir, run(name)...)
		await(t, filepath.Join(dir, name+"-0.csv"), "\n") // the first of its states is on the disk
		if err := p.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		code := p.code(t)
		if want := map[os.Signal]int{syscall.SIGINT: exitInterrupted, syscall.SIGKILL: -1}[sig]; code != want {
			t.Logf("%v: exit %d: it was faster", sig, code)
		} else if sig == syscall.SIGINT && !strings.Contains(p.stderr.String(), "of 60000 steps\nhint: mlff md "+student+" --restart "+name+".restart goes on from there\n") {
			t.Errorf("interrupted, it says\n%s", &p.stderr)
		}
		start(t, dir, "md", student, "--restart", name+".restart").must(t, exitOK)
		for _, file := range []string{"-0.extxyz", "-1.extxyz", "-2.extxyz", "-0.csv", "-2.csv"} {
			calm, err := os.ReadFile(filepath.Join(dir, "calm"+file))
			if err != nil {
				t.Fatal(err)
			}
			if stopped, _ := os.ReadFile(filepath.Join(dir, name+file)); !bytes.Equal(calm, stopped) {
				t.Errorf("%v: %s%s differs from that of a run left alone", sig, name, file)
			}
		}
	}
}
