// Package python carries the scripts that hold teachers in Python: the CLI runs them with the interpreter of a teacher,
// whether or not the Python package is installed there.
package python

import (
	"embed"
	"io/fs"
)

//go:embed mlff_distiller/worker.py mlff_distiller/dynamics.py mlff_distiller/teachers/*.py
var scripts embed.FS

// Scripts are worker.py, dynamics.py and the folder teachers: a package under any name.
func Scripts() fs.FS {
	sub, err := fs.Sub(scripts, "mlff_distiller")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return sub
}
