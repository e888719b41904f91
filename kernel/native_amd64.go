//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// native lists the assembly back ends of this machine.
func native() (sets []Set) {
	x := &cpu.X86
	bits := x.HasBMI2 && x.HasPOPCNT
	if bits && x.HasAVX2 && x.HasFMA {
		sets = append(sets, Set{"avx2", AVX2Single{}, AVX2Double{}, packable})
	}
	if bits && x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512VL {
		sets = append(sets, Set{"avx512", AVX512Single{}, AVX512Double{}, packable})
	}
	return sets
}
