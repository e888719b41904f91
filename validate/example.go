package validate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"mlff/structure"
)

// Periodic picks the example that drift and compression need: the periodic structure with the fewest atoms, the
// first of equals; nil where none is periodic in all directions.
func Periodic(structures []structure.Structure) *structure.Structure {
	var best *structure.Structure
	for i := range structures {
		s := &structures[i]
		if s.Periodic() && s.Len() > 0 && (best == nil || s.Len() < best.Len()) {
			best = s
		}
	}
	return best
}

// Repeats says how often to repeat a cell of n atoms along each lattice vector for about the wanted number of
// atoms and about equal widths: the minimum of |ln(atoms/wanted)| + ½ ln(widest/narrowest).
func Repeats(s *structure.Structure, wanted int) [3]int {
	w := widths(s.Cell)
	best, lowest := [3]int{1, 1, 1}, math.Inf(1)
	limit := max(2*wanted/max(s.Len(), 1), 1) // more repeats than these hold over twice the wanted atoms
	for a := 1; a <= limit; a++ {
		for b := 1; a*b <= limit; b++ {
			for c := 1; a*b*c <= limit; c++ {
				x := []float64{w[0] * float64(a), w[1] * float64(b), w[2] * float64(c)}
				atoms := float64(a * b * c * s.Len())
				cost := math.Abs(math.Log(atoms/float64(wanted))) + math.Log(slices.Max(x)/slices.Min(x))/2
				if cost < lowest-1e-9 { // equal costs differ by rounding only: keep the first
					best, lowest = [3]int{a, b, c}, cost
				}
			}
		}
	}
	return best
}

// widths are the distances between opposite faces of a cell, Å.
func widths(cell [3][3]float64) [3]float64 {
	v := math.Abs(structure.Det(cell))
	var w [3]float64
	for k := range w {
		w[k] = v / structure.Norm(structure.Cross(cell[(k+1)%3], cell[(k+2)%3]))
	}
	return w
}

// formula writes a composition in the order of atomic numbers, hydrogen and carbon not first: H2O is "H2O", quartz "O6Si3".
func formula(numbers []int) string {
	count := map[int]int{}
	for _, z := range numbers {
		count[z]++
	}
	var b strings.Builder
	for _, z := range sortedKeys(count) {
		b.WriteString(structure.Symbol(z))
		if count[z] > 1 {
			fmt.Fprint(&b, count[z])
		}
	}
	return b.String()
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
