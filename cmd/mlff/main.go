// Command mlff turns a machine-learned force field into a student: a small potential that runs at the price of a
// classical one.
//
// Its verbs are thin: each reads its flags, calls one room of the module and prints what that says. Results go to
// stdout, progress and messages to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 ran but below the bar,
// 130 interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
	"mlff/validate"
)

// version is the release this tree leads to.
const version = "0.1.0"

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitBelowBar    = 3
	exitInterrupted = 130
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// terminal is where a command writes and what every command may be told.
type terminal struct {
	out, err io.Writer
	json     bool
	threads  int // that --threads names, else those that this process may use

	// What tests replace, to be quick or cruel.
	disk       dataset.Disk      // of the data store of a run; nil: the operating system's
	dynamics   validate.Dynamics // of the drift in a run; zero: what a certificate should rest on
	checkpoint time.Duration     // between checkpoints; zero: the default
	poll       time.Duration     // between looks at a cluster's queue; zero: the default
}

// run carries out one command line and returns its exit code.
func run(args []string, stdout, stderr io.Writer) int {
	return (&terminal{out: stdout, err: stderr}).run(args)
}

func (t *terminal) run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGUSR1) // USR1: Slurm, before the time is up
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once

	out := &arrivals{w: t.out}
	t.out = out
	root := rootCommand(t)
	root.SetArgs(args)
	root.SetOut(t.out)
	root.SetErr(t.err)
	cmd, err := root.ExecuteContextC(ctx)
	if out.err != nil && (err == nil || errors.Is(err, errBelowBar) || errors.Is(err, out.err)) {
		err = structure.Hint(fmt.Errorf("printing the result: %w", out.err), "send standard output to a place that takes it")
	}
	return report(t.err, cmd, err)
}

// arrivals is standard output that remembers whether all of it arrived.
type arrivals struct {
	w   io.Writer
	err error
}

func (r *arrivals) Write(b []byte) (int, error) {
	n, err := r.w.Write(b)
	if r.err == nil {
		r.err = err
	}
	return n, err
}

func rootCommand(t *terminal) *cobra.Command {
	root := &cobra.Command{
		Use:           "mlff",
		Short:         "Distil machine-learned force fields into fast students",
		Long:          "mlff turns a machine-learned force field, or labels that you have, into a student:\na small potential for your own chemistry that runs at the price of a classical one.",
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Args:          unknownCommand,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			switch {
			case t.threads < 0:
				return usage("--threads %d is negative", t.threads)
			case t.threads == 0:
				t.threads = model.DefaultThreads()
			default: // more threads than processors would only wait for each other
				t.threads = min(t.threads, runtime.NumCPU())
				runtime.GOMAXPROCS(t.threads)
			}
			return nil
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().BoolVar(&t.json, "json", false, "print one JSON object on stdout")
	root.PersistentFlags().IntVar(&t.threads, "threads", 0, "processor cores to use (default all); results do not depend on it")
	root.AddCommand(
		distillCommand(t), evalCommand(t), mdCommand(t), infoCommand(t),
		sampleCommand(t), labelCommand(t), trainCommand(t), validateCommand(t), verifyCommand(t), benchCommand(t), reportCommand(t),
		registerCommand(t), exportCommand(t), teachersCommand(t), lammpsCommand(t), doctorCommand(t), versionCommand(t),
	)
	return root
}

// float64s is a flag of several numbers whose help does not end with an empty default.
func float64s(f *pflag.FlagSet, p *[]float64, name, usage string) {
	f.Float64SliceVar(p, name, nil, usage)
	f.Lookup(name).DefValue = ""
}
