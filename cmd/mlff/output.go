package main

import (
	"encoding/json"
	"fmt"
	"os"

	"mlff/structure"
)

// apart refuses an output that is one of the inputs: writing would destroy what is yet to be read.
func apart(out string, inputs ...string) error {
	to, err := os.Stat(out)
	if err != nil || !to.Mode().IsRegular() {
		return nil // nothing is there yet, or nothing that writing destroys
	}
	for _, path := range inputs {
		if from, err := os.Stat(path); err == nil && os.SameFile(from, to) {
			return usageError{structure.Hint(fmt.Errorf("--out %s is %s, which is read", out, path), "choose another name with --out")}
		}
	}
	return nil
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// writeJSON writes a value to a file.
func writeJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
