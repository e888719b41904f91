// Package dataset keeps labelled frames: it loads files, sets bad frames aside with the reason, names frames by their
// content, splits them by group, stores them so that no crash loses a label, and says how far predictions are from
// them.
//
// A frame is known by structure.ID, a hash of its content. A group holds frames that resemble each other because one
// came from the other (a trajectory segment, the children of one parent structure, ten consecutive frames of a file);
// splits never separate the frames of a group, or the held-out error would be flattering.
package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math"

	"mlff/structure"
)

// Item is a labelled frame and where it came from.
type Item struct {
	structure.Frame
	ID     string  // structure.ID of the frame
	Group  string  // frames of one group stay together in splits
	Source string  // base name of the file, or the sampler's share that made it
	Weight float64 // factor of the frame in the loss; 1 unless its file says otherwise
}

// ConfigType is the frame's config_type, or its source where it has none.
func (it *Item) ConfigType() string { return configType(&it.Frame, it.Source) }

func configType(f *structure.Frame, otherwise string) string {
	if v, ok := f.Get("config_type"); ok && v != "" {
		return v
	}
	if otherwise == "" {
		otherwise, _ = f.Get(sourceKey)
	}
	return otherwise
}

// PhaseKey is where a frame says of what phase it is.
const PhaseKey = "phase"

// PhaseOf is what a frame says it is, such as "liquid": its key phase, else its config_type, else "".
func PhaseOf(f *structure.Frame) string {
	for _, key := range []string{PhaseKey, "config_type"} {
		if name, ok := f.Get(key); ok && name != "" {
			return name
		}
	}
	return ""
}

// Overlap counts the frames of b that are also in a, by id: validation frames that were trained on prove nothing.
func Overlap(a, b []Item) int {
	known := make(map[string]bool, len(a))
	for i := range a {
		known[a[i].ID] = true
	}
	n := 0
	for i := range b {
		if known[b[i].ID] {
			n++
		}
	}
	return n
}

// Hash is the SHA-256 (hex) of everything that training sees of the items, in their order: ids, labels, weights and
// groups.
func Hash(items []Item) string {
	h := sha256.New()
	for i := range items {
		it := &items[i]
		h.Write([]byte(it.ID + "\x00" + it.Group + "\x00"))
		number(h, it.Weight)
		hashLabels(h, &it.Labels)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func hashLabels(h hash.Hash, l *structure.Labels) {
	number(h, float64(len(l.Forces)), float64(len(l.Energies)))
	if l.Energy != nil {
		number(h, 1, *l.Energy)
	}
	for i := range l.Forces {
		number(h, l.Forces[i][:]...)
	}
	if l.Stress != nil {
		number(h, l.Stress[:]...)
	}
	number(h, l.Energies...)
}

func number(h hash.Hash, values ...float64) {
	var b [8]byte
	for _, v := range values {
		binary.LittleEndian.PutUint64(b[:], math.Float64bits(v))
		h.Write(b[:])
	}
}
