package validate

import (
	"fmt"

	"mlff/structure"
)

// PhaseOf is what a frame says it is, such as "liquid": its key phase, else its config_type, else "".
func PhaseOf(f *structure.Frame) string {
	for _, key := range []string{"phase", "config_type"} {
		if name, ok := f.Get(key); ok && name != "" {
			return name
		}
	}
	return ""
}

// phaseNames are names of n structures, all different: their phases where they have some, else what otherwise says; names
// that occur twice are numbered.
func phaseNames(n int, phases []string, otherwise func(k int) string) []string {
	names, seen := make([]string, n), map[string]int{}
	for k := range names {
		if k < len(phases) && phases[k] != "" {
			names[k] = phases[k]
		} else {
			names[k] = otherwise(k)
		}
		seen[names[k]]++
	}
	for k, name := range names {
		if name != "" && seen[name] > 1 {
			names[k] = fmt.Sprintf("%s (%d)", name, k+1)
		}
	}
	return names
}
