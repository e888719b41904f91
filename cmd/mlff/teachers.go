package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mlff/structure"
	"mlff/teacher"
)

// teaching is the flags of commands that open a teacher.
type teaching struct {
	terminal *terminal
	python   string
	workers  int
	limit    time.Duration
	memory   float64
	trace    string
}

// flags are those that say how a teacher in a child process is run; python is not among them, for configurations have it.
func (t *teaching) flags(f *pflag.FlagSet) {
	f.IntVar(&t.workers, "workers", 0, "processes that hold a Python teacher (default: by cores and memory, at most 4)")
	f.DurationVar(&t.limit, "limit", 0, "time a Python teacher may take for one structure (default 10m)")
	f.Float64Var(&t.memory, "memory", 0, "memory that one of these processes may use, GB (default: any)")
	f.StringVar(&t.trace, "trace", "", "file for the whole conversation with a Python teacher")
}

func (t *teaching) pythonFlag(f *pflag.FlagSet) {
	f.StringVar(&t.python, "python", "", "virtual environment or interpreter of Python teachers")
}

// options of opening; ctx ends a teacher that takes minutes to load.
func (t *teaching) options(ctx context.Context) teacher.Options {
	return teacher.Options{Threads: t.terminal.threads, Workers: t.workers, Python: t.python, Limit: t.limit, Memory: int64(1e9 * t.memory), Trace: t.trace, Context: ctx}
}

// frames are those of files of structures, of any format that is read here or, with the help of the teacher's Python, by ASE.
func (t *teaching) frames(ctx context.Context, files []string) ([]structure.Frame, error) {
	var all []structure.Frame
	for _, path := range files {
		frames, err := teacher.ReadStructures(ctx, path, t.python, structure.Keys{})
		if err != nil {
			return nil, mended(err)
		}
		for k := range frames {
			if err := frames[k].Check(); err != nil {
				return nil, structure.Hint(fmt.Errorf("%s frame %d: %w", path, k, err), "mend the structure")
			}
		}
		all = append(all, frames...)
	}
	return all, nil
}

// kind is a family of teachers as mlff teachers lists it.
type kind struct {
	Name    string `json:"name"`
	Usage   string `json:"usage"`
	Summary string `json:"summary"`
	BuiltIn bool   `json:"built_in"`
	Package string `json:"package,omitempty"`
	Version string `json:"version,omitempty"`
	Install string `json:"install,omitempty"` // where the package is missing
}

func teachersCommand(t *terminal) *cobra.Command {
	flags := teaching{terminal: t}
	c := &cobra.Command{
		Use:   "teachers [NAME...]",
		Short: "List the kinds of teachers, or open some and say what they can do",
		Example: "  mlff teachers --python VENV\n  mlff teachers fennol:water.fnx --python VENV\n" +
			"  mlff teachers check fennol:water.fnx --structures water.extxyz --python VENV",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return flags.list(cmd.Context())
			}
			return flags.inspect(cmd.Context(), args)
		},
	}
	flags.flags(c.Flags())
	flags.pythonFlag(c.Flags())
	c.AddCommand(checkCommand(t), localityCommand(t))
	return c
}

// list says which kinds there are and which of them work with a Python.
func (t *teaching) list(ctx context.Context) error {
	packages, pythonError := teacher.Installed(ctx, t.python)
	if pythonError != nil && t.python != "" {
		return pythonError
	}
	var list []kind
	for _, k := range teacher.Kinds() {
		row := kind{Name: k.Name, Usage: k.Usage, Summary: k.Summary, BuiltIn: k.BuiltIn}
		for _, p := range packages {
			if p.Kind != k.Name {
				continue
			}
			if row.Package, row.Version = p.Package, p.Version; p.Version == "" {
				row.Install = p.Install
			}
		}
		list = append(list, row)
	}
	if t.terminal.json {
		return t.terminal.printJSON(map[string]any{"teachers": list})
	}
	w, missing := tabwriter.NewWriter(t.terminal.out, 0, 0, 2, ' ', 0), ""
	for _, k := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\n", k.Usage, k.Summary, k.state())
		if k.Install != "" {
			missing += "  " + k.Install + "\n"
		}
	}
	if missing != "" {
		fmt.Fprintf(w, "\nWhat is missing, one line each (some cannot live in one environment):\n%s", missing)
	}
	return w.Flush()
}

