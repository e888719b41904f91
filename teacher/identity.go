package teacher

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"math"
	"slices"
	"strings"

	"mlff/classical"
)

// identity is the SHA-256 over the kind, the parameters sorted by name, each with name, shape, type and values in
// little-endian order, the arguments sorted by key, licence and commercial use. Texts and lists carry their length, so
// that no two sequences read the same. Where a file lies does not matter.
func identity(parameters []classical.Parameter, info Info) string {
	h := hasher{sha256.New()}
	kind, _, _ := strings.Cut(info.Name, ":")
	kind, _, _ = strings.Cut(kind, "?")
	h.text(kind)
	sorted := slices.SortedFunc(slices.Values(parameters), func(a, b classical.Parameter) int { return strings.Compare(a.Name, b.Name) })
	h.count(len(sorted))
	for _, p := range sorted {
		h.parameter(p)
	}
	h.settings(info)
	return hex.EncodeToString(h.Sum(nil))
}

type hasher struct{ hash.Hash }

func (h hasher) count(n int) { h.Write(binary.LittleEndian.AppendUint64(nil, uint64(n))) }

func (h hasher) text(s string) {
	h.count(len(s))
	h.Write([]byte(s))
}

// settings are what makes a difference beside the parameters.
func (h hasher) settings(info Info) {
	h.count(len(info.Arguments))
	for _, key := range slices.Sorted(maps.Keys(info.Arguments)) {
		h.text(key)
		h.text(info.Arguments[key])
	}
	h.text(info.Licence)
	h.text(info.Commercial)
}

func (h hasher) parameter(p classical.Parameter) {
	h.text(p.Name)
	h.count(len(p.Shape))
	for _, n := range p.Shape {
		h.count(n)
	}
	h.text("float64")
	h.count(len(p.Values))
	for _, x := range p.Values {
		h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(x)))
	}
}
