package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
)

// A datum is a constant in memory.
type datum struct {
	offset int
	value  operand.Constant
}

// number x as an operand of arith.
func (t *target) k(x float64) op {
	c := t.literal(x)
	key := fmt.Sprintf("%d:%s", t.elem, strconv.FormatUint(math.Float64bits(x), 16))
	if t.wide() {
		return bcast{t.static(key, c)}
	}
	v := make([]operand.Constant, t.lanes())
	for k := range v {
		v[k] = c
	}
	return t.static(key, v...)
}

// literal is x as its bits: the assembler would take $(1) for an integer.
func (t *target) literal(x float64) operand.Constant {
	if t.single() {
		return operand.U32(math.Float32bits(float32(x)))
	}
	return operand.U64(math.Float64bits(x))
}

// ints are int32 numbers in memory.
func (t *target) ints(v ...int32) mem {
	c := make([]operand.Constant, len(v))
	for k := range v {
		c[k] = operand.I32(v[k])
	}
	return t.static(fmt.Sprint("i", v), c...)
}

// bytes are small numbers in memory, a multiple of 8.
func (t *target) bytes(v ...uint8) mem {
	var c []operand.Constant
	for k := 0; k < len(v); k += 8 {
		c = append(c, operand.U64(binary.LittleEndian.Uint64(v[k:])))
	}
	return t.static(fmt.Sprint("b", v), c...)
}

// static is constants in memory, shared by all functions of the file, aligned to their size or a cache line.
func (t *target) static(key string, v ...operand.Constant) mem {
	offset, known := t.constant[key]
	if !known {
		size := 0
		for _, c := range v {
			size += c.Bytes()
		}
		align := 4
		for align < size && align < 64 {
			align *= 2
		}
		if n := len(t.data); n > 0 {
			last := t.data[n-1]
			offset = last.offset + last.value.Bytes()
		}
		offset = (offset + align - 1) / align * align
		t.constant[key] = offset
		for at, k := offset, 0; k < len(v); k++ {
			t.data = append(t.data, datum{at, v[k]})
			at += v[k].Bytes()
		}
	}
	return t.symbol.Offset(offset)
}

// constants writes the constants that the functions asked for.
func (t *target) constants() {
	t.StaticGlobal("constants" + t.suffix())
	t.DataAttributes(attr.RODATA | attr.NOPTR)
	for _, d := range t.data {
		t.AddDatum(d.offset, d.value)
	}
}
