package benchmark

import "testing"

func TestBriefNames(t *testing.T) {
	for name, want := range map[string]string{
		"student":                          "student",
		"sw-si":                            "sw-si",
		"sevennet:7net-0?modal=omat24":     "sevennet:7net-0?modal=omat24",
		"ase:module:factory":               "ase:module:factory",
		"fennol:/a/b/one.fnx":              "fennol:one.fnx",
		"fennol:/a/one.fnx,/a/two.fnx,c?x": "fennol:one.fnx and 2 more?x",
	} {
		if got := Brief(name); got != want {
			t.Errorf("%s is told as %s, not %s", name, got, want)
		}
	}
}
