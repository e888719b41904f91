package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mlff/distill"
	"mlff/model"
	"mlff/neighbor"
	"mlff/structure"
)

// usageError is a command line that cannot be meant as it stands.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errBelowBar ends a command that has printed its result, which did not reach its bar.
var errBelowBar = errors.New("below the bar")

// report prints the error of a command as two lines, what is wrong and what to do, and returns the exit code.
func report(w io.Writer, cmd *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	var wrong usageError
	code := exitFailed
	switch {
	case errors.Is(err, errBelowBar):
		return exitBelowBar
	case errors.Is(err, context.Canceled):
		code, err = exitInterrupted, interruption(err)
	case errors.As(err, &wrong):
		code = exitUsage
		if structure.HintOf(err) == "" {
			err = flagError(cmd, err)
		}
	}
	fmt.Fprintf(w, "error: %s\nhint: %s\n", oneLine(err.Error()), oneLine(hint(err)))
	return code
}

// interruption is what to say of a cancelled command, which may have been in the middle of anything.
func interruption(err error) error {
	var said distill.Interrupted
	if errors.As(err, &said) {
		return err
	}
	return structure.Hint(distill.Interrupted("interrupted"), "start the command again")
}

func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
}

// hint is the advice that came with the error, else what usually helps against its kind.
func hint(err error) string {
	var locked *distill.LockedError
	var coincident *neighbor.CoincidentError
	var unknown *model.UnknownSpeciesError
	switch h := structure.HintOf(err); {
	case h != "":
		return h
	case errors.As(err, &coincident):
		return "move these atoms apart or remove one; is the cell right?"
	case errors.As(err, &unknown):
		return "distil a student with these elements"
	case errors.As(err, &locked):
		return "wait for it to end, or choose another directory with --out"
	case errors.Is(err, fs.ErrNotExist):
		return "check the spelling and the folder of the path"
	case errors.Is(err, syscall.EISDIR):
		return "name the file in that folder"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return "choose a place you may read and write, for instance with --out"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return "free some space and continue; nothing that was written is lost"
	}
	return "if this does not help, report it together with the command"
}

func flagError(cmd *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	if errors.As(err, &value) {
		err = fmt.Errorf("--%s %s: %s", value.GetFlag().Name, value.GetValue(), expected(value))
	}
	return usageError{structure.Hint(err, fmt.Sprintf("%s --help lists its flags", cmd.CommandPath()))}
}

// expected says what a flag takes; the flags of our own types say it themselves.
func expected(e *pflag.InvalidValueError) string {
	switch e.GetFlag().Value.Type() {
	case "int":
		return "not a whole number"
	case "uint64":
		return "not a whole number from 0"
	case "float64":
		return "not a number"
	case "bool":
		return "neither true nor false"
	case "intSlice", "float64Slice":
		return "not numbers with commas between them"
	}
	return e.Unwrap().Error()
}

// unknownCommand refuses words that are no command.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command %q", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return usageError{structure.Hint(err, fmt.Sprintf("did you mean %s?", near[0]))}
	}
	return usageError{structure.Hint(err, "mlff --help lists the commands")}
}

// arguments checks the number of positional arguments and says their names.
func arguments(least, most int, names string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= least && (most < 0 || len(args) <= most) {
			return nil
		}
		err := fmt.Errorf("%s takes %s, not %d arguments", cmd.Name(), names, len(args))
		return usageError{structure.Hint(err, "usage: "+cmd.UseLine())}
	}
}
