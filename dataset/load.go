package dataset

import (
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"

	"mlff/structure"
)

// File is a labelled file to load.
type File struct {
	Path   string
	Weight float64        // factor in the loss of each of its frames; 0 stands for 1
	Keys   structure.Keys // where its labels are; empty for the usual places
}

// Options of Load.
type Options struct {
	GroupKey string // comment-line key whose value names a frame's group; empty: blocks of consecutive frames

	Fault func(*structure.Structure) string // says why a structure without a Fault is not to be learned; may be nil

	Lenient bool // of the keys that Files name, one that is found will do
}

const (
	blockLength = 10   // consecutive frames of a file that make a group
	absurdForce = 1000 // eV/Å: no atom survives this; usually a unit was mistaken
	sameEnergy  = 1e-6 // eV: energies this close are one label printed twice
)

// NoForcesError says that there is nothing to learn forces from.
type NoForcesError struct {
	Files []string
	Zero  bool // forces are there, and every one of them is zero
}

func (e *NoForcesError) Error() string {
	what := "no forces"
	if e.Zero {
		what = "every force is zero"
	}
	return strings.Join(e.Files, ", ") + ": " + what
}

// Load reads labelled files. Frames that cannot be learned from are not returned but listed in the quarantine with the
// reason: something is not finite, a force above 1000 eV/Å, neither energy nor forces, a structure that an earlier frame
// already has. Per-atom columns other than labels are dropped. Load fails where a file cannot be read or is empty,
// where no frame is left, where no frame has a key that was named, and with *NoForcesError where no forces are labelled or all are zero.
func Load(files []File, o Options) ([]Item, Quarantine, error) {
	l := loader{options: o, seen: map[string]first{}, sightings: Sightings{Group: o.GroupKey}}
	for _, f := range files {
		if err := l.load(f); err != nil {
			return nil, l.quarantine, err
		}
	}
	return l.items, l.quarantine, l.check(files)
}

type loader struct {
	options    Options
	items      []Item
	quarantine Quarantine
	seen       map[string]first // by id
	sightings  Sightings
}

// first is where a structure was seen first, and its energy.
type first struct {
	file   string
	frame  int
	energy *float64
}

func (l *loader) load(f File) error {
	if f.Weight < 0 || math.IsNaN(f.Weight) || math.IsInf(f.Weight, 0) {
		return fmt.Errorf("%s: weight %g is not a positive number", f.Path, f.Weight)
	}
	r, err := structure.Open(f.Path, f.Keys)
	if err != nil {
		return err
	}
	defer r.Close()
	for k := 0; ; k++ {
		frame, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		l.accept(f, k, frame)
	}
}

// accept makes an item of a frame or puts it into quarantine.
func (l *loader) accept(f File, k int, frame *structure.Frame) {
	l.sightings.Keys = f.Keys
	l.sightings.See(frame)
	name := filepath.Base(f.Path)
	item := l.item(name, k, frame)
	if f.Weight > 0 {
		item.Weight *= f.Weight
	}
	reason := Fault(frame)
	if reason == "" && l.options.Fault != nil {
		reason = l.options.Fault(&frame.Structure)
	}
	if reason == "" {
		reason = l.duplicate(f.Path, k, &item)
	}
	if reason != "" {
		l.quarantine = append(l.quarantine, Rejected{f.Path, k, item.ID, reason})
		return
	}
	l.items = append(l.items, item)
}

func (l *loader) item(name string, k int, frame *structure.Frame) Item {
	item := fromFrame(frame)
	if item.Source == "" {
		item.Source = name
	}
	if v, ok := frame.Get(l.options.GroupKey); ok && l.options.GroupKey != "" {
		item.Group = l.options.GroupKey + "=" + v
	}
	if item.Group == "" {
		item.Group = fmt.Sprintf("%s:%d", name, k/blockLength)
	}
	return item
}

