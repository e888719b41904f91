// Package loop is one loop of the assembly of package kernel on its own, for comparison with package cref.
package loop

// Density is the input and output of the loop of radial functions and density, for 16 channels (gen/site.go).
type Density struct {
	A, R, DR, Block []float32
	Pairs           []*float32
	Types           []uint8
	To, Offset      []int32
	N               int
}
