package teacher

import (
	"context"
	"os"
	"time"
)

// Package is what a kind of teacher needs in its Python.
type Package struct {
	Kind    string `json:"kind"`
	Package string `json:"package"`
	Version string `json:"version"` // empty where it is missing
	Install string `json:"install"` // the command that installs it
}

// Installed asks a Python, a virtual environment or an interpreter, which packages of teachers it has. Nothing is
// imported there, so it takes a moment only.
func Installed(ctx context.Context, python string) ([]Package, error) {
	python, err := interpreter(python)
	if err != nil {
		return nil, err
	}
	scripts, err := unpackScripts()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scripts)
	p, err := startProcess(python, scripts, 0, 1, nil)
	if err != nil {
		return nil, err
	}
	defer p.close()
	l := limits{time: time.Minute}
	if _, err := p.exchange(ctx, l, nil, nil); err != nil {
		return nil, err
	}
	a, err := p.exchange(ctx, l, []byte(`{"list": true}`), nil)
	if err != nil {
		return nil, err
	}
	return a.List, nil
}
