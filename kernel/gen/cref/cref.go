//go:build cgo && amd64 && !purego

// Package cref holds one hot loop of package kernel in C, to judge the generated assembly by. Nothing imports it; its
// benchmark needs a C compiler:
//
//	go test -bench Density ./cref
package cref

// #cgo CFLAGS: -O3
// #include <stdint.h>
// void many(long times, int lanes, float *a, float *r, float *dr, float *const *pairs, const uint8_t *types, const int32_t *to,
//           const int32_t *offset, const float *block, long n);
import "C"

import (
	"runtime"
	"unsafe"

	"mlff/kernel/gen/cref/loop"
)

// many runs the C loop several times.
func many(times int, lanes loop.Lanes, s *loop.Density) {
	var pinned runtime.Pinner
	defer pinned.Unpin()
	for _, p := range s.Pairs {
		pinned.Pin(p)
	}
	ints := func(p *int32) *C.int32_t { return (*C.int32_t)(unsafe.Pointer(p)) }
	floats := func(p *float32) *C.float { return (*C.float)(unsafe.Pointer(p)) }
	C.many(C.long(times), C.int(lanes), floats(&s.A[0]), floats(&s.R[0]), floats(&s.DR[0]), (**C.float)(unsafe.Pointer(&s.Pairs[0])),
		(*C.uint8_t)(unsafe.Pointer(&s.Types[0])), ints(&s.To[0]), ints(&s.Offset[0]), floats(&s.Block[0]), C.long(s.N))
}