func (k kind) state() string {
	switch {
	case k.BuiltIn:
		return "built in"
	case k.Version != "":
		return k.Package + " " + k.Version
	case k.Install != "":
		return "missing, see below"
	}
	return "needs Python: --python VENV"
}

// inspected is one teacher after it was opened.
type inspected struct {
	teacher.Info
	Milliseconds *float64 `json:"milliseconds"` // for 64 atoms; null where it failed
	Failure      string   `json:"failure,omitempty"`
}

// inspect opens teachers and has each label 64 atoms of its first element, which tells whether it works at all.
func (t *teaching) inspect(ctx context.Context, names []string) error {
	var list []inspected
	for _, name := range names {
		one, err := t.open(ctx, name)
		if err != nil {
			return err
		}
		list = append(list, one)
	}
	if t.terminal.json {
		return t.terminal.printJSON(map[string]any{"teachers": list})
	}
	for _, one := range list {
		one.print(t.terminal.out)
	}
	return nil
}

func (t *teaching) open(ctx context.Context, name string) (inspected, error) {
	o := t.options(ctx)
	o.Workers = 1
	teach, err := teacher.Open(name, o)
	if err != nil {
		return inspected{}, err
	}
	defer teach.Close()
	one := inspected{Info: teach.Info()}
	s := []structure.Structure{lattice(one.Elements[0])}
	var began time.Time
	for range 3 { // the first call compiles, the second may do so again
		s[0].Positions[0][0] += 0.01 // calculators of ASE remember their last answer
		began = time.Now()
		if _, err = teach.Label(ctx, s); err != nil {
			one.Failure = err.Error()
			return one, ctx.Err()
		}
	}
	ms := 1e3 * time.Since(began).Seconds()
	one.Milliseconds = &ms
	return one, nil
}

// lattice is a simple cubic crystal of 64 atoms, slightly wider than its bonds; of hydrogen, which is no metal here, wide
// enough that no teacher drowns in neighbours.
func lattice(z int) structure.Structure {
	a := max(2.4*structure.CovalentRadius(z), 2.2)
	one := structure.Structure{Numbers: []int{z}, Positions: [][3]float64{{0, 0, 0}}, Cell: [3][3]float64{{a, 0, 0}, {0, a, 0}, {0, 0, a}}, PBC: [3]bool{true, true, true}}
	return structure.Supercell(&one, [3]int{4, 4, 4})
}

func (o *inspected) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintf(w, "teacher\t%s (%s)\n", o.Name, short(o.Identity))
	if o.Package != "" {
		fmt.Fprintf(w, "package\t%s on %s\n", o.Package, o.Device)
	}
	fmt.Fprintf(w, "labels\t%s\n", strings.Join(properties(o.Info), ", "))
	fmt.Fprintf(w, "elements\t%s\n", elementsText(o.Elements))
	fmt.Fprintf(w, "licence\t%s, commercial use %s\n", o.Licence, o.Commercial)
	if o.Note != "" {
		fmt.Fprintf(w, "\t%s\n", o.Note)
	}
	if o.Citation != "" {
		fmt.Fprintf(w, "cite\t%s\n", o.Citation)
	}
	if o.Milliseconds != nil {
		fmt.Fprintf(w, "speed\t%.3g ms for 64 atoms\n", *o.Milliseconds)
	} else {
		fmt.Fprintf(w, "speed\tit failed on 64 atoms: %s\n", o.Failure)
	}
}

func properties(i teacher.Info) []string {
	var list []string
	for _, p := range []struct {
		name string
		has  bool
	}{{"energy", i.Energy}, {"forces", i.Forces && !i.Direct}, {"forces that are not the energy's gradient", i.Forces && i.Direct}, {"stress", i.Stress}, {"energies of atoms", i.Energies}} {
		if p.has {
			list = append(list, p.name)
		}
	}
	return list
}

func elementsText(numbers []int) string {
	if len(numbers) == structure.MaxNumber {
		return "any"
	}
	var list []string
	for _, z := range numbers {
		list = append(list, structure.Symbol(z))
	}
	return strings.Join(list, " ")
}
