package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
	"github.com/mmcloughlin/avo/reg"
)

const docOutgoing = `sums the edges of atoms one after the other, each rounded to multiples of 2^-40, the edge at position k in lane k%4:

	for i := range atoms {
		var lane [4][4]float64
		for k, e := range edge[start[i]:start[i+1]] {
			lane[k%4] += (float64(e) + rounder) - rounder
		}
		force[i] = (lane[0] + lane[1]) + (lane[2] + lane[3])
	}
`

const docIncoming = `takes the edges to atoms, numbered by in, off their forces, in the order of function outgoing:

	for i := range atoms {
		var lane [4][4]float64
		for k, e := range in[start[i]:start[i+1]] {
			lane[k%4] += (float64(edge[e]) + rounder) - rounder
		}
		force[i] -= (lane[0] + lane[1]) + (lane[2] + lane[3])
	}
`

// gatherer emits the sums of edges, which need no more than AVX2 on any machine: they wait for memory.
type gatherer struct {
	*build.Context
	elem                   int // bytes of a number
	force, edge, start, in reg.GPVirtual
	rounder                reg.VecVirtual
}

// rounder has units in the last place of 2^-40, as in kernel/gather.go.
const rounder = 3 << 11

func gathering() *build.Context {
	c := build.NewContext()
	c.ConstraintExpr("amd64,!purego")
	for _, elem := range []int{4, 8} {
		g := &gatherer{Context: c, elem: elem}
		g.function("outgoing", "func(force *[3]float64, edge *[4]F, start *int32, atoms int)", docOutgoing, false)
		g.function("incoming", "func(force *[3]float64, edge *[4]F, start, in *int32, atoms int)", docIncoming, true)
	}
	return c
}

func (g *gatherer) function(name, signature, doc string, incoming bool) {
	t := &target{Context: g.Context, isa: "AVX2", elem: g.elem}
	g.begin(name+t.suffix(), strings.ReplaceAll(signature, "F", t.number()), doc)
	g.force, g.edge, g.start = g.arg("force"), g.arg("edge"), g.arg("start")
	if incoming {
		g.in = g.arg("in")
	}
	atoms := g.arg("atoms")
	bits := g.GP64()
	g.MOVQ(operand.Imm(math.Float64bits(rounder)), bits)
	g.rounder = g.YMM()
	g.VMOVQ(bits, g.rounder.AsX())
	g.VBROADCASTSD(g.rounder.AsX(), g.rounder)
	g.Label("atom")
	g.sum(incoming)
	g.ADDQ(operand.Imm(24), g.force)
	g.ADDQ(operand.Imm(4), g.start)
	g.DECQ(atoms)
	g.JNZ(operand.LabelRef("atom"))
	g.VZEROUPPER()
	g.RET()
}

func (g *gatherer) begin(name, signature, doc string) {
	lines := strings.Split(strings.Trim(doc, "\n"), "\n")
	g.Function(name)
	g.Attributes(attr.NOSPLIT)
	g.SignatureExpr(signature)
	g.Doc(append([]string{name + " " + lines[0]}, lines[1:]...)...)
	g.Pragma("noescape")
	g.Comment(lines...)
}

func (g *gatherer) arg(name string) reg.GPVirtual {
	v := g.GP64()
	g.Load(g.Param(name), v)
	return v
}

// sum handles one atom.
func (g *gatherer) sum(incoming bool) {
	k, end := g.GP64(), g.GP64()
	g.MOVLQSX(operand.Mem{Base: g.start}, k)
	g.MOVLQSX(operand.Mem{Base: g.start, Disp: 4}, end)
	g.SUBQ(k, end) // edges left
	from := g.GP64()
	if incoming {
		g.LEAQ(operand.Mem{Base: g.in, Index: k, Scale: 4}, from)
	} else {
		g.SHLQ(operand.Imm(map[int]uint64{4: 4, 8: 5}[g.elem]), k)
		g.LEAQ(operand.Mem{Base: g.edge, Index: k, Scale: 1}, from)
	}
	var lane [4]reg.VecVirtual
	for l := range lane {
		lane[l] = g.YMM()
		g.VXORPD(lane[l], lane[l], lane[l])
	}
	g.SUBQ(operand.Imm(4), end)
	g.JL(operand.LabelRef("rest"))
	g.Label("four")
	for l := range lane {
		g.add(lane[l], from, l, incoming)
	}
	g.ADDQ(operand.Imm(uint64(4*g.step(incoming))), from)
	g.SUBQ(operand.Imm(4), end)
	g.JGE(operand.LabelRef("four"))
	g.Label("rest")
	g.ADDQ(operand.Imm(4), end)
	for l := range 3 {
		g.SUBQ(operand.Imm(1), end)
		g.JL(operand.LabelRef("done"))
		g.add(lane[l], from, l, incoming)
	}
	g.Label("done")
	g.store(lane, incoming)
}

// step is the bytes from one edge to the next, or from its number to the next number.
func (g *gatherer) step(incoming bool) int {
	if incoming {
		return 4
	}
	return 4 * g.elem
}

// add adds edge l behind from to a lane.
func (g *gatherer) add(lane reg.VecVirtual, from reg.GPVirtual, l int, incoming bool) {
	at := operand.Mem{Base: from, Disp: l * g.step(incoming)}
	if incoming {
		e := g.GP64()
		g.MOVLQSX(at, e)
		g.SHLQ(operand.Imm(map[int]uint64{4: 4, 8: 5}[g.elem]), e)
		at = operand.Mem{Base: g.edge, Index: e, Scale: 1}
	}
	v := g.YMM()
	if g.elem == 8 {
		g.VADDPD(at, g.rounder, v)
	} else {
		g.VCVTPS2PD(at, v)
		g.VADDPD(g.rounder, v, v)
	}
	g.VSUBPD(g.rounder, v, v)
	g.VADDPD(v, lane, lane)
}

func (g *gatherer) store(lane [4]reg.VecVirtual, incoming bool) {
	g.VADDPD(lane[1], lane[0], lane[0])
	g.VADDPD(lane[3], lane[2], lane[2])
	g.VADDPD(lane[2], lane[0], lane[0])
	x, y := g.XMM(), g.XMM()
	g.VMOVAPD(lane[0].AsX(), x)
	g.VEXTRACTF128(operand.Imm(1), lane[0], y)
	xy, z := operand.Mem{Base: g.force}, operand.Mem{Base: g.force, Disp: 16}
	if incoming {
		a, b := g.XMM(), g.XMM()
		g.VMOVUPD(xy, a)
		g.VMOVSD(z, b)
		g.VSUBPD(x, a, x)
		g.VSUBSD(y, b, y)
	}
	g.VMOVUPD(x, xy)
	g.VMOVSD(y, z)
}

func writeGathering(dir string) error {
	f, err := gathering().Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(f); err != nil {
		return err
	}
	cfg := printer.Config{Name: "kernel/gen", Pkg: "kernel"}
	asm, err := printer.NewGoAsm(cfg).Print(f)
	if err != nil {
		return err
	}
	stubs, err := printer.NewStubs(cfg).Print(f)
	if err != nil {
		return err
	}
	base := filepath.Join(dir, "gather_amd64")
	if err := os.WriteFile(base+".s", asm, 0o644); err != nil {
		return err
	}
	return os.WriteFile(base+".go", stubs, 0o644)
}
