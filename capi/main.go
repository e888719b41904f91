// Command capi is the C library: build it with
//
//	go build -buildmode=c-shared -ldflags=-extldflags=-Wl,-soname,libmlff.so.1 -o libmlff.so ./capi
//
// and use it through include/mlff.h. layer.c holds the functions of that header: they refuse to enter a run time that a
// fork has left behind, and pass everything else to the functions of exports.go. Students and states are numbers behind
// opaque pointers, looked up in a table, so that one that was freed is an error and no crash. Go never calls back into C.
package main

func main() {} // a c-shared library has one that never runs
