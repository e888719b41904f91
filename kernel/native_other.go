//go:build !amd64 || purego

package kernel

// native lists the assembly back ends of this machine: none.
func native() []Set { return nil }

type lanes[F Float] struct{}

type packed[F Float] struct{}

func (l *Layer[F]) pack(*Parameters, float64) {}
func (l *Layer[F]) packGrade()                {}
