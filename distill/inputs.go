package distill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mlff/dataset"
	"mlff/structure"
	"mlff/teacher"
)

// inputs are what a configuration names, read and checked before a run directory is touched.
type inputs struct {
	teacher    teacher.Teacher          // nil with data
	starts     []structure.Frame        // start structures; with data none
	paths      [][2]structure.Structure // ends of paths
	items      []dataset.Item           // labelled frames of the data; with a teacher none
	tune       []dataset.Item           // of the second training
	valid      []dataset.Item           // only reported
	quarantine dataset.Quarantine

	ctx    context.Context // of reading
	python string          // that may be asked to read
}

func (in *inputs) close() {
	if in.teacher != nil {
		in.teacher.Close()
	}
}

// read opens the teacher or the data and whatever else the configuration names.
func (c *Config) read(o teacher.Options) (*inputs, error) {
	in := &inputs{ctx: o.Context, python: c.TeacherPython}
	if in.ctx == nil {
		in.ctx = context.Background()
	}
	var err error
	if c.Teacher != "" {
		err = in.openTeacher(c, o)
	} else {
		in.items, in.quarantine, err = c.load(c.Data, "", false)
	}
	if err == nil {
		err = in.readTuning(c)
	}
	if err == nil {
		err = in.readValid(c)
	}
	if err != nil {
		in.close()
		return nil, err
	}
	return in, nil
}

func (k Keys) labels() structure.Keys {
	return structure.Keys{Energy: k.Energy, Forces: k.Forces, Stress: k.Stress, Virial: k.Virial, FreeEnergy: k.FreeEnergy}
}

// load reads labelled files. With an identity, what is known of whose labels they are must agree with it. Unless it is
// lenient, every key that the configuration names must be in some frame.
func (c *Config) load(sources []Source, identity string, lenient bool) ([]dataset.Item, dataset.Quarantine, error) {
	var files []dataset.File
	for _, s := range sources {
		files = append(files, dataset.File{Path: s.File, Weight: s.Weight, Keys: c.Keys.labels()})
	}
	items, quarantine, err := dataset.Load(files, dataset.Options{GroupKey: c.Keys.Group, Fault: coincidence(), Lenient: lenient})
	if err == nil && !c.MixTeachers {
		err = oneTeacher(items, identity)
	}
	return items, quarantine, readable(err)
}

// readable says what helps against a damaged file, where nobody has said anything better.
func readable(err error) error {
	var system *os.PathError
	if err == nil || structure.HintOf(err) != "" || errors.As(err, &system) {
		return err
	}
	return structure.Hint(err, "mend that place of the file, or leave the frame out")
}

// openTeacher opens the teacher and reads the start structures, which it must know.
func (in *inputs) openTeacher(c *Config, o teacher.Options) error {
	o.Python = c.TeacherPython
	t, err := teacher.Open(c.Teacher, o)
	if err != nil {
		return err
	}
	in.teacher = t
	for _, path := range c.Structures {
		frames, err := in.startsOf(path)
		if err != nil {
			return err
		}
		in.starts = append(in.starts, frames...)
	}
	return in.readPaths(c)
}

// startsOf are the frames of a file of structures, which the teacher must know.
func (in *inputs) startsOf(path string) ([]structure.Frame, error) {
	var frames []structure.Frame
	err := eachStructure(in.ctx, path, in.python, func(_ int, f *structure.Frame) error {
		frames = append(frames, *f)
		if err := f.Check(); err != nil {
			return err
		}
		return known(in.teacher, &f.Structure)
	})
	return frames, err
}

// readPaths reads the ends of paths, one frame a file.
func (in *inputs) readPaths(c *Config) error {
	for _, ends := range c.Sample.Paths {
		var path [2]structure.Structure
		for k, file := range ends {
			frames, err := in.startsOf(file)
			if err != nil {
				return err
			}
			if len(frames) != 1 {
				return structure.Hint(fmt.Errorf("%s: an end of a path is one frame, not %d", file, len(frames)), "write each end into a file of its own")
			}
			path[k] = frames[0].Structure
		}
		in.paths = append(in.paths, path)
	}
	return nil
}

// known refuses elements that the teacher does not know.
func known(t teacher.Teacher, s *structure.Structure) error {
	var e *teacher.ElementError
	err := teacher.Check(t.Info(), []structure.Structure{*s})
	if !errors.As(err, &e) {
		return err
	}
	return structure.Hint(fmt.Errorf("the teacher %s knows %s, not %s", e.Teacher, symbols(e.Known), symbols(e.Unknown)), structure.HintOf(err))
}

func symbols(numbers []int) string {
	names := make([]string, len(numbers))
	for k, z := range numbers {
		names[k] = structure.Symbol(z)
	}
	return strings.Join(names, ", ")
}

// readValid reads the frames that are only reported. Energies alone are welcome there; elements that nothing is
// learned about are not.
func (in *inputs) readValid(c *Config) error {
	if len(c.Valid) == 0 {
		return nil
	}
	var sources []Source
	for _, path := range c.Valid {
		sources = append(sources, Source{path, 1})
	}
	items, quarantine, err := c.load(sources, "", true)
	var forceless *dataset.NoForcesError
	if err != nil && (!errors.As(err, &forceless) || len(items) == 0) {
		return err
	}
	in.valid, in.quarantine = items, append(in.quarantine, quarantine...)
	learned := elementsOf(in.starts)
	learned = append(learned, dataset.Elements(in.items)...)
	for _, z := range dataset.Elements(items) {
		if !slices.Contains(learned, z) {
			return structure.Hint(fmt.Errorf("%s: %s is in no frame to learn from", names(c.Valid), structure.Symbol(z)),
				"leave these frames out, or add labelled frames with this element to the data")
		}
	}
	return nil
}

func names(paths []string) string {
	var list []string
	for _, p := range paths {
		list = append(list, filepath.Base(p))
	}
	return strings.Join(list, ", ")
}

// quarantined tells of frames that were set aside.
func (r *run) quarantined(q dataset.Quarantine) {
	if len(q) == 0 {
		return
	}
	r.say("%s; %s lists them", q, r.file(quarantineName))
	var all dataset.Quarantine
	if _, err := r.readJSON(quarantineName, &all); err != nil {
		all = nil
	}
	for _, rejected := range q {
		if !slices.Contains(all, rejected) {
			all = append(all, rejected)
		}
	}
	if err := r.writeJSON(quarantineName, all); err != nil {
		r.say("%v", err)
	}
}
