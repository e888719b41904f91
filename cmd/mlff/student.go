package main

import (
	"fmt"
	"path/filepath"

	"mlff/model"
)

// load reads a student and warns about one that is not certified.
func (t *terminal) load(path string) (*model.Model, error) {
	m, err := model.Load(path)
	if err != nil {
		return nil, err
	}
	if caveat := m.Caveat(); caveat != "" {
		fmt.Fprintf(t.err, "warning: %s %s\n", filepath.Base(path), caveat)
	}
	return m, nil
}

// warnOf tells what a certificate leaves open, and which checks failed without deciding.
func (t *terminal) warnOf(c *model.Certificate) {
	if text := c.Undecided(); text != "" {
		fmt.Fprintf(t.err, "warning: not decided: %s\n", text)
	}
	for _, text := range c.Warnings() {
		fmt.Fprintf(t.err, "warning: %s\n", text)
	}
}

// open prepares a student to be run.
func (r *runner) open(path string) (*model.Potential, error) {
	if r.precision != "float32" && r.precision != "float64" {
		return nil, usage("--precision %s is neither float32 nor float64", r.precision)
	}
	m, err := r.terminal.load(path)
	if err != nil {
		return nil, err
	}
	return m.Potential(model.Options{Precision: r.precision, Threads: r.terminal.threads})
}
