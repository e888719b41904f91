// Package lammps carries the LAMMPS pair style of mlff students and builds it as a plugin.
//
// The pair style is plain C++ over include/mlff.h, in src; it is compiled against the headers of the LAMMPS that is to
// load it, and finds libmlff.so at run time. Tests run it on 1 to 4 processes and compare with the engine itself.
package lammps

import "embed"

// Sources are the C++ files of the pair style.
//
//go:embed src/*.cpp src/*.h
var Sources embed.FS
