package structure

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
)

// ID identifies a structure: the SHA-256, in hexadecimal, of little-endian 64-bit words: N, species, positions,
// and every lattice vector followed by one byte, 1 where it is periodic. Writing a structure to a file and reading it again keeps the ID; labels do not enter.
func ID(s *Structure) string {
	b := make([]byte, 0, 8*(1+4*len(s.Numbers)+9)+3)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(s.Numbers)))
	for _, z := range s.Numbers {
		b = binary.LittleEndian.AppendUint64(b, uint64(z))
	}
	for _, x := range s.Positions {
		b = appendVector(b, x)
	}
	for k, v := range s.Cell {
		b = appendVector(b, v)
		if s.PBC[k] {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func appendVector(b []byte, v [3]float64) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x+0)) // -0 + 0 = 0: both zeros are one place
	}
	return b
}

// Supercell repeats s n[k] times along lattice vector k; a count below 1 means 1. The copies follow one another
// whole, the last direction fastest, each with the atoms in their old order.
func Supercell(s *Structure, n [3]int) Structure {
	for k := range n {
		n[k] = max(n[k], 1)
	}
	c := Structure{PBC: s.PBC}
	for k, v := range s.Cell {
		c.Cell[k] = Scale(float64(n[k]), v)
	}
	copies := n[0] * n[1] * n[2]
	c.Numbers = make([]int, 0, copies*s.Len())
	c.Positions = make([][3]float64, 0, copies*s.Len())
	for i := range copies {
		cell := [3]float64{float64(i / (n[1] * n[2])), float64(i / n[2] % n[1]), float64(i % n[2])}
		shift := Mul(cell, s.Cell)
		c.Numbers = append(c.Numbers, s.Numbers...)
		for _, x := range s.Positions {
			c.Positions = append(c.Positions, Add(x, shift))
		}
	}
	return c
}
