//go:build !purego

package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// outgoingNative is outgoing in assembly; false where this machine cannot.
func outgoingNative[F Float](force [][3]float64, edge [][4]F, start []int32, lo, hi int) bool {
	if lo >= hi || len(edge) == 0 || !cpu.X86.HasAVX2 {
		return false
	}
	if unsafe.Sizeof(F(0)) == 4 {
		outgoingAVX2Single(&force[lo], (*[4]float32)(unsafe.Pointer(&edge[0])), &start[lo], hi-lo)
	} else {
		outgoingAVX2Double(&force[lo], (*[4]float64)(unsafe.Pointer(&edge[0])), &start[lo], hi-lo)
	}
	return true
}

// incomingNative is incoming in assembly; false where this machine cannot.
func incomingNative[F Float](force [][3]float64, edge [][4]F, start, in []int32, lo, hi int) bool {
	if lo >= hi || len(edge) == 0 || !cpu.X86.HasAVX2 {
		return false
	}
	if unsafe.Sizeof(F(0)) == 4 {
		incomingAVX2Single(&force[lo], (*[4]float32)(unsafe.Pointer(&edge[0])), &start[lo], &in[0], hi-lo)
	} else {
		incomingAVX2Double(&force[lo], (*[4]float64)(unsafe.Pointer(&edge[0])), &start[lo], &in[0], hi-lo)
	}
	return true
}
