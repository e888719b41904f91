// Package structuretest opens the development data for tests.
package structuretest

import (
	"os"
	"path/filepath"
	"testing"
)

// Data returns the path of a file of the development data, such as "mlearn/Si_test.extxyz". The environment
// variable MLFF_DATA names their folder; without it, or without the file, the test is skipped with one line.
func Data(t testing.TB, name string) string {
	t.Helper()
	folder := os.Getenv("MLFF_DATA")
	if folder == "" {
		t.Skipf("needs %s: set MLFF_DATA to the folder of development data", name)
	}
	path := filepath.Join(folder, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs %s: not in MLFF_DATA", name)
	}
	return path
}
