//go:build !linux

package benchmark

// Held calls start; this system has no way to hold it to some processors.
func Held(processors int, start func() error) error { return start() }
