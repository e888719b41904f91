package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mlff/distill"
	"mlff/model"
	"mlff/structure"
	"mlff/teacher"
	"mlff/validate"
)

// validation is the flags of mlff validate.
type validation struct {
	runner
	keys   structure.Keys
	energy float64
	forces float64
	stress float64
	drift  float64
	ratio  float64 // on-policy

	teaching teaching
	teacher  string
	keep     bool

	surveying surveying
	wanted    []string // observables
	out       string

	policyFrames int
	guardFrames  int
	pool         string
}

func validateCommand(t *terminal) *cobra.Command {
	v := validation{runner: runner{terminal: t}, teaching: teaching{terminal: t}}
	c := &cobra.Command{
		Use:   "validate STUDENT [FILE...]",
		Short: "Measure a student: errors, drift, dimers, compression, and observables beside the teacher",
		Long: "Measure a student as distill does: errors against labelled frames, the drift of the energy, the repulsion\n" +
			"of dimers and the energy under compression. With --teacher the student runs at the lowest, the middle and the\n" +
			"highest temperature of its domain and the teacher labels where it went; and the two are compared: crystals at\n" +
			"rest (lattice, equation of state, elastic constants, phonons), molecules (frequencies), dynamics side by side or, where the\n" +
			"teacher's is too dear, frames of the student's reweighted to the teacher (distribution functions, vibrational\n" +
			"spectrum, diffusion, density), and larger cells. The certificate in the student is then written anew: what is\n" +
			"measured again replaces what it said. Bars that are given decide about exit code 3; with --teacher those of the\n" +
			"certificate hold where none is given, and those of the observables.",
		Example: "  mlff validate run/student.safetensors test.extxyz --forces 0.95 --drift 0.01\n" +
			"  mlff validate run/student.safetensors test.extxyz --teacher sw-si\n" +
			"  mlff validate run/student.safetensors --teacher sw-si --structures si.extxyz --observables crystal,phonons",
		Args: arguments(1, -1, "a student and labelled files"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return v.run(cmd.Context(), cmd.Flags(), args[0], args[1:])
		},
	}
	f := c.Flags()
	v.flags(f)
	labelKeys(f, &v.keys)
	f.Float64Var(&v.energy, "energy", 0, "bar: least accuracy of energies")
	f.Float64Var(&v.forces, "forces", 0, "bar: least accuracy of forces")
	f.Float64Var(&v.stress, "stress", 0, "bar: least accuracy of stress")
	f.Float64Var(&v.drift, "drift", 0, "bar: largest drift, meV/atom/ps")
	f.Float64Var(&v.ratio, "on-policy", 0, "bar: largest force error in the student's own dynamics, over that of held-out frames")
	f.StringVar(&v.teacher, "teacher", "", "compare with this teacher; mlff teachers lists them")
	f.BoolVar(&v.keep, "keep", false, "leave the certificate in the student as it is")
	v.teaching.flags(f)
	v.teaching.pythonFlag(f)
	f.StringSliceVar(&v.wanted, "observables", nil, "beside the teacher (default what applies; none for none): "+strings.Join(validate.Properties, ", "))
	float64s(f, &v.surveying.temperatures, "temperature", "of the dynamics, K (default the middle one of the student's domain, else 300)")
	f.IntVar(&v.policyFrames, "policy-frames", 50, "frames of the student's own dynamics that the teacher judges at a temperature; 0: none")
	f.IntVar(&v.guardFrames, "guard-frames", 20, "strange frames of each kind that the student's alarm is tried on; 0: none")
	f.StringVar(&v.pool, "pool", "", "file for these frames with the teacher's labels, which distill --add learns from")
	f.StringVar(&v.out, "out", "", "file for everything that was measured, JSON")
	v.surveying.flags(f)
	return c
}

func (v *validation) run(ctx context.Context, f *pflag.FlagSet, student string, files []string) error {
	bars, err := v.bars(f)
	if err != nil {
		return err
	}
	if v.policyFrames < 0 || v.guardFrames < 0 {
		return usage("--policy-frames and --guard-frames must not be negative")
	}
	for _, out := range []string{v.pool, v.out} {
		if err := apart(out, slices.Concat(files, []string{student}, v.surveying.structures)...); err != nil {
			return err
		}
	}
	p, err := v.open(student)
	if err != nil {
		return err
	}
	defer p.Close()
	frames, err := distill.ReadLabelled(files, v.keys)
	if err != nil {
		return err
	}
	o := validate.Options{Bars: bars, Dynamics: v.terminal.dynamics, Seed: v.surveying.seed}
	before := p.Model().Meta().Certificate
	if v.teacher != "" {
		from, err := v.surveying.starts(ctx, p.Model(), &v.teaching)
		if err != nil {
			return err
		}
		teach, err := teacher.Open(v.teacher, v.teaching.options(ctx))
		if err != nil {
			return err
		}
		defer teach.Close()
		o.Teacher = teacher.AsPotential(teach)
		o.Bars = over(bars, before)
		if before != nil {
			o.Reference = before.Reference
		}
		o.OnPolicy, o.Guard = v.policy(p.Model(), teach, from), v.guard(p.Model(), teach)
		if o.Survey, err = v.survey(p.Model(), teach, from); err != nil {
			return err
		}
	}
	bar := newProgress(v.terminal.err)
	o.Progress = bar.Progress
	if o.Survey != nil {
		o.Survey.Progress = bar.Progress
	}
	result, err := distill.Validate(ctx, p, frames, o)
	bar.Done()
	if err != nil {
		return err
	}
	c := result.Certificate()
	c.Engine = version
	if v.teacher != "" && !v.keep {
		if err := certify(student, p.Model(), c); err != nil {
			return err
		}
		if err := distill.Record(filepath.Dir(student), result); err != nil {
			return err
		}
	}
	if v.pool != "" && result.Gate != nil {
		if err := savePool(v.pool, result.Gate.Frames); err != nil {
			return err
		}
	}
	if v.out != "" {
		if err := writeJSON(v.out, result); err != nil {
			return err
		}
	}
	v.warnOfZeros(p, frames)
	return v.conclude(c, result.Observables, len(bars) > 0)
}

