package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mlff/lammps"
	"mlff/structure"
)

// finding is one line of mlff lammps doctor.
type finding struct {
	What   string `json:"what"`
	Found  string `json:"found"`
	Do     string `json:"do,omitempty"` // where it is missing
	Needed bool   `json:"needed"`       // to build the plugin, or to load it
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
		f := finding{What: what, Found: found, Needed: needed}
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
	version, old := fmt.Sprint(target.Version), ""
	if err := target.Check(); err != nil {
		version, old = "", err.Error()+": install a newer one"
	}
	add("LAMMPS", version, old, true)
	add("headers", there(filepath.Join(target.Headers, "pair.h")), "install LAMMPS with its headers", true)
	mpi := there(filepath.Join(target.MPI, "mpi.h"))
	if target.MPI == "" {
		mpi = "left to the compiler"
	}
	add("mpi.h", mpi, "pip install mpich into the environment of --python", true)
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
	add("libmlff.so", library, needLibrary, true)
	if target.Program != "" {
		plugins, do := "", "this LAMMPS loads no plugins: build it with the package PLUGIN, or with lammps/cmake/mlff.cmake of a checkout of mlff"
		if help, err := target.Help(); err != nil {
			do = err.Error() + ": mend that first"
		} else if strings.Contains(help, "PLUGIN") {
			plugins = "package PLUGIN is there"
		}
		add("plugins", plugins, do, true)
	}
	add("lmp", target.Program, "not needed to build", false)
	add("mpiexec", target.Launcher, "not needed to build; take that of the MPI of LAMMPS", false)
	if target.Library != "" {
		add("to run", "LD_LIBRARY_PATH="+target.Library, "", false)
	}
	return list, missing
}

func printFindings(out io.Writer, list []finding) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range list {
		switch {
		case f.Found != "":
			fmt.Fprintf(w, "%s\t%s\n", f.What, f.Found)
		case f.Needed:
			fmt.Fprintf(w, "%s\tMISSING: %s\n", f.What, f.Do)
		default:
			fmt.Fprintf(w, "%s\tnot found; %s\n", f.What, f.Do)
		}
	}
	return w.Flush()
}
