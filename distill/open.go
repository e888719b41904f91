package distill

import (
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

// Stored reads the configuration of a run directory, its plan left out: what a resumed run must agree with.
func Stored(dir string) (*Config, error) {
	if _, err := os.Stat(filepath.Join(dir, configName)); err != nil {
		return nil, noRun(dir, err)
	}
	c, err := load(filepath.Join(dir, configName))
	if err != nil {
		return nil, err
	}
	c.Plan = nil
	return c, nil
}

// open starts a run directory or opens it again.
func open(o Options) (*run, error) {
	if !o.Resume && len(o.Add) == 0 && !o.Again {
		return start(o)
	}
	d, err := openDirectory(o.Dir)
	if err != nil {
		return nil, err
	}
	r, err := newRun(d, o)
	if err == nil {
		err = r.continued()
	}
	if err != nil {
		d.close()
		return nil, err
	}
	return r, nil
}

// teaching is how the teacher is opened.
func (o Options) teaching() teacher.Options {
	t := o.Workers
	t.Threads = o.threads()
	return t
}

// start makes the run directory, after everything that can be checked without work.
func start(o Options) (*run, error) {
	o.Config.Complete()
	if err := o.Config.Check(); err != nil {
		return nil, err
	}
	sums, err := digests(o.Config)
	if err != nil {
		return nil, err
	}
	in, err := o.Config.read(o.teaching())
	if err != nil {
		return nil, err
	}
	d, err := createDirectory(o.Dir)
	if err != nil {
		in.close()
		return nil, err
	}
	r, err := newRun(d, o)
	if err == nil {
		r.config, r.inputs = o.Config, in
		r.config.Plan = &Plan{Round: 1, Inputs: sums}
		if in.teacher != nil {
			r.config.Plan.Teacher = in.teacher.Info().Identity
		}
		r.quarantined(in.quarantine)
		err = r.fixed()
	}
	if err != nil {
		in.close()
		d.close()
		return nil, err
	}
	return r, nil
}

func newRun(d *directory, o Options) (*run, error) {
	d.sweep()
	j, err := openJournal(d.file(logName))
	if err != nil {
		return nil, err
	}
	r := &run{directory: d, options: o, journal: j}
	if r.clock, err = j.clock(); err != nil {
		return nil, err
	}
	if o.Accept {
		if err := j.add("licence accepted", true); err != nil {
			return nil, err
		}
	}
	if err := j.add("start", map[string]any{"threads": r.threads(), "pid": os.Getpid()}); err != nil {
		return nil, err
	}
	if r.store, err = dataset.OpenStore(d.file(dataName), o.Disk); err != nil {
		return nil, err
	}
	if repairs := r.store.Repairs(); repairs != "" {
		r.say("warning: %s", repairs)
	}
	return r, nil
}

// fixed writes the configuration with what is planned so far, first where people and the next process look, then into
// the log, which tells later whether somebody changed it.
func (r *run) fixed() error {
	c := r.config.rebased(".", r.path)
	text, err := c.Marshal()
	if err != nil {
		return err
	}
	if err := r.write(configName, text); err != nil {
		return err
	}
	plan := c.Plan
	if c.Plan = nil; !r.logged {
		if text, err = c.Marshal(); err != nil {
			return err
		}
		if err := r.journal.add("config", string(text)); err != nil {
			return err
		}
		r.logged = true
	}
	return r.journal.add("plan", plan)
}

// continued reads the configuration of an existing directory and makes sure that nothing changed behind its back.
func (r *run) continued() error {
	var err error
	if r.config, err = load(r.file(configName)); err != nil {
		return err
	}
	if r.config.Plan == nil {
		return structure.Hint(fmt.Errorf("%s has lost its plan", r.file(configName)), "start again in another directory with --out")
	}
	if err := r.compareLog(); err != nil {
		return err
	}
	if given := r.options.Config; given != nil {
		given.Complete()
		if len(r.options.Add) > 0 {
			r.config.MixTeachers = given.MixTeachers // frames of another teacher may be what is added
		}
		if err := changedError(r.path, differences(r.config, given)); err != nil {
			return err
		}
	}
	if err := r.compareInputs(); err != nil {
		return err
	}
	if r.inputs, err = r.config.read(r.options.teaching()); err != nil {
		return err
	}
	if t := r.inputs.teacher; t != nil && t.Info().Identity != r.config.Plan.Teacher {
		return structure.Hint(fmt.Errorf("the teacher %s of %s has changed: its parameters are not those that the run began with", r.config.Teacher, r.path),
			"bring the old version back, or start another run with --out")
	}
	if len(r.options.Add) > 0 || r.options.Again {
		return r.newRound()
	}
	return nil
}

// compareLog finds edits of config.yaml. The log may be older than the file, never the other way round.
func (r *run) compareLog() error {
	var text string
	var plan Plan
	var err error
	if r.logged, err = r.journal.last("config", &text); err != nil || !r.logged {
		return err
	}
	logged, err := Parse([]byte(text))
	if err != nil {
		return fmt.Errorf("%s: %w", r.file(logName), err)
	}
	if _, err := r.journal.last("plan", &plan); err != nil {
		return err
	}
	logged.Plan = &plan
	logged = logged.rebased(r.path, ".")
	if plan.Round != r.config.Plan.Round {
		logged.MixTeachers = r.config.MixTeachers // a new round may have changed it, and was killed before it said so
	}
	changes := differences(logged, r.config)
	if plan.Round == r.config.Plan.Round {
		changes = append(changes, logged.Plan.changes(r.config.Plan)...)
	}
	return changedError(r.path, changes)
}

func changedError(dir string, changes []string) error {
	if len(changes) == 0 {
		return nil
	}
	return structure.Hint(fmt.Errorf("the configuration of %s has changed: %s", dir, strings.Join(changes, ", ")),
		"change it back, or start another run with --out")
}

// compareInputs finds files that are no longer what the run began with.
func (r *run) compareInputs() error {
	now, err := digests(r.config)
	var gone *os.PathError
	if errors.As(err, &gone) && errors.Is(err, os.ErrNotExist) {
		return structure.Hint(fmt.Errorf("the input of %s has changed: %s is no longer there", r.path, gone.Path), "put it back, or start another run with --out")
	}
	if err != nil {
		return err
	}
	for _, name := range sortedKeys(now) {
		if was := r.config.Plan.Inputs[name]; was != now[name] {
			return structure.Hint(fmt.Errorf("the input of %s has changed: %s is not the file that the run began with", r.path, name),
				"put the old file back, or start another run with --out; --add takes further frames")
		}
	}
	return nil
}

// newRound puts the products of the last round aside and plans another with more frames: the one permitted change of
// input. A process killed on the way leaves a run that resumes the old round, or one that starts the new.
func (r *run) newRound() error {
	if !r.has(resultName) {
		return structure.Hint(fmt.Errorf("%s is not finished: frames are added to finished runs", r.path), "finish it first with --resume "+r.path)
	}
	added, err := r.addable(r.options.Add)
	if err != nil || len(added) == 0 && !r.options.Again {
		return err
	}
	plan := r.config.Plan
	next := &Plan{Round: plan.Round + 1, Labels: plan.Labels, Active: plan.Active, Evaluations: plan.Evaluations, PolicyFrames: plan.PolicyFrames, GuardFrames: plan.GuardFrames, Teacher: plan.Teacher, Added: slices.Concat(plan.Added, added)}
	trial := *r.config
	trial.Plan = next
	if next.Inputs, err = digests(&trial); err != nil {
		return err
	}
	if err := r.archive(plan.Round); err != nil {
		return err
	}
	r.config.Plan = next
	r.logged = false                   // mix_teachers may have changed
	r.clock.rounds = r.clock.elapsed() // the budget is that of a round
	return r.fixed()
}

// archive moves what a round made into a folder of its own.
func (r *run) archive(round int) error {
	folder := fmt.Sprintf("round-%d", round)
	if err := os.MkdirAll(r.file(folder), 0o777); err != nil {
		return err
	}
	for _, name := range []string{resultName, splitsName, checkpointName, tuneName, candidateName, historyName, validationName, studentName, economicsName, "report.html"} {
		err := os.Rename(r.file(name), filepath.Join(r.file(folder), name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return syncFolder(r.path)
}
