package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mlff/model"
	"mlff/structure"
)

// about is the JSON of mlff info.
type about struct{ *model.About }

func infoCommand(t *terminal) *cobra.Command {
	var licence, cite bool
	c := &cobra.Command{
		Use:     "info STUDENT",
		Short:   "Print what a student says about itself",
		Example: "  mlff info run/student.safetensors",
		Args:    arguments(1, 1, "one student"),
		RunE: func(_ *cobra.Command, args []string) error {
			m, err := model.Load(args[0])
			if err != nil {
				return err
			}
			a := &about{m.About()}
			if s, err := os.Stat(args[0]); err == nil {
				a.Bytes = s.Size()
			}
			switch {
			case licence:
				return t.printText(a.Licence, "licence", a.licenceText())
			case cite:
				return t.printText(a.citation(), "cite", a.citation())
			case t.json:
				return t.printJSON(a)
			}
			a.print(t.out)
			return nil
		},
	}
	c.Flags().BoolVar(&licence, "licence", false, "what the licence of its teacher means for it")
	c.Flags().BoolVar(&cite, "cite", false, "whom to cite")
	return c
}

// printText prints a text, or with --json an object with one value.
func (t *terminal) printText(value, key, text string) error {
	if t.json {
		return t.printJSON(map[string]string{key: value})
	}
	_, err := fmt.Fprintln(t.out, text)
	return err
}

func (a *about) licenceText() string {
	switch {
	case a.Teacher == nil:
		return "unknown: learned from labelled files, whose licence counts"
	case a.Teacher.Accepted:
		return fmt.Sprintf("%s, of its teacher %s; commercial use: %s; accepted by whoever distilled it", a.Licence, a.Teacher.Name, a.Teacher.Commercial)
	}
	text := fmt.Sprintf("%s, of its teacher %s; commercial use: %s", a.Licence, a.Teacher.Name, a.Teacher.Commercial)
	if a.Teacher.Note != "" {
		text += "\n" + a.Teacher.Note
	}
	return text
}

func (a *about) citation() string {
	if a.Teacher == nil || a.Teacher.Citation == "" {
		return "nothing is known of where its labels come from"
	}
	return a.Teacher.Citation
}

func (a *about) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintf(w, "species\t%s\n", strings.Join(a.Species, " "))
	fmt.Fprintf(w, "cutoff\t%g Å\n", a.Cutoff)
	s := a.Shapes
	fmt.Fprintf(w, "shapes\tradial %d, channels %d, mixed %d, hidden %d, lmax %d, lt %d, layers %d, intervals %d\n",
		s.Radial, s.Channels, s.Mixed, s.Hidden, s.LMax, s.LT, s.Layers, s.Intervals)
	if a.Teacher != nil {
		fmt.Fprintf(w, "teacher\t%s (%s), licence %s, commercial use %s\n", a.Teacher.Name, short(a.Teacher.Identity), a.Teacher.Licence, a.Teacher.Commercial)
	} else {
		fmt.Fprintln(w, "teacher\tnone: learned from labelled files")
	}
	if len(a.Mixed) > 0 {
		var list []string
		for _, identity := range a.Mixed {
			list = append(list, short(identity))
		}
		fmt.Fprintf(w, "mixed\tlabels of %d teachers, as asked for: %s\n", len(list), strings.Join(list, ", "))
	}
	if a.Licence != "" {
		fmt.Fprintf(w, "licence\t%s\n", a.Licence)
	}
	a.printDomain(w)
	a.printCertificate(w)
	if a.Run != nil {
		fmt.Fprintf(w, "made\t%s on %s in %.0f s\n", a.Run.Date, a.Run.Host, a.Run.Seconds)
	}
}

func (a *about) printDomain(w io.Writer) {
	d := a.Domain
	fmt.Fprintf(w, "domain\t%s, periodic %s, charge %d, spin %d", strings.Join(d.Elements, " "), strings.Join(d.Periodic, " "), d.Charge, d.Spin)
	if len(d.Temperatures) > 0 {
		fmt.Fprintf(w, ", temperatures %s K", strings.Trim(fmt.Sprint(d.Temperatures), "[]"))
	}
	if d.Pressure != nil {
		fmt.Fprintf(w, ", pressure %g to %g GPa", d.Pressure[0], d.Pressure[1])
	}
	fmt.Fprintln(w)
}

func (a *about) printCertificate(w io.Writer) {
	c := a.Certificate
	if c == nil {
		fmt.Fprintln(w, "certificate\tnone")
		return
	}
	fmt.Fprintf(w, "certificate\t%s; %s\n", c.Verdict(), model.Statement)
	if a.Data != "" {
		fmt.Fprintf(w, "  data\t%s\n", short(a.Data))
	}
	if c.Engine != "" {
		fmt.Fprintf(w, "  measured by\tmlff %s\n", c.Engine)
	}
	for _, text := range c.Failures() {
		fmt.Fprintf(w, "  failed\t%s\n", text)
	}
	if text := c.Undecided(); text != "" {
		fmt.Fprintf(w, "  not decided\t%s\n", text)
	}
	for _, text := range c.Warnings() {
		fmt.Fprintf(w, "  warning\t%s\n", text)
	}
	fmt.Fprintf(w, "  test\t%s\n", count(c.Test.Frames, "frame"))
	for _, q := range []struct {
		name, unit string
		quality    *structure.Quality
	}{{"energy", "meV/atom", c.Test.Energy}, {"forces", "meV/Å", c.Test.Forces}, {"stress", "MPa", c.Test.Stress}} {
		if q.quality != nil {
			fmt.Fprintf(w, "  %s\t%s\n", q.name, summary(q.quality, q.unit, c.Bars[q.name]))
		}
	}
	defer printFigures(w, c)
	if c.NVE != nil {
		fmt.Fprintf(w, "  drift\t%.2g ± %.1g meV/atom/ps (%d atoms, %d steps)%s\n", c.NVE.Drift, c.NVE.Error, c.NVE.Atoms, c.NVE.Steps, bar(c.Bars["drift"], "at most"))
	}
}

// printFigures lists the figures that have no line of their own above.
func printFigures(w io.Writer, c *model.Certificate) {
	for k := range c.Checks {
		f := &c.Checks[k]
		switch f.Name {
		case "energy accuracy", "forces accuracy", "stress accuracy", "energy drift":
			continue
		}
		text := "-"
		if f.Figure != nil {
			text = strings.TrimSpace(fmt.Sprintf("%.4g %s", *f.Figure, f.Unit))
		}
		if f.Bar != nil {
			text += fmt.Sprintf(" (bar: %s %g)", f.Sense, *f.Bar)
		}
		if f.Pass != nil {
			text += map[bool]string{true: ", ok", false: ", FAILED"}[*f.Pass]
		}
		fmt.Fprintf(w, "  %s\t%s\n", f.Title(), text)
	}
}

// summary is one quantity in a line, with the bar on its accuracy where there is one.
func summary(q *structure.Quality, unit string, needed *float64) string {
	text := fmt.Sprintf("MAE %.4g, RMSE %.4g %s", q.MAE, q.RMSE, unit)
	if q.Accuracy != nil {
		text += fmt.Sprintf(", accuracy %.4f%s", *q.Accuracy, bar(needed, "at least"))
	}
	return text
}

func bar(needed *float64, sense string) string {
	if needed == nil {
		return ""
	}
	return fmt.Sprintf(" (bar: %s %g)", sense, *needed)
}

func short(hash string) string { return hash[:min(len(hash), 12)] }
