package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"mlff/distill"
	"mlff/model"
	"mlff/structure"
)

// exporting is the flags of mlff export.
type exporting struct {
	terminal    *terminal
	out         string
	uncertified bool
	accept      bool
}

func exportCommand(t *terminal) *cobra.Command {
	e := exporting{terminal: t}
	c := &cobra.Command{
		Use:   "export STUDENT --out FILE",
		Short: "Write the copy of a student that is meant for others",
		Long: "Write the copy of a student that is meant for others: without the date, the host and the folders of the run that\n" +
			"made it. It says what the licence of the teacher means for whoever passes it on. A student that did not reach its\n" +
			"bars, or was not measured, needs --uncertified.",
		Example: "  mlff export run/student.safetensors --out silicon.safetensors",
		Args:    arguments(1, 1, "one student"),
		RunE:    func(_ *cobra.Command, args []string) error { return e.run(args[0]) },
	}
	f := c.Flags()
	f.StringVar(&e.out, "out", "", "file to write")
	f.BoolVar(&e.uncertified, "uncertified", false, "export also a student without a passed certificate")
	f.BoolVar(&e.accept, "accept-licence", false, "record in the copy that you accept the licence of its teacher")
	return c
}

// exported is the JSON of mlff export.
type exported struct {
	Out        string `json:"out"`
	Certified  bool   `json:"certified"`
	Licence    string `json:"licence"`
	Commercial string `json:"commercial"` // yes, no or unknown
	Accepted   bool   `json:"licence_accepted"`
}

func (e *exporting) run(path string) error {
	if e.out == "" {
		return usage("export needs --out")
	}
	if err := apart(e.out, path); err != nil {
		return err
	}
	m, err := model.Load(path)
	if err != nil {
		return err
	}
	if err := e.certified(path, m.Meta().Certificate); err != nil {
		return err
	}
	x := exported{Out: e.out, Certified: passed(m.Meta().Certificate), Licence: m.Meta().Licence, Commercial: "unknown"}
	m.Meta().Run = nil
	if t := m.Meta().Teacher; t != nil {
		t.Name = distill.TeacherWithoutFolders(t.Name)
		t.Accepted = t.Accepted || e.accept
		x.Commercial, x.Accepted = t.Commercial, t.Accepted
	}
	if err := m.Save(e.out); err != nil {
		return err
	}
	return e.tell(&x, m)
}

func passed(c *model.Certificate) bool { return c != nil && c.Passed }

// certified refuses students that nobody should be given by mistake.
func (e *exporting) certified(path string, c *model.Certificate) error {
	if passed(c) || e.uncertified {
		return nil
	}
	what := "has no certificate"
	if c != nil {
		what = "did not reach its bars"
	}
	return structure.Hint(fmt.Errorf("%s %s", path, what), "mlff info shows what was measured; --uncertified exports it all the same")
}

// tell says what was written and, unless commercial use is allowed, under which terms.
func (e *exporting) tell(x *exported, m *model.Model) error {
	if x.Commercial != "yes" {
		a := &about{m.About()}
		fmt.Fprintf(e.terminal.err, "licence: %s\n", oneLine(a.licenceText()))
		if m.Meta().Teacher != nil && !x.Accepted {
			fmt.Fprintln(e.terminal.err, "hint: --accept-licence records in the copy that you have read it")
		}
	}
	if e.terminal.json {
		return e.terminal.printJSON(x)
	}
	state := "certified"
	if !x.Certified {
		state = "UNCERTIFIED"
	}
	_, err := fmt.Fprintf(e.terminal.out, "%s: %s\n", state, x.Out)
	return err
}
