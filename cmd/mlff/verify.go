package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"mlff/structure"
	"mlff/teacher"
	"mlff/validate"
)

// verification is the flags of mlff verify.
type verification struct {
	runner
	teaching  teaching
	surveying surveying
	teacher   string
	ladder    string
	calls     int
	wanted    []string
}

// verified are the properties that some two hundred calls of a teacher can tell.
var verified = []string{"crystal", "phonons", "frequencies", "frames", "rdf", "adf"}

func verifyCommand(t *terminal) *cobra.Command {
	v := verification{runner: runner{terminal: t}, teaching: teaching{terminal: t}}
	c := &cobra.Command{
		Use:   "verify STUDENT --teacher TEACHER",
		Short: "Find out with some 200 calls of a teacher whether a student suits structures of one's own",
		Long: "Compare a student that anybody made with a teacher, at structures and temperatures of one's own, within a few\n" +
			"calls: green, amber or red for each observable, with the reason. Crystals are compared at rest; from the\n" +
			"student's dynamics frames are labelled by the teacher, which tells its errors there, and averages are reweighted\n" +
			"to the teacher's. Exit code 3 where something is red.",
		Example: "  mlff verify water.safetensors --teacher mace:water.model --python VENV --structures mine.extxyz --temperature 300..900",
		Args:    arguments(1, 1, "a student"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if v.teacher == "" {
				return usageError{structure.Hint(fmt.Errorf("verify needs a teacher"), "name it with --teacher; mlff teachers lists them")}
			}
			return v.run(cmd.Context(), args[0])
		},
	}
	f := c.Flags()
	f.StringVar(&v.teacher, "teacher", "", "the teacher; mlff teachers lists them")
	f.StringVar(&v.ladder, "temperature", "", "K: one, several with commas, or LOW..HIGH (default the student's domain)")
	f.IntVar(&v.calls, "calls", 200, "of the teacher, at most about")
	f.StringSliceVar(&v.wanted, "observables", verified, "what to look at: "+strings.Join(validate.Properties, ", "))
	v.teaching.flags(f)
	v.teaching.pythonFlag(f)
	v.surveying.flags(f)
	return c
}

func (v *verification) run(ctx context.Context, student string) error {
	list, err := wanted(v.wanted)
	if err != nil {
		return err
	}
	m, err := v.terminal.load(student)
	if err != nil {
		return err
	}
	s := &v.surveying
	if s.temperatures, err = temperatures(v.ladder, m.Meta().Domain.Temperatures); err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	if v.calls < 10 {
		return usage("--calls %d: fewer than 10 tell nothing", v.calls)
	}
	from, err := s.starts(ctx, m, &v.teaching)
	if err != nil {
		return err
	}
	teach, err := teacher.Open(v.teacher, v.teaching.options(ctx))
	if err != nil {
		return err
	}
	defer teach.Close()
	survey, err := s.survey(m, teach, from)
	if err != nil {
		return err
	}
	survey.Wanted, survey.Calls = list, v.calls
	bar := newProgress(v.terminal.err)
	survey.Progress = bar.Progress
	o, err := survey.Verify(ctx, m)
	bar.Done()
	if err != nil {
		return err
	}
	return v.conclude(o)
}

func (v *verification) conclude(o *validate.Observables) error {
	tally := map[string]int{}
	for _, x := range o.List {
		tally[x.Verdict]++
	}
	if v.terminal.json {
		if err := v.terminal.printJSON(o); err != nil {
			return err
		}
	} else {
		printObservations(v.terminal.out, o)
		fmt.Fprintf(v.terminal.out, "\n%d green, %d amber, %d red, %d not established; %s of the teacher, %.3g s\n", tally[validate.Green], tally[validate.Amber],
			tally[validate.Red], tally[validate.Unknown], count(o.Calls, "call"), o.Seconds)
	}
	if tally[validate.Red] > 0 {
		return errBelowBar
	}
	return nil
}

// temperatures reads "300", "300,600" or "300..900", which is the lowest, the middle and the highest.
func temperatures(text string, domain []float64) ([]float64, error) {
	if text == "" {
		if len(domain) == 0 {
			return []float64{300}, nil
		}
		low, high := slices.Min(domain), slices.Max(domain)
		return slices.Compact([]float64{low, domain[len(domain)/2], high}), nil
	}
	wrong := usageError{structure.Hint(fmt.Errorf("--temperature %s is no temperature", text), "give K, as in 300, 300,600 or 300..900")}
	if low, high, ok := strings.Cut(text, ".."); ok {
		a, errA := strconv.ParseFloat(low, 64)
		b, errB := strconv.ParseFloat(high, 64)
		if errA != nil || errB != nil || !(a < b) {
			return nil, wrong
		}
		return []float64{a, (a + b) / 2, b}, nil
	}
	var list []float64
	for word := range strings.SplitSeq(text, ",") {
		t, err := strconv.ParseFloat(strings.TrimSpace(word), 64)
		if err != nil {
			return nil, wrong
		}
		list = append(list, t)
	}
	return list, nil
}
