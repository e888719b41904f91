package dataset

import (
	"fmt"
	"slices"
	"strings"

	"mlff/structure"
)

// Sightings watches whether frames have the keys that a user named: a misspelt key would silently mean no labels.
type Sightings struct {
	Keys  structure.Keys
	Group string // comment-line key of groups; empty: none

	energy, forces, tensor, group bool

	present []string // what the first frame has besides its labels
	any     bool
}

// See takes a frame into account that was read with Keys.
func (s *Sightings) See(f *structure.Frame) {
	has := func(key string) bool {
		_, ok := f.Get(key)
		return ok && key != ""
	}
	s.energy = s.energy || f.Energy != nil
	s.forces = s.forces || f.Forces != nil
	s.tensor = s.tensor || f.Stress != nil || has(s.Keys.Stress) || has(s.Keys.Virial) // kept there without a volume
	s.group = s.group || has(s.Group)
	if s.any {
		return
	}
	s.any = true
	for _, e := range f.Info {
		s.present = append(s.present, e.Key)
	}
	for _, a := range f.Arrays {
		s.present = append(s.present, a.Name)
	}
}

// Check names the keys that no frame has. A lenient check is content with one of the labels.
func (s *Sightings) Check(files []string, lenient bool) error {
	var missing []string
	given := 0
	look := func(name, flag string, seen bool) {
		if name == "" {
			return
		}
		if given++; !seen {
			missing = append(missing, fmt.Sprintf("%s (%s)", name, flag))
		}
	}
	look(s.Keys.Energy, "--energy-key", s.energy)
	if s.Keys.FreeEnergy && s.Keys.Energy == "" {
		look("free_energy", "--free-energy", s.energy)
	}
	look(s.Keys.Forces, "--forces-key", s.forces)
	look(s.Keys.Stress, "--stress-key", s.tensor)
	look(s.Keys.Virial, "--virial-key", s.tensor)
	if !lenient {
		look(s.Group, "--group-key", s.group)
	}
	if !s.any || len(missing) == 0 || lenient && len(missing) < given {
		return nil
	}
	err := fmt.Errorf("%s: no frame has %s", strings.Join(files, ", "), strings.Join(missing, ", "))
	hint := "name a key that is there, or none for the usual ones"
	if len(s.present) > 0 {
		slices.Sort(s.present)
		hint = "the first frame has " + strings.Join(slices.Compact(s.present), ", ") + "; " + hint
	}
	return structure.Hint(err, hint)
}
