package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The library is built once, as a user builds it, and used by C programs.

const version1 = "../model/testdata/version1.safetensors"

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "capi")
	if err != nil {
		panic(err)
	}
	folder = dir
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

var folder string

func library(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no gcc here")
	}
	path := filepath.Join(folder, "libmlff.so")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	run(t, exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-extldflags=-Wl,-soname,libmlff.so.1", "-o", path, "."))
	if err := os.Symlink("libmlff.so", path+".1"); err != nil {
		t.Fatal(err)
	}
	return path
}

func run(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", c, err, out)
	}
	return string(out)
}

// compile builds a C program against the library.
func compile(t *testing.T, source string, flags ...string) string {
	t.Helper()
	lib := library(t)
	program := filepath.Join(t.TempDir(), "program")
	args := append([]string{"-std=gnu11", "-Wall", "-Wextra", "-Werror", "-g", "-I../include", source, "-o", program}, flags...)
	run(t, exec.Command("gcc", append(args, lib, "-lm", "-Wl,-rpath,"+filepath.Dir(lib))...))
	return program
}

func TestExample(t *testing.T) {
	out := run(t, exec.Command(compile(t, "example/main.c"), version1, "14"))
	for _, want := range []string{`"species":["O","Si"]`, "\nenergy ", "\natom 1: energy ", "\nstress "} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
	failing := exec.Command(compile(t, "example/main.c"), version1, "79")
	text, err := failing.CombinedOutput()
	if err == nil || !strings.Contains(string(text), "error: the student knows O, Si, not Au\ndistil a student") {
		t.Errorf("an unknown element: %v\n%s", err, text)
	}
}

func TestUseAndMisuse(t *testing.T) {
	run(t, exec.Command(compile(t, "testdata/check.c"), version1))
}

// The sanitizer sees what crosses the border in both directions: the C side is instrumented, memory is the sanitizer's.
func TestUnderAddressSanitizer(t *testing.T) {
	c := exec.Command(compile(t, "testdata/check.c", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"), version1)
	c.Env = append(os.Environ(), "ASAN_OPTIONS=detect_leaks=0") // the Go run time keeps its threads and their memory
	run(t, c)
}

func TestTheHeaderIsPlainC99AndCPlusPlus(t *testing.T) {
	library(t)
	for _, args := range [][]string{{"-x", "c", "-std=c99"}, {"-x", "c++", "-std=c++11"}} {
		c := exec.Command("gcc", append(args, "-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-")...)
		c.Stdin = strings.NewReader("#include \"mlff.h\"\nint main(void) { return mlff_abi(); }\n")
		c.Args = append(c.Args, "-I../include")
		run(t, c)
	}
}