// survey is what --observables asks for; nil where that is nothing.
func (v *validation) survey(m *model.Model, t teacher.Teacher, from *starts) (*validate.Survey, error) {
	if len(v.wanted) == 1 && v.wanted[0] == "none" {
		return nil, nil
	}
	list, err := wanted(v.wanted)
	if err != nil {
		return nil, err
	}
	s := &v.surveying
	if err := s.check(); err != nil {
		return nil, err
	}
	if ladder := m.Meta().Domain.Temperatures; len(s.temperatures) == 0 {
		s.temperatures = []float64{300}
		if len(ladder) > 0 {
			s.temperatures = ladder[len(ladder)/2 : len(ladder)/2+1]
		}
	}
	survey, err := s.survey(m, t, from)
	if survey != nil {
		survey.Wanted = list
	}
	return survey, err
}

// warnOfZeros names compositions of the frames whose energies the student's labels left open.
func (v *validation) warnOfZeros(p *model.Potential, l *distill.Labelled) {
	seen := watch(p)
	for k := range l.Frames {
		if l.Frames[k].Energy != nil {
			seen.look(&l.Frames[k].Structure)
		}
	}
	seen.warn(v.terminal.err)
}

// certify writes what was measured into the student's certificate.
func certify(path string, m *model.Model, c *model.Certificate) error {
	m.Meta().Certificate = c.Over(m.Meta().Certificate)
	return m.Save(path)
}

// conclude prints the figures. Whoever gives a bar wants it decided.
func (v *validation) conclude(c *model.Certificate, o *validate.Observables, wanted bool) error {
	switch {
	case v.terminal.json:
		err := v.terminal.printJSON(struct {
			*model.Certificate
			Observables *validate.Observables `json:"observables,omitempty"`
		}{c, o})
		if err != nil {
			return err
		}
	case o == nil:
		printChecks(v.terminal.out, c.Checks)
	default:
		printChecks(v.terminal.out, c.Checks[:len(c.Checks)-len(o.List)])
		fmt.Fprintln(v.terminal.out)
		printObservations(v.terminal.out, o)
	}
	v.terminal.warnOf(c)
	if !c.Passed || wanted && c.Undecided() != "" {
		return errBelowBar
	}
	return nil
}

// bars are those that the command line states.
func (v *validation) bars(f *pflag.FlagSet) (validate.Bars, error) {
	given := validate.Bars{}
	for _, b := range []struct {
		name  string
		value *float64
		most  float64
	}{{"energy", &v.energy, 1}, {"forces", &v.forces, 1}, {"stress", &v.stress, 1}, {"drift", &v.drift, math.MaxFloat64}, {"on-policy", &v.ratio, math.MaxFloat64}} {
		if !f.Changed(b.name) {
			continue
		}
		switch x := *b.value; {
		case b.name == "drift" && !(x >= 0 && x <= b.most):
			return nil, usage("--drift %g is no drift: give meV/atom/ps, at least 0", x)
		case b.name == "on-policy" && !(x > 0 && x <= b.most):
			return nil, usage("--on-policy %g is no ratio: give a number above 0, such as 1.5", x)
		case b.most == 1 && !(x > 0 && x <= b.most):
			return nil, usage("--%s %g is no accuracy: give a number above 0 and up to 1, such as 0.95", b.name, x)
		}
		given[strings.ReplaceAll(b.name, "-", "_")] = b.value
	}
	return given, nil
}

// over are bars, and where one is missing that of an earlier certificate.
func over(b validate.Bars, before *model.Certificate) validate.Bars {
	all := validate.Bars{}
	if before != nil {
		maps.Copy(all, before.Bars)
	}
	maps.Copy(all, b)
	return all
}

func printChecks(out io.Writer, checks []validate.Check) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	for _, c := range checks {
		figure, verdict := "-", "no bar"
		if c.Figure != nil {
			figure = strings.TrimSpace(fmt.Sprintf("%.4g %s", *c.Figure, c.Unit))
		}
		switch {
		case c.Pass != nil && c.Bar != nil:
			verdict = fmt.Sprintf("%s %g: %s", c.Sense, *c.Bar, map[bool]string{true: "ok", false: "FAILED"}[*c.Pass])
		case c.Pass != nil:
			verdict = "FAILED"
		case c.Bar != nil:
			verdict = fmt.Sprintf("%s %g: not decided", c.Sense, *c.Bar)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", c.Title(), figure, verdict, c.Note)
	}
}
