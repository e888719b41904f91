package validate

import "fmt"

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
