package distill

import (
	"fmt"
	"testing"

	"mlff/dataset"
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
