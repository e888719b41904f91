//go:build !amd64 || purego

package kernel

func outgoingNative[F Float]([][3]float64, [][4]F, []int32, int, int) bool          { return false }
func incomingNative[F Float]([][3]float64, [][4]F, []int32, []int32, int, int) bool { return false }
