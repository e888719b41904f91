package main

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/mmcloughlin/avo/x86"
)

// A target is one back end in one precision: it emits instructions for the vectors it has.
type target struct {
	*build.Context
	isa  string // AVX512 or AVX2
	elem int    // bytes of a number: 4 or 8

	site, list gp // argument of the function being written: one of them
	labels     int
	constant   map[string]int // constants in memory, byte offset
	data       []datum
	symbol     operand.Mem
}

type (
	vec = reg.VecVirtual
	gp  = reg.GPVirtual
	op  = operand.Op
	mem = operand.Mem
)

// bcast is one number in memory that stands for a vector full of it.
type bcast struct{ operand.Mem }

func newTarget(isa string, elem int) *target {
	t := &target{Context: build.NewContext(), isa: isa, elem: elem, constant: map[string]int{}}
	t.ConstraintExpr("amd64,!purego")
	t.symbol = operand.NewDataAddr(operand.Symbol{Name: "constants" + t.suffix(), Static: true}, 0)
	return t
}

func (t *target) wide() bool   { return t.isa == "AVX512" }
func (t *target) single() bool { return t.elem == 4 }

// width is the bytes of a vector, lanes its numbers, quad the numbers of 128 bits.
func (t *target) width() int {
	if t.wide() {
		return 64
	}
	return 32
}
func (t *target) lanes() int { return t.width() / t.elem }
func (t *target) quad() int  { return 16 / t.elem }

// perRow is the vectors in a row of 16 numbers.
func (t *target) perRow() int { return 16 / t.lanes() }

// row is the bytes of 16 numbers.
func (t *target) row() int { return 16 * t.elem }

func (t *target) suffix() string {
	return t.isa + map[int]string{4: "Single", 8: "Double"}[t.elem]
}

// number is the Go type of a number.
func (t *target) number() string { return map[int]string{4: "float32", 8: "float64"}[t.elem] }

// A part is a piece of a function and the Go loop that it implements.
type part struct {
	doc  string
	emit func()
}

// fn writes a function of a site that consists of parts. Its name ends in the back end.
func (t *target) fn(name, doc string, parts ...part) { t.function("s", name, doc, parts...) }

// fnBatch writes a function of several sites.
func (t *target) fnBatch(name, doc string, parts ...part) { t.function("list", name, doc, parts...) }

// function writes a function whose argument is a site s or a list of sites, as many as batch says at most; it is printed with its type.
func (t *target) function(argument, name, doc string, parts ...part) {
	t.labels = 0
	t.Function(name + t.suffix())
	t.Attributes(attr.NOSPLIT)
	t.SignatureExpr("func(" + argument + " *byte)")
	t.Pragma("noescape")
	g := t.GP64()
	t.Load(t.Param(argument), g)
	t.site, t.list = nil, nil
	if argument == "s" {
		t.site = g
	} else {
		t.list = g
	}
	lines := []string{name + t.suffix() + " " + doc}
	for _, p := range parts {
		text := strings.Split(strings.Trim(p.doc, "\n"), "\n")
		t.Comment(text...)
		lines = append(append(lines, ""), text...)
		p.emit()
	}
	t.Doc(lines...)
	t.VZEROUPPER()
	t.RET()
}

// typed gives the arguments of printed functions their types.
func (t *target) typed(text []byte) []byte {
	f := "site[" + t.number() + "]"
	text = bytes.ReplaceAll(text, []byte("(s *byte"), []byte("(s *"+f))
	return bytes.ReplaceAll(text, []byte("(list *byte"), []byte(sprintf("(list *[%d]*%s", t.batch(), f)))
}

// batch is the most atoms whose readout is computed at once, so that its matrix is read once.
func (t *target) batch() int {
	if t.wide() {
		return 4
	}
	return 2
}

// arg loads a field of the site.
func (t *target) arg(name string) gp {
	g := t.GP64()
	t.MOVQ(t.param(name), g)
	return g
}

// argOf loads a field of one of several sites, or of the only one.
func (t *target) argOf(k int, name string) gp {
	g := t.GP64()
	t.MOVQ(t.paramOf(k, name), g)
	return g
}

// paramOf is where a field of one of several sites lies.
func (t *target) paramOf(k int, name string) mem {
	if t.list == nil {
		return t.param(name)
	}
	g := t.GP64()
	t.MOVQ(at(t.list, 8*k), g)
	return at(g, t.offset(name))
}

// param is where a field lies in memory.
func (t *target) param(name string) mem { return at(t.site, t.offset(name)) }

// emit adds an instruction; # in its name is S or D, the precision.
func (t *target) emit(name string, ops ...op) {
	name = strings.ReplaceAll(name, "#", map[int]string{4: "S", 8: "D"}[t.elem])
	m := reflect.ValueOf(t.Context).MethodByName(name)
	if !m.IsValid() {
		panic("no instruction " + name)
	}
	args := make([]reflect.Value, len(ops))
	for k, o := range ops {
		args[k] = reflect.ValueOf(o)
	}
	m.Call(args)
}

