package main

import (
	"errors"
	"fmt"
	"runtime/debug"

	"mlff/model"
	"mlff/neighbor"
	"mlff/structure"
)

// code is one of enum mlff_code.
type code int32

const (
	ok code = iota
	failed
	badArgument
	badStructure
	unknownSpecies
	coincident
	notFinite
	noMemory
)

// coded is an error whose code does not follow from its type.
type coded struct {
	code code
	error
}

func (c *coded) Unwrap() error { return c.error }

func fail(c code, format string, args ...any) error { return &coded{c, fmt.Errorf(format, args...)} }

func codeOf(err error) code {
	var c *coded
	var species *model.UnknownSpeciesError
	var close *neighbor.CoincidentError
	var place *model.PartError
	switch {
	case err == nil:
		return ok
	case errors.As(err, &c):
		return c.code
	case errors.As(err, &species):
		return unknownSpecies
	case errors.As(err, &close):
		return coincident
	case errors.As(err, &place) && place.Other < 0:
		return badStructure
	case errors.As(err, &place):
		return coincident
	}
	return failed
}

// put writes what is wrong, and what to do about it as a second line, into to as a C string.
func put(to []byte, err error) {
	if len(to) == 0 {
		return
	}
	text := ""
	if err != nil {
		text = err.Error()
		if hint := structure.HintOf(err); hint != "" {
			text += "\n" + hint
		}
	}
	to[copy(to[:len(to)-1], text)] = 0
}

// guard turns a panic into an error.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("internal failure: %v\n%s", r, debug.Stack())
	}
}
