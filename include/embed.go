// Package include carries the C header of the engine library, and the loader for those who open it at run time, for
// programs that write them out again.
package include

import _ "embed"

// Header is mlff.h.
//
//go:embed mlff.h
var Header []byte

// Loader is mlff_loader.h.
//
//go:embed mlff_loader.h
var Loader []byte
