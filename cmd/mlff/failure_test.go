package main

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"mlff/distill"
	"mlff/neighbor"
	"mlff/structure"
)

// TestReport is about errors that a transcript cannot make at will.
func TestReport(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		text string
	}{
		{nil, exitOK, ""},
		{errBelowBar, exitBelowBar, ""},
		{structure.Hint(fmt.Errorf("a.xyz frame 3: %w", context.Canceled), "mend that place of the file"), exitInterrupted,
			"error: interrupted\nhint: start the command again\n"},
		{structure.Hint(distill.Interrupted("interrupted after 3 steps"), "go on"), exitInterrupted, "error: interrupted after 3 steps\nhint: go on\n"},
		{usage("--steps is missing"), exitUsage, "error: --steps is missing\nhint: mlff --help lists its flags\n"},
		{fmt.Errorf("a.xyz frame 0: %w", &neighbor.CoincidentError{I: 1, J: 2}), exitFailed, "error: a.xyz frame 0: " +
			(&neighbor.CoincidentError{I: 1, J: 2}).Error() + "\nhint: move these atoms apart or remove one; is the cell right?\n"},
	} {
		var b bytes.Buffer
		if code := report(&b, rootCommand(&terminal{}), c.err); code != c.code || b.String() != c.text {
			t.Errorf("%v: code %d, %q", c.err, code, b.String())
		}
	}
}
