package benchmark

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Held calls start with its thread held to so many of the processors; processes that it starts inherit that. Libraries
// that count processors instead of listening to settings then use as many threads as they should.
func Held(processors int, start func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all, some unix.CPUSet
	if unix.SchedGetaffinity(0, &all) != nil {
		return start()
	}
	for k := 0; k < 8*len(all)*8 && some.Count() < processors; k++ {
		if all.IsSet(k) {
			some.Set(k)
		}
	}
	if unix.SchedSetaffinity(0, &some) == nil {
		defer func() { _ = unix.SchedSetaffinity(0, &all) }()
	}
	return start()
}
