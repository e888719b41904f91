package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mlff/dataset"
	"mlff/validate"
)

// brief is a drift that takes a second: transcripts are about the terminal, not about silicon.
var brief = validate.Dynamics{Atoms: 8, Duration: 0.05}

func TestMain(m *testing.M) {
	command := func(t terminal) func() {
		return func() {
			t.out, t.err, t.dynamics, t.checkpoint, t.poll = os.Stdout, os.Stderr, brief, 100*time.Millisecond, 100*time.Millisecond
			os.Exit(t.run(os.Args[1:]))
		}
	}
	if os.Getenv(asCommand) != "" {
		command(terminal{})()
	}
	testscript.Main(m, map[string]func(){
		"mlff": command(terminal{}),
		// mlff on a machine whose disk is full once the data of a run has grown to two shards
		"mlff-full-disk": command(terminal{disk: &fullDisk{room: 2}}),
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			for name, folder := range map[string]string{"EXAMPLES": "../../examples", "FAKES": "../../teacher/testdata"} {
				path, err := filepath.Abs(folder)
				if err != nil {
					return err
				}
				e.Setenv(name, path)
			}
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "root" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return os.Geteuid() == 0, nil // root may write everywhere
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"flipbits": flipBits,
			"truncate": truncate,
			"usage":    wrongUsage,
		},
	})
}

// fullDisk is the operating system's disk until some shards are written.
type fullDisk struct{ room int }

func (d *fullDisk) Create(path string) (dataset.DiskFile, error) {
	f, err := os.Create(path)
	if d.room--; d.room < 0 && err == nil {
		return fullFile{f}, nil
	}
	return f, err
}

func (d *fullDisk) Append(path string) (dataset.DiskFile, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
}

func (d *fullDisk) Rename(from, to string) error { return os.Rename(from, to) }
func (d *fullDisk) Remove(path string) error     { return os.Remove(path) }
func (d *fullDisk) SyncDir(string) error         { return nil }

// fullFile takes half of what is written, as a real disk would.
type fullFile struct{ *os.File }

func (f fullFile) Write(b []byte) (int, error) {
	n, _ := f.File.Write(b[:len(b)/2])
	return n, &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
}

// wrongUsage COMMAND... runs a command that must end with the exit code of wrong usage.
func wrongUsage(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec(args[0], args[1:]...)
	var exit *exec.ExitError
	if neg || !errors.As(err, &exit) || exit.ExitCode() != exitUsage {
		ts.Fatalf("%v, want exit code %d", err, exitUsage)
	}
}

// flipBits FILE N runs `mlff info` on N copies of a student with one flipped bit each; all must be refused.
func flipBits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flipbits FILE N")
	}
	content, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	damaged := ts.MkAbs("damaged.safetensors")
	rng := rand.New(rand.NewPCG(1, 2))
	for range n {
		bit := rng.IntN(8 * len(content))
		content[bit/8] ^= 1 << (bit % 8)
		ts.Check(os.WriteFile(damaged, content, 0o666))
		var out, complaint strings.Builder
		if code := run([]string{"info", damaged}, &out, &complaint); code != exitFailed || out.Len() > 0 {
			ts.Fatalf("bit %d flipped: exit %d, printed %q", bit, code, out.String())
		}
		if lines := strings.Split(complaint.String(), "\n"); len(lines) != 3 || !strings.HasPrefix(lines[0], "error: ") || !strings.HasPrefix(lines[1], "hint: ") {
			ts.Fatalf("bit %d flipped: %q", bit, complaint.String())
		}
		content[bit/8] ^= 1 << (bit % 8)
	}
	fmt.Fprintf(ts.Stdout(), "%d damaged students refused\n", n)
}

// truncate FILE BYTES cuts a file off.
func truncate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: truncate FILE BYTES")
	}
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
}
