package distill

import (
	"fmt"
	"testing"

	"mlff/dataset"
	"mlff/teacher"
)

// The frame at which a simulation stopped is learned from, wherever its name falls among the groups; larger files share.
func TestLoneAdditionsAreLearnedFrom(t *testing.T) {
	many := Source{File: "many.extxyz"}
	r := &run{config: &Config{Plan: &Plan{Added: []Source{many}}}}
	var items []dataset.Item
	for k := range 100 {
		file := fmt.Sprintf("mlff_stop.%d.extxyz", k)
		r.config.Plan.Added = append(r.config.Plan.Added, Source{File: file})
		items = append(items, dataset.Item{Source: file, Group: file + ":0"}, dataset.Item{Source: many.File, Group: fmt.Sprintf("%s:%d", many.File, k/10)},
			dataset.Item{Source: "md", Group: fmt.Sprintf("md/%d", k)})
	}
	lone, rest := r.loneAdditions(items)
	if len(lone) != 100 || len(rest) != 200 {
		t.Fatalf("%d frames are always learned from, %d shared out", len(lone), len(rest))
	}
	for _, it := range rest {
		if it.Source != many.File && it.Source != "md" {
			t.Errorf("%s is shared out", it.Source)
		}
	}
}

// Bars are held against the domain. Walls of the sampler stand beside it, unless too little were left to judge by; what a user
// gives always counts.
func TestWallsAreJudgedApart(t *testing.T) {
	sw, err := teacher.Open("sw-si", teacher.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer sw.Close()
	sources := func(domain string, n int) (items []dataset.Item) {
		for range n {
			items = append(items, dataset.Item{Source: domain})
		}
		return append(items, dataset.Item{Source: "compressed"}, dataset.Item{Source: "dimers"}, dataset.Item{Source: "contacts"})
	}
	for _, c := range []struct {
		name  string
		by    teacher.Teacher
		test  []dataset.Item
		walls int
	}{
		{"enough of the domain", sw, sources("md", 10), 3},
		{"too little of it", sw, sources("md", 9), 0},
		{"frames that were added", sw, sources("dimers.extxyz", 10), 3},
		{"labelled files", nil, sources("mine.extxyz", 10), 0},
	} {
		r := &run{inputs: &inputs{teacher: c.by}}
		domain, walls := r.judged(c.test)
		if len(walls) != c.walls || len(domain)+len(walls) != len(c.test) {
			t.Errorf("%s: %d frames judged, %d beside; want %d beside", c.name, len(domain), len(walls), c.walls)
		}
	}
}
