package lammps

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Oldest is the first version of LAMMPS that the pair style is written for: the stable release of 2 Aug 2023. Those of
// 2022 have pair styles without finish and extract_peratom, which grades need.
const Oldest = 20230802

// Check says whether the pair style is written for this LAMMPS.
func (t *Target) Check() error {
	if t.Version < Oldest {
		return fmt.Errorf("LAMMPS %d is older than %d, the first that the pair style is written for", t.Version, Oldest)
	}
	return nil
}

// Build compiles the pair style for a target and writes mlffplugin.so, mlffpair.so and libmlff.so into the folder out.
// headers holds mlff.h and mlff_loader.h by name; library is the path of a libmlff.so; flags are added to those of the
// compiler.
func Build(ctx context.Context, t *Target, headers map[string][]byte, library, out string, flags ...string) error {
	if err := t.Check(); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	sources, err := os.MkdirTemp("", "mlff-lammps-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(sources)
	if err := unpack(sources, headers); err != nil {
		return err
	}
	if err := compile(ctx, t, filepath.Join(sources, "*pair*.cpp"), filepath.Join(out, "mlffpair.so"), flags); err != nil {
		return err
	}
	if err := compile(ctx, t, filepath.Join(sources, "mlffplugin.cpp"), filepath.Join(out, "mlffplugin.so"), flags); err != nil {
		return err
	}
	return place(library, filepath.Join(out, "libmlff.so"))
}

// unpack writes the sources and headers into one folder.
func unpack(folder string, headers map[string][]byte) error {
	for name, text := range headers {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o666); err != nil {
			return err
		}
	}
	return fs.WalkDir(Sources, "src", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := Sources.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(folder, d.Name()), text, 0o666)
	})
}

// compile makes a library of the sources that match a pattern.
func compile(ctx context.Context, t *Target, sources, library string, flags []string) error {
	args := []string{"-std=c++17", "-O2", "-fPIC", "-shared", fmt.Sprintf("-DMLFF_LAMMPS=%d", t.Version), "-I" + filepath.Dir(sources), "-I" + t.Headers}
	if t.MPI != "" && existing(filepath.Join(t.MPI, "mpi.h")) != "" {
		args = append(args, "-I"+t.MPI)
	}
	args = append(append(append(args, t.Flags...), strings.Fields(os.Getenv("CXXFLAGS"))...), flags...)
	files, err := filepath.Glob(sources)
	if err != nil {
		return err
	}
	fresh := library + ".new"
	defer os.Remove(fresh)
	compiler := Compiler(t)
	said, err := exec.CommandContext(ctx, compiler, append(args, append(files, "-o", fresh, "-ldl")...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", compiler, err, firstLines(string(said), 8))
	}
	return os.Rename(fresh, library)
}

// Compiler is $CXX, or mpicxx for a LAMMPS that brings no mpi.h, or g++.
func Compiler(t *Target) string {
	if cxx := os.Getenv("CXX"); cxx != "" {
		return cxx
	}
	if t.MPI == "" {
		if path, err := exec.LookPath("mpicxx"); err == nil {
			return path
		}
	}
	return "g++"
}

func firstLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[:min(n, len(lines))], "\n")
}

// place copies a file beside its new name first, so that a program that runs the old one keeps it.
func place(from, to string) error {
	if a, err := os.Stat(from); err != nil {
		return err
	} else if b, err := os.Stat(to); err == nil && os.SameFile(a, b) {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	fresh := to + ".new"
	defer os.Remove(fresh)
	out, err := os.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o777)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if e := out.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(fresh, to)
}
