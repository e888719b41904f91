package kernel

import "unsafe"

// aligned makes room for n numbers from the start of a cache line, so that no vector lies across two.
func aligned[T any](n int) []T {
	const line = 64
	var zero T
	size := int(unsafe.Sizeof(zero))
	s := make([]T, n+line/size)
	first := 0
	if rest := int(uintptr(unsafe.Pointer(&s[0])) % line); rest != 0 {
		first = (line - rest) / size
	}
	return s[first:][:n:n]
}
