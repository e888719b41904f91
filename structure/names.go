package structure

import "slices"

// writtenNames are the names under which a frame is written.
type writtenNames struct {
	energy, forces, stress, energies string
	info, arrays                     []string // of Frame.Info and Frame.Arrays
}

// writtenNames chooses names such that the default Keys read back as labels what are labels, and nothing else.
func (f *Frame) writtenNames() writtenNames {
	var n writtenNames
	for _, e := range f.Info {
		n.info = append(n.info, e.Key)
	}
	for _, c := range f.Arrays {
		n.arrays = append(n.arrays, c.Name)
	}
	n.energy = choose(n.info, energyNames[:1], energyNames[1:], f.Energy != nil)
	n.forces = choose(n.arrays, []string{"REF_forces", "REF_force"}, []string{"forces", "force"}, f.Forces != nil)
	n.energies = choose(n.arrays, energiesNames[:1], energiesNames[1:], f.Energies != nil)
	reference, plain := stressNames[0], stressNames[1]
	if !f.solid() { // a virial is no label there
		reference.virial, plain.virial = nil, nil
	}
	n.stress = choose(n.info, slices.Concat(reference.stress, reference.virial), slices.Concat(plain.stress, plain.virial), f.Stress != nil)
	return n
}

// choose returns the name for a label: plain[0], or reference[0] where another entry has a plain name. Entries that
// would still be taken for the label are renamed.
func choose(entries, reference, plain []string, labelled bool) string {
	name, hidden := plain[0], reference
	if !labelled {
		hidden = slices.Concat(reference, plain)
	} else if slices.ContainsFunc(entries, func(e string) bool { return slices.Contains(plain, e) }) {
		name = reference[0]
	}
	for i, e := range entries {
		if slices.Contains(hidden, e) {
			entries[i] = "unused_" + e
		}
	}
	return name
}