// arith emits dst = a op b (or dst += a op b) where a may be a register, a vector in memory or a bcast.
func (t *target) arith(name string, a op, ops ...op) {
	if b, ok := a.(bcast); ok {
		if t.wide() {
			t.emit(name+"_BCST", append([]op{b.Mem}, ops...)...)
			return
		}
		a = t.all(b)
	}
	t.emit(name, append([]op{a}, ops...)...)
}

func (t *target) vec() vec {
	if t.wide() {
		return t.ZMM()
	}
	return t.YMM()
}

func (t *target) load(m op) vec {
	if b, ok := m.(bcast); ok {
		return t.all(b)
	}
	v := t.vec()
	t.emit("VMOVUP#", m, v)
	return v
}

func (t *target) copy(a vec) vec {
	v := t.vec()
	t.emit("VMOVAP#", a, v)
	return v
}

func (t *target) store(v op, m mem) { t.emit("VMOVUP#", v, m) }

// all is a vector full of one number.
func (t *target) all(b bcast) vec {
	v := t.vec()
	t.emit("VBROADCASTS#", b.Mem, v)
	return v
}

func (t *target) zero() vec {
	v := t.vec()
	if t.wide() {
		t.cancel(x86.VPXORD(v, v, v))
	} else {
		t.cancel(x86.VXORPS(v, v, v))
	}
	return v
}

// cancel adds an instruction whose result does not depend on its operands.
func (t *target) cancel(i *ir.Instruction, err error) {
	if err != nil {
		panic(err)
	}
	i.CancellingInputs = true
	t.Instruction(i)
}

func (t *target) add(a op, b vec) vec         { v := t.vec(); t.arith("VADDP#", a, b, v); return v }
func (t *target) mul(a op, b vec) vec         { v := t.vec(); t.arith("VMULP#", a, b, v); return v }
func (t *target) sub(a vec, b op) vec         { v := t.vec(); t.arith("VSUBP#", b, a, v); return v } // a - b
func (t *target) addTo(acc vec, a op)         { t.arith("VADDP#", a, acc, acc) }
func (t *target) subFrom(acc vec, a op)       { t.arith("VSUBP#", a, acc, acc) }
func (t *target) mulBy(acc vec, a op)         { t.arith("VMULP#", a, acc, acc) }
func (t *target) fma(acc vec, a op, b vec)    { t.arith("VFMADD231P#", a, b, acc) }  // acc += a b
func (t *target) fnma(acc vec, a op, b vec)   { t.arith("VFNMADD231P#", a, b, acc) } // acc -= a b
func (t *target) horner(acc vec, x vec, c op) { t.arith("VFMADD213P#", c, x, acc) }  // acc = acc x + c

// label makes a name unique within the function.
func (t *target) label(name string) string {
	t.labels++
	return fmt.Sprintf("%s%d", name, t.labels)
}

// align puts the next instruction at the start of a cache line.
func (t *target) align() {
	t.Instruction(&ir.Instruction{Opcode: "PCALIGN", Operands: []op{operand.Imm(64)}})
}

// loop runs body while counter, decreased by step each time, stays positive; at least once. The counter is spent.
func (t *target) loop(name string, counter gp, step int, body func()) {
	l := t.label(name)
	t.align()
	t.Label(l)
	body()
	t.SUBQ(operand.U32(step), counter)
	t.JG(operand.LabelRef(l))
}

// slots runs body for n neighbours, step at a time, where y points to lane 0, step, ... of their blocks. y and n are spent.
func (t *target) slots(n gp, step int, y gp, body func()) {
	block := t.label("block")
	t.Label(block)
	m := t.set(t.lanes())
	t.CMPQ(n, m)
	t.CMOVQLT(n, m)
	t.loop("slot", m, step, func() {
		body()
		t.bump(y, step*t.elem)
	})
	t.bump(y, t.blockBytes()-t.width())
	t.SUBQ(operand.U32(t.lanes()), n)
	t.JG(operand.LabelRef(block))
}

func at(base reg.Register, offset int) mem { return mem{Base: base, Disp: offset} }

func indexed(base, index reg.Register, scale, offset int) mem {
	return mem{Base: base, Index: index, Scale: uint8(scale), Disp: offset}
}

func (t *target) move(a gp) gp {
	g := t.GP64()
	t.MOVQ(a, g)
	return g
}

func (t *target) set(n int) gp {
	g := t.GP64()
	t.MOVQ(operand.U32(n), g)
	return g
}

// bump adds a number of bytes to a pointer.
func (t *target) bump(p gp, n int) {
	switch {
	case n > 0:
		t.ADDQ(operand.U32(n), p)
	case n < 0:
		t.SUBQ(operand.U32(-n), p)
	}
}

// scale turns a number of numbers into bytes.
func (t *target) scale(n gp) gp {
	g := t.move(n)
	t.SHLQ(operand.Imm(uint64(map[int]int{4: 2, 8: 3}[t.elem])), g)
	return g
}

// shifted is n >> bits.
func (t *target) shifted(n gp, bits int) gp {
	g := t.move(n)
	t.SHRQ(operand.Imm(uint64(bits)), g)
	return g
}

func imm(n int) op { return operand.Imm(uint64(n)) }

func sprintf(format string, a ...any) string { return fmt.Sprintf(format, a...) }

func sqrt(x float64) float64 { return math.Sqrt(x) }
