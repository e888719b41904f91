// Package teacher opens the force fields that students learn from, and labels structures with them.
//
// A teacher is named by its kind, where needed followed by a file or model, and by arguments that change what it
// answers: "sw-si", "lj-ar?cutoff=10", "eam:Cu.eam.alloy?licence=CC0-1.0&commercial=yes", "fennol:water.fnx". Built in are
// the potentials of the room classical; all others live in Python, in child processes that this room starts, watches and
// replaces when they die. Every teacher has an identity, a hash of all that its answers depend on: labels of the same
// identity belong together.
package teacher

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mlff/structure"
)

// Info says who a teacher is and what it can label.
type Info struct {
	Name       string            `json:"name"`       // as given to Open
	Identity   string            `json:"identity"`   // hex SHA-256 over parameters, arguments and licence
	Licence    string            `json:"licence"`    // SPDX identifier, or "unknown"
	Commercial string            `json:"commercial"` // may its answers be used commercially: yes, no or unknown
	Elements   []int             `json:"elements"`   // atomic numbers, ascending
	Energy     bool              `json:"energy"`     // it labels energies, and so on
	Forces     bool              `json:"forces"`
	Stress     bool              `json:"stress"` // of structures periodic in three directions
	Energies   bool              `json:"energies"`
	Arguments  map[string]string `json:"arguments,omitempty"` // that change its answers, defaults filled in
	Citation   string            `json:"citation,omitempty"`
	Note       string            `json:"note,omitempty"`    // on the licence, for people
	Direct     bool              `json:"direct,omitempty"`  // its forces are not the gradient of its energy
	Package    string            `json:"package,omitempty"` // and version, of teachers in child processes
	Device     string            `json:"device,omitempty"`  // cpu, cuda
	Workers    int               `json:"workers,omitempty"` // child processes
	Batch      int               `json:"batch,omitempty"`   // structures that one of them takes at a time, at best
}

// Teacher labels structures. Label may be called by several goroutines at once.
type Teacher interface {
	Info() Info
	// Label returns one answer for each structure, in their order. An element that the teacher does not know is an
	// *ElementError before any work. Where single structures cannot be evaluated, their labels are empty and the error
	// is a *LabelError beside the answers for all others; when ctx ends, ctx's error beside the answers so far.
	Label(ctx context.Context, s []structure.Structure) ([]structure.Labels, error)
	// Close ends worker processes; the teacher must not be used afterwards.
	Close() error
}

// Options of opening a teacher.
type Options struct {
	Threads int // processors to use; 0: those that the Go run time has

	// Of teachers in child processes.
	Workers int             // processes; 0: as many as processors and memory allow, at most four
	Python  string          // virtual environment or interpreter; empty: python3
	Limit   time.Duration   // for the answer to one structure; 0: ten minutes, enough to compile a model
	Memory  int64           // bytes that a process may use; 0: no limit
	Trace   string          // file for the conversation with the processes; empty: none
	Context context.Context // ends the opening; nil: nothing does
}

func (o Options) context() context.Context {
	if o.Context != nil {
		return o.Context
	}
	return context.Background()
}

// ElementError says that a structure holds elements that a teacher does not know.
type ElementError struct {
	Teacher        string
	Structure      int   // which of those to be labelled, from 0
	Known, Unknown []int // ascending atomic numbers
}

func (e *ElementError) Error() string {
	return fmt.Sprintf("structure %d: the teacher %s knows %s, not %s", e.Structure, e.Teacher, symbols(e.Known), symbols(e.Unknown))
}

func symbols(numbers []int) string {
	names := make([]string, len(numbers))
	for k, z := range numbers {
		names[k] = structure.Symbol(z)
	}
	return strings.Join(names, ", ")
}

// LabelError says which structures could not be labelled, and why the first of them could not.
type LabelError struct {
	Structures []int   // ascending, from 0
	Err        error   // of the first
	Errs       []error // of each
}

func (e *LabelError) Error() string {
	more := ""
	switch n := len(e.Structures) - 1; {
	case n == 1:
		more = " (and 1 other failed)"
	case n > 1:
		more = fmt.Sprintf(" (and %d others failed)", n)
	}
	return fmt.Sprintf("structure %d: %v%s", e.Structures[0], e.Err, more)
}

// Unwrap gives the cause of the first failure.
func (e *LabelError) Unwrap() error { return e.Err }

// Check returns an *ElementError for the first structure with an element that the teacher does not know.
func Check(info Info, s []structure.Structure) error {
	for k := range s {
		var unknown []int
		for _, z := range s[k].Numbers {
			if !slices.Contains(info.Elements, z) && !slices.Contains(unknown, z) {
				unknown = append(unknown, z)
			}
		}
		if unknown != nil {
			slices.Sort(unknown)
			err := &ElementError{Teacher: info.Name, Structure: k, Known: info.Elements, Unknown: unknown}
			return structure.Hint(err, "choose a teacher that knows these elements; mlff teachers lists the kinds")
		}
	}
	return nil
}
