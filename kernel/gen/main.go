// Command gen writes the assembly of package kernel: four back ends, AVX-512 and AVX2 with FMA, float32 and float64,
// from one description of every loop. Run it in its own folder, after any change here or of the couplings:
//
//	go run -tags purego .        (or: go run -tags purego . FOLDER)
//
// A target holds what differs between the back ends: vectors of L numbers, how a number is spread over a vector, masks,
// shuffles, and how many sums fit into the registers. Arrays over channels are laid out [channels/16][row][16], so that rows lie
// at distances known here; neighbours come in blocks of L, one row per quantity.
package main

import (
	"bytes"
	"go/format"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	out := ".."
	if len(os.Args) > 1 {
		out = os.Args[1]
	}
	log.SetFlags(0)
	if err := writeGathering(out); err != nil {
		log.Fatal(err)
	}
	for _, isa := range []string{"AVX512", "AVX2"} {
		for _, elem := range []int{4, 8} {
			if err := write(newTarget(isa, elem), out); err != nil {
				log.Fatal(err)
			}
		}
	}
}

// functions emits all functions of a target.
func (t *target) functions() {
	t.compact()
	t.basis()
	t.radial(true)
	t.density()
	t.mix()
	for _, lt := range []int{2, 3} {
		t.invariants(lt)
		t.invariantsReverse(lt)
	}
	t.readout()
	t.adjoint()
	t.forces()
	if t.single() {
		return
	}
	t.radial(false)
	t.readoutVectors()
	t.readoutGradient(1)
	t.readoutGradient(4)
	for _, lt := range []int{2, 3} {
		t.coupleGradient(lt)
	}
	t.mixGradient()
	t.rowsGradient()
}

func write(t *target, dir string) error {
	t.functions()
	t.constants()
	f, err := t.Result()
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
	var text bytes.Buffer
	text.Write(stubs)
	if err := driver.Execute(&text, t.names()); err != nil {
		return err
	}
	source, err := format.Source(text.Bytes())
	if err != nil {
		return err
	}
	base := filepath.Join(dir, strings.ToLower(t.suffix())+"_amd64")
	if err := os.WriteFile(base+".s", asm, 0o644); err != nil {
		return err
	}
	return os.WriteFile(base+".go", source, 0o644)
}
