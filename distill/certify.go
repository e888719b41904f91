package distill

import (
	"context"
	"fmt"
	"os"
	"time"

	"mlff/dataset"
	"mlff/model"
	"mlff/report"
	"mlff/structure"
	"mlff/teacher"
	"mlff/validate"
)

// certify measures the candidate, writes the certificate into it, publishes it if it passed, and draws the report.
func (r *run) certify(ctx context.Context, m *model.Model, s *split) (*Outcome, error) {
	p, err := m.Potential(model.Options{Threads: r.threads()})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	v, err := r.validate(ctx, m, p, s)
	if err != nil {
		return nil, err
	}
	if err := r.writeJSON(validationName, v); err != nil {
		return nil, err
	}
	meta := m.Meta()
	meta.Certificate = v.Certificate()
	meta.Certificate.Engine = r.options.Engine
	host, _ := os.Hostname() // a machine without a name is none of our business
	seconds := r.seconds()
	meta.Run = &model.Run{Date: time.Now().UTC().Format(time.RFC3339), Host: host, Seconds: seconds}
	if err := m.Save(r.file(candidateName)); err != nil {
		return nil, err
	}
	if v.Passed || r.options.Uncertified {
		if err := r.publish(m); err != nil {
			return nil, err
		}
	}
	if err := r.reportValid(ctx, p, s); err != nil {
		return nil, err
	}
	if err := r.economics(ctx, m, p, s); err != nil {
		return nil, err
	}
	if err := r.journal.add("certificate", meta.Certificate); err != nil {
		return nil, err
	}
	if _, err := report.Write(r.path); err != nil {
		return nil, err
	}
	out := &Outcome{Seconds: seconds, Labels: s.labels, Test: v.Comparison.Errors, Walls: v.Comparison.Walls, NVE: meta.Certificate.NVE, Passed: v.Passed}
	return r.located(out), r.writeJSON(resultName, out)
}

// publish saves the student under the name that says it may be used.
func (r *run) publish(m *model.Model) error { return m.Save(r.file(studentName)) }

func (r *run) validate(ctx context.Context, m *model.Model, p *model.Potential, s *split) (*validate.Validation, error) {
	b := r.config.Bars
	domain, walls := r.judged(s.test)
	o := validate.Options{
		Frames:   framesOf(domain),
		Walls:    framesOf(walls),
		Set:      s.set,
		Bars:     validate.Bars{"energy": b.Energy, "forces": b.Forces, "stress": b.Stress, "drift": b.Drift, "on_policy": b.OnPolicy},
		Seed:     r.config.Seed,
		Dynamics: r.options.Dynamics,
		Progress: r.progress,
	}
	if example := r.example(s.train); example.Periodic() {
		o.Example = example
	}
	if r.inputs.teacher != nil && len(s.tune) == 0 { // a fine-tuned student has left its teacher's level
		o.Teacher = teacher.AsPotential(r.inputs.teacher)
	}
	var err error
	if o.OnPolicy, err = r.onPolicy(ctx); err != nil {
		return nil, err
	}
	if o.Guard, err = r.guard(ctx, m, s); err != nil {
		return nil, err
	}
	return validate.Run(ctx, validate.Student(m, p), o)
}

// reportValid tells the errors on validation frames that decide nothing: those beside a teacher's own test frames.
func (r *run) reportValid(ctx context.Context, p structure.Potential, s *split) error {
	if r.inputs.teacher == nil || len(r.inputs.valid) == 0 {
		return nil
	}
	c, err := validate.Compare(ctx, p, framesOf(r.inputs.valid), validate.CompareOptions{Seed: r.config.Seed})
	if err != nil {
		return fmt.Errorf("%s: %w", names(r.config.Valid), err)
	}
	if f := c.Errors.Forces; f != nil {
		r.say("%s: force MAE %.4g meV/Å over %d frames", names(r.config.Valid), f.MAE, c.Errors.Frames)
	}
	return r.journal.add("valid", c.Errors)
}

func framesOf(items []dataset.Item) []structure.Frame {
	frames := make([]structure.Frame, len(items))
	for i := range items {
		frames[i] = items[i].Frame
	}
	return frames
}
