package structure

import (
	"hash/fnv"
	"math/rand/v2"
)

// Rand is the source of every random draw: the same seed, purpose and index give the same numbers, whatever else
// was drawn before and however many threads draw.
func Rand(seed uint64, purpose string, index uint64) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(purpose))
	return rand.New(rand.NewPCG(seed, h.Sum64()^(index*0x9e3779b97f4a7c15)))
}
