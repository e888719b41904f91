package kernel_test

import (
	"testing"

	"mlff/kernel"
	"mlff/kernel/kerneltest"
)

func TestKernels(t *testing.T) {
	for _, k := range kernel.All()[1:] { // the reference is what they are compared with
		t.Run(k.Name, func(t *testing.T) { kerneltest.Run(t, k) })
	}
}
