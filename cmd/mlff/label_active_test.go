//go:build label

package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlff/structure"
)

// TestBenchLabelActive prints how much lower active selection makes the force error in the hottest tenth of dynamics, at
// equal labels: on Stillinger-Weber silicon, 200 labels, mean of three seeds. It takes five minutes.
func TestBenchLabelActive(t *testing.T) {
	dir := t.TempDir()
	silicon, err := filepath.Abs("../../examples/silicon.extxyz")
	if err != nil {
		t.Fatal(err)
	}
	hot := hottestTenth(t, dir, silicon)
	rmse := map[bool]float64{}
	for _, active := range []bool{false, true} {
		text := fmt.Sprintf("teacher: sw-si\nstructures: [%s]\nsample: {labels: 200, active: %t}\nstudent: {cutoff: 4.5}\ntrain: {steps: 2500, loss: huber}\n", silicon, active)
		config := filepath.Join(dir, fmt.Sprintf("%t.yaml", active))
		if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		for seed := 1; seed <= 3; seed++ {
			out := filepath.Join(dir, fmt.Sprintf("%t-%d", active, seed))
			command(t, "train", config, "--seed", fmt.Sprint(seed), "--out", out)
			e := errorsOf(t, filepath.Join(out, "candidate.safetensors"), []string{hot})
			fmt.Printf("active %t, seed %d: force RMSE %.1f meV/Å\n", active, seed, e[0].Errors.Forces.RMSE)
			rmse[active] += e[0].Errors.Forces.RMSE / 3
		}
	}
	tellAtMost("active selection, hottest tenth of dynamics, force RMSE over the sampler's alone", "times", rmse[true]/rmse[false], 0.8)
}

// hottestTenth is a file of the tenth of 400 frames of dynamics at 300, 900 and 1500 K that has the most energy per atom.
func hottestTenth(t *testing.T, dir, silicon string) string {
	t.Helper()
	all := filepath.Join(dir, "all.extxyz")
	command(t, "sample", "--teacher", "sw-si", "--structures", silicon, "--labels", "800", "--seed", "99", "--out", all)
	frames, err := structure.ReadFile(all, structure.Keys{})
	if err != nil {
		t.Fatal(err)
	}
	frames = slices.DeleteFunc(frames, func(f structure.Frame) bool {
		kind, _ := f.Get("config_type")
		return !strings.HasPrefix(kind, "md-")
	})
	energy := func(f *structure.Frame) float64 { return *f.Energy / float64(f.Len()) }
	slices.SortFunc(frames, func(a, b structure.Frame) int { return -cmp.Compare(energy(&a), energy(&b)) })
	hot := filepath.Join(dir, "hot.extxyz")
	w, err := structure.Create(hot)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range frames[:len(frames)/10] {
		f.Info = []structure.Entry{{Key: "config_type", Value: "hot"}}
		if err := w.Write(&f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return hot
}
