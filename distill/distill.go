// Package distill is the whole way from a teacher, or from labelled files, to a certified student.
//
// Everything of one distillation lies in a run directory, enough to resume or to audit it:
//
//	config.yaml              the configuration, every key written out, with the plan that the run fixed
//	data/                    labelled frames, append-only (dataset.Store)
//	teacher.json             whether the teacher's labels belong together
//	reach.json               how far its forces reach
//	active.json              what rounds of active selection chose
//	quarantine.json          frames that were set aside, and why
//	splits.json              ids of the frames for training, early stopping (held), and test
//	checkpoint.safetensors   the state of training
//	finetune.safetensors     the same of the second training, where there is one
//	candidate.safetensors    the student, whatever it is worth
//	history.json             the course of training
//	validation.json          what was measured of the candidate
//	student.safetensors      the candidate, once it passes its bars or the user wants it uncertified
//	economics.json           what labels cost and buy
//	report.html, result.json what people and programs read
//	log.jsonl                what happened when
//	round-1/                 files of an earlier round, where frames were added since
//
// A run can be killed at any instant and goes on from its directory; each stage looks whether its product is there
// already. Equal plan, data and seed give an equal student on any number of threads and after any resume.
package distill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"mlff/dataset"
	"mlff/model"
	"mlff/report"
	"mlff/structure"
	"mlff/teacher"
	"mlff/validate"
)

// Options say what to distil and where.
type Options struct {
	Dir         string          // the run directory
	Config      *Config         // nil on resume: that of the directory; else it must agree with it
	Resume      bool            // continue the directory instead of starting it
	Add         []string        // files of further frames: a new round of a finished run
	Uncertified bool            // publish the student even below its bars
	TrainOnly   bool            // end with the candidate, before it is measured
	Threads     int             // 0: all cores
	Workers     teacher.Options // how a teacher in child processes is run; Threads and Python come from elsewhere
	Again       bool            // a new round of a finished run, which learns from frames of the last student's own dynamics too
	Engine      string          // the version of this program, for the certificate
	Economics   bool            // measure also what more labels would buy, whatever time that takes
	Accept      bool            // the user accepts the licence of the teacher; recorded in the student
	Events      Events          // may be nil
	Disk        dataset.Disk    // written to by the data store; nil: the operating system's

	Dynamics   validate.Dynamics // of the drift; the zero value is what a certificate should rest on
	Checkpoint time.Duration     // between checkpoints of training; 0: 10 s
}

// Events hears of a run while it works.
type Events interface {
	Progress(stage string, done, total int)
	Message(text string)
}

// Outcome is the result of a run: the JSON of mlff distill.
type Outcome struct {
	Student string            `json:"student"` // path of student.safetensors, or of candidate.safetensors below the bar
	Report  string            `json:"report"`
	Seconds float64           `json:"seconds"` // of work, over all resumes
	Labels  int               `json:"labels"`  // labelled frames the student was learned from, splits included
	Test    structure.Errors  `json:"test"`
	Walls   *structure.Errors `json:"walls,omitempty"` // test frames around the domain; null without any
	NVE     *model.NVE        `json:"nve"`             // null where no frame is periodic
	Passed  bool              `json:"passed"`
}

// Run distils a student. It returns an outcome also where the student is below its bars. If ctx ends it finishes the
// current write and returns ctx's error with a hint how to resume.
func Run(ctx context.Context, o Options) (*Outcome, error) {
	r, err := open(o)
	if err != nil {
		return nil, err
	}
	defer r.close()
	out, err := r.pipeline(ctx)
	if errors.Is(err, context.Canceled) {
		return nil, structure.Hint(Interrupted("interrupted"), "continue with: mlff distill --resume "+o.Dir)
	}
	return out, err
}

// Interrupted is an error that says how far some work came before its context was cancelled.
type Interrupted string

func (e Interrupted) Error() string { return string(e) }

// Is makes it a context.Canceled.
func (e Interrupted) Is(target error) bool { return target == context.Canceled }

// pipeline goes through the stages; those whose product is in the directory return at once.
func (r *run) pipeline(ctx context.Context) (*Outcome, error) {
	if out, err := r.finished(); out != nil || err != nil {
		return out, err
	}
	items, err := r.label(ctx)
	if err != nil {
		return nil, err
	}
	s, err := r.split(items)
	if err != nil {
		return nil, err
	}
	m, err := r.learn(ctx, s)
	if err != nil {
		return nil, err
	}
	if r.options.TrainOnly {
		return r.located(&Outcome{Labels: s.labels, Seconds: r.seconds()}), nil
	}
	return r.certify(ctx, m, s)
}

// finished returns the outcome of a run that has one.
func (r *run) finished() (*Outcome, error) {
	var out Outcome
	ok, err := r.readJSON(resultName, &out)
	if !ok || err != nil {
		return nil, err
	}
	if r.options.Uncertified && !out.Passed {
		m, err := r.candidate()
		if err != nil {
			return nil, err
		}
		if err := r.publish(m); err != nil {
			return nil, err
		}
	}
	return r.located(&out), nil
}

// located fills in where the files are, as seen from here.
func (r *run) located(out *Outcome) *Outcome {
	out.Student, out.Report = r.file(candidateName), r.file(report.File)
	if r.has(studentName) {
		out.Student = r.file(studentName)
	}
	return out
}

// run is a distillation in progress.
type run struct {
	*directory
	options Options
	config  *Config
	journal *journal
	store   *dataset.Store
	clock   clock
	inputs  *inputs
	logged  bool // whether the log has the configuration
}

func (r *run) close() {
	if r.inputs != nil {
		r.inputs.close()
	}
	r.journal.close()
	r.directory.close()
}

func (o Options) threads() int {
	if o.Threads > 0 {
		return o.Threads
	}
	return model.DefaultThreads()
}

func (r *run) threads() int { return r.options.threads() }

// labellers is how many structures the teacher labels at a time.
func (r *run) labellers() int {
	if t := r.inputs.teacher; t != nil && t.Info().Workers > 0 {
		return t.Info().Workers
	}
	return r.threads()
}

// seconds is the time that the run has worked so far, to a tenth.
func (r *run) seconds() float64 { return math.Round(10*r.clock.elapsed().Seconds()) / 10 }

// say tells the user and the log.
func (r *run) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if r.options.Events != nil {
		r.options.Events.Message(text)
	}
	_ = r.journal.add("message", text) // the log is no reason to stop
}

func (r *run) progress(stage string, done, total int) {
	if r.options.Events != nil {
		r.options.Events.Progress(stage, done, total)
	}
}

// writeJSON replaces a file of the directory.
func (r *run) writeJSON(name string, value any) error {
	text, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", r.file(name), err)
	}
	return r.write(name, append(text, '\n'))
}

// readJSON reads a file of the directory; false where it is not there.
func (r *run) readJSON(name string, value any) (bool, error) {
	text, ok, err := r.read(name)
	if !ok || err != nil {
		return false, err
	}
	if err := json.Unmarshal(text, value); err != nil {
		return false, structure.Hint(fmt.Errorf("%s: %w", r.file(name), err), "delete the file to have it made again: mlff distill --resume "+filepath.Clean(r.path))
	}
	return true, nil
}
