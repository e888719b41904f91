package lammps_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mlff/include"
	"mlff/lammps"
)

// installed is a folder as make install fills it, from the parts that pip brought, perhaps with another version.
func installed(t *testing.T, version string) string {
	t.Helper()
	_, target := built(t)
	home := filepath.Dir(target.Program)
	folder := t.TempDir()
	config := filepath.Join(folder, "lib", "cmake", "LAMMPS")
	for _, dir := range []string{"include", "bin", config} {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(folder, dir)
		}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for from, to := range map[string]string{target.Headers: "include/lammps", target.Program: "bin/lmp", filepath.Join(home, "liblammps.so"): "lib/liblammps.so",
		filepath.Join(home, "cmake", "LAMMPS", "LAMMPS_Targets.cmake"): "lib/cmake/LAMMPS/LAMMPS_Targets.cmake"} {
		if err := os.Symlink(from, filepath.Join(folder, to)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(config, "LAMMPSConfigVersion.cmake"), []byte("set(PACKAGE_VERSION \""+version+"\")\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestTargets(t *testing.T) {
	folder := installed(t, "20250722")
	got, err := lammps.FromFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	_, target := built(t)
	if help, err := target.Help(); err != nil || !strings.Contains(help, "PLUGIN") {
		t.Errorf("what the installed LAMMPS says of itself: %v %s", err, help)
	}
	if got.Version != 20250722 || got.Program != filepath.Join(folder, "bin", "lmp") || !slices.Equal(got.Flags, target.Flags) {
		t.Errorf("installed: %+v", got)
	}
	source := t.TempDir()
	for name, text := range map[string]string{"src/version.h": "#define LAMMPS_VERSION \"22 Jul 2025\"\n", "src/STUBS/mpi.h": ""} {
		path := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", "")
	t.Setenv("CXX", "")
	got, err = lammps.FromFolder(source)
	if err != nil || got.Version != 20250722 || got.Headers != filepath.Join(source, "src") || got.MPI != filepath.Join(source, "src", "STUBS") {
		t.Errorf("source tree: %+v %v", got, err)
	}
	if err := (&lammps.Target{Version: 20220623}).Check(); err == nil || !strings.Contains(err.Error(), "LAMMPS 20220623 is older than 20230802") {
		t.Errorf("a LAMMPS of 2022: %v", err)
	}
	if _, err := lammps.FromFolder(t.TempDir()); err == nil || !strings.Contains(err.Error(), "neither a source tree") {
		t.Errorf("an empty folder: %v", err)
	}
}

// What is built for a folder runs in its LAMMPS; in a LAMMPS of another version it leaves everything alone and says why.
func TestBuildForAFolder(t *testing.T) {
	folder, target := built(t)
	c := newScene(t)
	t.Setenv("PATH", filepath.Dir(target.Launcher)+string(os.PathListSeparator)+os.Getenv("PATH")) // mpicxx of that LAMMPS
	headers := map[string][]byte{"mlff.h": include.Header, "mlff_loader.h": include.Loader}
	own := strconv.Itoa(target.Version)
	for version, want := range map[string]string{own: "Loop time", "20990101": "was built for LAMMPS 20990101, this is LAMMPS " + own + ": build it again"} {
		other, err := lammps.FromFolder(installed(t, version))
		if err != nil {
			t.Fatal(err)
		}
		out := t.TempDir()
		if err := lammps.Build(context.Background(), other, headers, filepath.Join(folder, "libmlff.so"), out, "-O0"); err != nil {
			t.Fatal(err)
		}
		said, err := lmpWith(t, out, c.dir, 2, c.input(metal, "pair_style mlff\npair_coeff * * "+c.student+" O Si", "run 0"))
		if (err == nil) != (version == own) || !strings.Contains(said, want) {
			t.Errorf("built for %s: %v\n%s", version, err, last(said, 8))
		}
	}
}
