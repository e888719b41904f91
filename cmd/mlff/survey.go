package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/pflag"

	"mlff/dataset"
	"mlff/distill"
	"mlff/model"
	"mlff/structure"
	"mlff/teacher"
	"mlff/validate"
)

// surveying is the flags of commands that compare observables.
type surveying struct {
	structures   []string
	temperatures []float64
	budget       time.Duration
	duration     float64
	seeds        int
	atoms        int
	frames       int
	folder       string
	seed         uint64
}

func (s *surveying) flags(f *pflag.FlagSet) {
	f.StringSliceVar(&s.structures, "structures", nil, "structures to look at (default the one that the student carries)")
	f.DurationVar(&s.budget, "budget", 10*time.Minute, "time for the teacher's calls")
	f.Float64Var(&s.duration, "duration", 10, "length of each run of dynamics, ps")
	f.IntVar(&s.seeds, "seeds", 2, "runs of dynamics")
	f.IntVar(&s.atoms, "atoms", 64, "atoms to which structures are repeated for dynamics")
	f.IntVar(&s.frames, "frames", 200, "frames of the student's dynamics that the teacher labels at each temperature")
	f.StringVar(&s.folder, "folder", "", "keeps the dynamics there, so that a stopped command goes on when it is started again")
	f.Uint64Var(&s.seed, "seed", 1, "of everything random")
}

// check refuses what makes no sense.
func (s *surveying) check() error {
	switch {
	case s.budget <= 0:
		return usage("--budget %s is no time", s.budget)
	case !(s.duration > 0):
		return usage("--duration %g: a run is longer than 0 ps", s.duration)
	case s.seeds < 1, s.atoms < 1, s.frames < 1:
		return usage("--seeds, --atoms and --frames must be at least 1")
	case slices.ContainsFunc(s.temperatures, func(t float64) bool { return !(t > 0 && t < 1e5) }):
		return usage("--temperature %v: temperatures are above 0 K", s.temperatures)
	}
	return nil
}

// survey is what to look at of a student that starts from structures.
func (s *surveying) survey(m *model.Model, t teacher.Teacher, from *starts) (*validate.Survey, error) {
	v := &validate.Survey{Teacher: t, Name: fingerprint(m), Temperatures: s.temperatures, Budget: s.budget, Frames: s.frames, Atoms: s.atoms,
		Structures: from.structures, Phases: from.phases,
		Walk: validate.Walk{Duration: s.duration, Seeds: s.seeds, Seed: s.seed, Folder: s.folder}}
	v.TrainingSize, v.Narrow = m.Meta().Domain.Atoms, validate.Narrow(m)
	v.Student = func(o model.Options) (structure.Potential, error) {
		o.Threads = 1
		return m.Potential(o)
	}
	if m.Grade() != nil {
		v.Threshold = m.Meta().Threshold
	}
	if len(from.structures) == 0 {
		return nil, usageError{structure.Hint(fmt.Errorf("the student carries no structure"), "name some with --structures")}
	}
	return v, nil
}

// starts are structures with the phases that they say they are, if they do.
type starts struct {
	structures []structure.Structure
	phases     []string
}

// starts are the structures that are named, else the one that the student carries, where it does.
func (s *surveying) starts(ctx context.Context, m *model.Model, t *teaching) (*starts, error) {
	from := &starts{}
	if len(s.structures) == 0 {
		example, err := distill.Example(m)
		if err == nil && example != nil {
			from.structures = append(from.structures, *example)
		}
		return from, err
	}
	frames, err := t.frames(ctx, s.structures)
	for k := range frames {
		from.structures, from.phases = append(from.structures, frames[k].Structure), append(from.phases, dataset.PhaseOf(&frames[k]))
	}
	return from, err
}

// wanted reads a list of properties.
func wanted(list []string) ([]string, error) {
	for _, w := range list {
		if slices.Contains(validate.Properties, w) {
			continue
		}
		err := fmt.Errorf("no observable is called %q", w)
		hint := "they are " + strings.Join(validate.Properties, ", ")
		if near, ok := structure.Nearest(w, validate.Properties); ok {
			hint = fmt.Sprintf("did you mean %s? %s", near, hint)
		}
		return nil, usageError{structure.Hint(err, hint)}
	}
	return list, nil
}

// fingerprint tells the numbers of students apart in the names of runs that are kept.
func fingerprint(m *model.Model) string {
	h := sha256.New()
	for _, x := range m.Params() {
		h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(x)))
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// printObservations prints student, teacher and verdict of every property.
func printObservations(out io.Writer, o *validate.Observables) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintf(w, "property\tstate\tstudent\tteacher\tverdict\t\n")
	for _, x := range o.List {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", x.Name, x.State, valueText(x.Student, x.Unit), valueText(x.Teacher, x.Unit), x.Verdict, x.Reason)
	}
}

func valueText(v *validate.Value, unit string) string {
	switch {
	case v == nil:
		return ""
	case v.Error == nil:
		return fmt.Sprintf("%.5g %s", v.Mean, unit)
	}
	return fmt.Sprintf("%.4g ± %.2g %s", v.Mean, *v.Error, unit)
}