func (l *loader) duplicate(path string, k int, item *Item) string {
	old, ok := l.seen[item.ID]
	if !ok {
		l.seen[item.ID] = first{path, k, item.Energy}
		return ""
	}
	reason := fmt.Sprintf("duplicate of %s frame %d", old.file, old.frame)
	if old.energy != nil && item.Energy != nil && math.Abs(*old.energy-*item.Energy) > sameEnergy {
		reason += fmt.Sprintf(", whose energy differs by %.3g eV", *item.Energy-*old.energy)
	}
	return reason
}

// check decides whether what was loaded can be learned from.
func (l *loader) check(files []File) error {
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = f.Path
	}
	if err := l.sightings.Check(paths, l.options.Lenient); err != nil {
		return err
	}
	if len(l.items) == 0 && len(l.quarantine) > 0 {
		q := l.quarantine[0]
		err := fmt.Errorf("%s frame %d: %s; no frame is left", q.File, q.Frame, q.Reason)
		return structure.Hint(err, q.Hint())
	}
	there, nonzero := false, false
	for i := range l.items {
		there = there || l.items[i].Forces != nil && l.items[i].Len() > 1
		nonzero = nonzero || largest(l.items[i].Forces) > 0
	}
	if nonzero || len(files) == 0 {
		return nil
	}
	err := &NoForcesError{Files: paths, Zero: there}
	return structure.Hint(err, "a student learns from forces; name their column with --forces-key, or write them to the file")
}

// Fault says why a labelled frame cannot be learned from; empty where it can.
func Fault(f *structure.Frame) string {
	if err := f.Check(); err != nil {
		return err.Error()
	}
	if f.Energy == nil && f.Forces == nil {
		return "neither energy nor forces"
	}
	if f.Energy != nil && !finite(*f.Energy) {
		return fmt.Sprintf("the energy is %g", *f.Energy)
	}
	if f.Forces != nil && len(f.Forces) != f.Len() {
		return fmt.Sprintf("%d atoms have %d forces", f.Len(), len(f.Forces))
	}
	for i, force := range f.Forces {
		if !finite(force[:]...) {
			return fmt.Sprintf("the force on atom %d is %v", i, force)
		}
	}
	if m := largest(f.Forces); m > absurdForce {
		return fmt.Sprintf("a force of %.4g eV/Å: units suspected", m)
	}
	if f.Stress != nil && !finite(f.Stress[:]...) {
		return fmt.Sprintf("the stress is %v", *f.Stress)
	}
	return ""
}

// Rejected is a frame that was set aside.
type Rejected struct {
	File   string `json:"file"`
	Frame  int    `json:"frame"` // from 0
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// Hint says what helps against the reason.
func (r *Rejected) Hint() string {
	switch {
	case strings.Contains(r.Reason, "units suspected"):
		return "energies must be in eV and forces in eV/Å"
	case strings.Contains(r.Reason, "neither"):
		return "name the labels with --energy-key and --forces-key"
	case strings.Contains(r.Reason, "at the same place"):
		return "leave one of the two atoms out, or the frame"
	}
	return "frames need finite positions, a cell with a volume, and finite labels"
}

// Quarantine is the list of frames that were set aside.
type Quarantine []Rejected

// String sums the quarantine up in a line; empty where nothing was set aside.
func (q Quarantine) String() string {
	if len(q) == 0 {
		return ""
	}
	what := "frames"
	if len(q) == 1 {
		what = "frame"
	}
	s := fmt.Sprintf("%d %s set aside: %s frame %d: %s", len(q), what, q[0].File, q[0].Frame, q[0].Reason)
	if len(q) > 1 {
		s += fmt.Sprintf(", and %d more", len(q)-1)
	}
	return s
}

func finite(values ...float64) bool {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// largest is the largest |F|.
func largest(forces [][3]float64) float64 {
	m := 0.0
	for _, f := range forces {
		m = max(m, structure.Norm(f))
	}
	return m
}
