// Package distill is the whole way from a teacher, or from labelled files, to a certified student.
package distill
