package kernel

import (
	"fmt"
	"os"
	"strings"
)

// Set is one back end: a Kernel for running and a Trainer, for the shapes it supports.
type Set struct {
	Name     string
	Single   Kernel[float32]
	Double   Trainer
	Supports func(Shape) bool
}

// All lists the back ends that this machine can run, the fastest last; the reference is always first.
func All() []Set {
	ref := Set{"ref", Reference[float32]{}, Reference[float64]{}, func(Shape) bool { return true }}
	return append([]Set{ref}, native()...)
}

// Choose returns the back end called name, or for "" the one named by the environment variable MLFF_KERNEL, or else
// the fastest that supports the shape. A named back end that cannot run here or not this shape is an error.
func Choose(name string, s Shape) (Set, error) {
	if name == "" {
		name = os.Getenv("MLFF_KERNEL")
	}
	var best *Set
	var known []string
	for _, set := range All() {
		known = append(known, set.Name)
		if name == set.Name && !set.Supports(s) {
			return Set{}, fmt.Errorf("kernel %s does not support %d channels, %d mixed, %d hidden, lmax %d", name, s.Channels, s.Mixed, s.Hidden, s.LMax)
		}
		if set.Supports(s) && (name == "" || name == set.Name) {
			best = &set
		}
	}
	if best == nil {
		return Set{}, fmt.Errorf("kernel %q: this machine has %s", name, strings.Join(known, ", "))
	}
	return *best, nil
}
