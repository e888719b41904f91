//go:build label || validation

package main

import (
	"path/filepath"
	"strings"
	"testing"

	"mlff/structure/structuretest"
)

// ani is ANI-1ccx, all eight networks, as a teacher.
func ani(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(structuretest.Data(t, "ani1ccx"), "*.fnx"))
	if err != nil || len(files) != 8 {
		t.Fatalf("%d networks, %v", len(files), err)
	}
	return "fennol:" + strings.Join(files, ",")
}
