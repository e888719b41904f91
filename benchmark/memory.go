package benchmark

import (
	"bytes"
	"math"
	"os"
	"strconv"
)

// RSS is the memory of this process that lies in the machine's, MiB; NaN where the system does not tell.
func RSS() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return math.NaN()
	}
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmRSS:")); ok {
			kib, err := strconv.ParseFloat(string(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte("kB")))), 64)
			if err == nil {
				return kib / 1024
			}
		}
	}
	return math.NaN()
}
