//go:build !linux

package benchmark

import "time"

func threadTime() (time.Duration, bool) { return 0, false }
