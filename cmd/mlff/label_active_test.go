//go:build label

package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlff/sample"
	"mlff/structure"
)

// TestBenchLabelActive prints how much lower active selection makes the force error in the hottest tenth of dynamics, at
// equal labels: on Stillinger-Weber silicon, 200 labels, mean of three seeds; and what happens to the walls around the
// domain. It takes five minutes.
func TestBenchLabelActive(t *testing.T) {
	dir := t.TempDir()
	silicon, err := filepath.Abs("../../examples/silicon.extxyz")
	if err != nil {
		t.Fatal(err)
	}
	hot := hottestTenth(t, dir, silicon)
	rmse := map[bool]map[string]float64{false: {}, true: {}} // of forces, by kind of frame, meV/Å
	for _, active := range []bool{false, true} {
		text := fmt.Sprintf("teacher: sw-si\nstructures: [%s]\nsample: {labels: 200, active: %t}\nstudent: {cutoff: 4.5}\ntrain: {steps: 2500, loss: huber}\n", silicon, active)
		config := filepath.Join(dir, fmt.Sprintf("%t.yaml", active))
		if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		for seed := 1; seed <= 3; seed++ {
			out := filepath.Join(dir, fmt.Sprintf("%t-%d", active, seed))
			command(t, "train", config, "--seed", fmt.Sprint(seed), "--out", out)
			fmt.Printf("active %t, seed %d, force RMSE in meV/Å:", active, seed)
			for _, e := range errorsOf(t, filepath.Join(out, "candidate.safetensors"), []string{hot}) {
				fmt.Printf(" %s %.1f", e.Type, e.Errors.Forces.RMSE)
				rmse[active][e.Type] += e.Errors.Forces.RMSE / 3
			}
			fmt.Println()
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(rmse[true])) {
		ratio := rmse[true][kind] / rmse[false][kind]
		if kind != "hot" {
			fmt.Printf("  active selection, %s, force RMSE over the sampler's alone: %.2f times\n", kind, ratio)
			continue
		}
		tellAtMost("active selection, hottest tenth of dynamics, force RMSE over the sampler's alone", "times", ratio, 0.8)
	}
}

// hottestTenth is a file of the tenth of 400 frames of dynamics at 300, 900 and 1500 K that has the most energy per atom,
// called hot, and of walls.
func hottestTenth(t *testing.T, dir, silicon string) string {
	t.Helper()
	all := filepath.Join(dir, "all.extxyz")
	command(t, "sample", "--teacher", "sw-si", "--structures", silicon, "--labels", "800", "--seed", "99", "--out", all)
	frames, err := structure.ReadFile(all, structure.Keys{})
	if err != nil {
		t.Fatal(err)
	}
	var dynamics, walls []structure.Frame
	for _, f := range frames {
		kind, _ := f.Get("config_type")
		switch {
		case strings.HasPrefix(kind, "md-"):
			f.Info = []structure.Entry{{Key: "config_type", Value: "hot"}}
			dynamics = append(dynamics, f)
		case sample.Wall(kind) && f.Len() > 1:
			walls = append(walls, f)
		}
	}
	energy := func(f *structure.Frame) float64 { return *f.Energy / float64(f.Len()) }
	slices.SortFunc(dynamics, func(a, b structure.Frame) int { return -cmp.Compare(energy(&a), energy(&b)) })
	hot := filepath.Join(dir, "hot.extxyz")
	w, err := structure.Create(hot)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(dynamics[:len(dynamics)/10], walls...) {
		if err := w.Write(&f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return hot
}
