package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mlff/structure"
	"mlff/teacher"
	"mlff/validate"
)

// checking is the flags of mlff teachers check.
type checking struct {
	teaching
	structures   []string
	dynamics     bool
	temperatures []float64
}

// ladder is what a check heats to where nobody says: to where rocks melt.
var ladder = []float64{300, 600, 1000, 1500, 2000, 3000}

func checkCommand(t *terminal) *cobra.Command {
	k := checking{teaching: teaching{terminal: t}}
	c := &cobra.Command{
		Use:   "check TEACHER --structures FILE",
		Short: "Measure whether a teacher's labels belong together",
		Long: "Measure whether a teacher's labels belong together: forces against the gradient of the energy, stress against\n" +
			"its strain derivative (with unit, sign and order), noise along lines, asymmetry of forces that have no energy,\n" +
			"dimers, the spread of an ensemble; then, in some thousand calls that --md=false leaves out, the drift of the\n" +
			"energy in 2 ps of dynamics and the highest temperature at which dynamics is stable. Exit code 3 if something\n" +
			"is amiss.",
		Example: "  mlff teachers check mace:m.model --structures start.extxyz --python VENV --temperature 300,900",
		Args:    arguments(1, 1, "one teacher"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(k.structures) == 0:
				return usage("teachers check needs --structures")
			case slices.ContainsFunc(k.temperatures, func(t float64) bool { return !(t > 0 && t < 1e5) }):
				return usage("--temperature %v: temperatures are above 0 K", k.temperatures)
			}
			slices.Sort(k.temperatures)
			return k.run(cmd.Context(), args[0])
		},
	}
	k.flags(c.Flags())
	k.pythonFlag(c.Flags())
	c.Flags().StringSliceVar(&k.structures, "structures", nil, "structures to measure at")
	c.Flags().BoolVar(&k.dynamics, "md", true, "dynamics, too")
	float64s(c.Flags(), &k.temperatures, "temperature", "temperatures at which dynamics must be stable, K (default 300; 600 to 3000 are tried)")
	return c
}

// mostChecked structures of a file are looked at; each costs 31 evaluations.
const mostChecked = 5

func (k *checking) run(ctx context.Context, name string) error {
	structures, err := k.read(ctx, k.structures, mostChecked)
	if err != nil {
		return err
	}
	teach, err := teacher.Open(name, k.options(ctx))
	if err != nil {
		return err
	}
	defer teach.Close()
	bar := newProgress(k.terminal.err)
	x, err := teacher.Examine(ctx, teach, structures, func(done, total int) { bar.Progress("check", done, total) })
	if err == nil {
		err = x.Dimers(ctx, teach, elementsOf(structures))
	}
	bar.Done()
	if err == nil && k.dynamics {
		err = k.conserve(ctx, teach, x, &structures[0])
	}
	if err == nil && k.dynamics {
		err = k.heat(ctx, teach, x, &structures[0])
	}
	if err != nil {
		return err
	}
	if k.terminal.json {
		err = k.terminal.printJSON(x)
	} else {
		printExamination(k.terminal.out, x)
	}
	if err == nil && !x.Passed() {
		return errBelowBar
	}
	return err
}

// read returns the first so many structures of files.
func (t *teaching) read(ctx context.Context, files []string, most int) ([]structure.Structure, error) {
	frames, err := t.frames(ctx, files)
	var list []structure.Structure
	for i := range min(most, len(frames)) {
		list = append(list, frames[i].Structure)
	}
	return list, err
}

// Dynamics of a teacher: short, for every step costs an evaluation; a drift above this would spoil a nanosecond.
const (
	checkDuration = 2 // ps
	mostDrift     = 1 // meV/atom/ps
)

func (k *checking) conserve(ctx context.Context, teach teacher.Teacher, x *teacher.Examination, s *structure.Structure) error {
	bar := newProgress(k.terminal.err)
	d := validate.Dynamics{Atoms: s.Len(), Duration: checkDuration}
	run, err := validate.Conserve(ctx, teacher.AsPotential(teach), s, d, func(done, total int) { bar.Progress("dynamics", done, total) })
	bar.Done()
	if err != nil {
		return err
	}
	f := teacher.Finding{Name: "dynamics", Text: "2 ps at constant energy failed: " + run.Failure}
	if run.Failure == "" && run.Drift != nil {
		f.Pass = *run.Drift <= mostDrift
		f.Text = fmt.Sprintf("in %d steps at constant energy it drifts by %.2g meV/atom/ps", run.Steps, *run.Drift)
	}
	x.Findings = append(x.Findings, f)
	return nil
}

// heat looks how hot dynamics may be.
func (k *checking) heat(ctx context.Context, teach teacher.Teacher, x *teacher.Examination, s *structure.Structure) error {
	temperatures, needed := k.temperatures, len(k.temperatures)
	if needed == 0 {
		temperatures, needed = ladder, 1
	}
	bar := newProgress(k.terminal.err)
	rungs, err := validate.Ladder(ctx, teacher.AsPotential(teach), s, temperatures, func(done, total int) { bar.Progress("heating", done, total) })
	bar.Done()
	if err != nil {
		return err
	}
	last := rungs[len(rungs)-1]
	stable := len(rungs)
	if last.Failure != "" {
		stable--
	}
	text := fmt.Sprintf("dynamics is stable at %g K, the highest that was tried", last.Temperature)
	switch {
	case stable == 0:
		text = fmt.Sprintf("dynamics is not even stable at %g K: %s", last.Temperature, oneLine(last.Failure))
	case last.Failure != "":
		text = fmt.Sprintf("dynamics is stable up to %g K; at %g K: %s", rungs[stable-1].Temperature, last.Temperature, oneLine(last.Failure))
	}
	x.Findings = append(x.Findings, teacher.Finding{Name: "temperature", Pass: stable >= needed, Text: text})
	return nil
}

// elementsOf are the atomic numbers in structures, ascending.
func elementsOf(list []structure.Structure) []int {
	var numbers []int
	for i := range list {
		numbers = append(numbers, list[i].Numbers...)
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

func printExamination(out io.Writer, x *teacher.Examination) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	for _, f := range x.Findings {
		fmt.Fprintf(w, "%s\t%s\t%s\n", f.Name, map[bool]string{true: "ok", false: "AMISS"}[f.Pass], f.Text)
	}
	fmt.Fprintf(w, "cost\t\t%d evaluations, %.2g s\n", x.Evaluations, x.Seconds)
}
