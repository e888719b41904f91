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
	"fmt"
	"go/format"
	"log"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"text/template"

	"github.com/mmcloughlin/avo/ir"
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
	if err := writeSite(filepath.Join(out, "site_amd64.go"), "kernel"); err != nil {
		log.Fatal(err)
	}
	if err := writeLoops(filepath.Join(out, "gen", "cref", "loop")); err != nil {
		log.Fatal(err)
	}
	var all sync.WaitGroup // registers take avo seconds
	for _, isa := range []string{"AVX512", "AVX2"} {
		for _, elem := range []int{4, 8} {
			all.Go(func() {
				if err := write(newTarget(isa, elem), out); err != nil {
					log.Fatal(err)
				}
			})
		}
	}
	all.Wait()
}

// functions emits all functions of a target.
func (t *target) functions() {
	t.fn("near", "collects the neighbours of an atom.", part{docCompact, t.compact})
	for _, lt := range []int{2, 3} {
		forward := []part{{docMix, func() { t.mix("b", "a", "mix", "N", "K") }}, {docInvariants, func() { t.invariants(lt) }}}
		reverse := []part{{docInvariantsReverse, func() { t.invariantsReverse(lt) }}, {docMixReverse, func() { t.mix("ga", "gb", "mixT", "K", "N") }}}
		t.fn(sprintf("describe%d", lt), "turns the neighbours of an atom into invariants.", append(t.expansion(true), forward...)...)
		t.fn(sprintf("edges%d", lt), "computes the forces on the edges of an atom.", append(reverse, part{docAdjoint, t.adjoint}, part{docForces, t.forces})...)
		if t.single() {
			continue
		}
		t.fn(sprintf("describeValue%d", lt), "is describe for a gradient by parameters.", append(t.expansion(false), forward...)...)
		t.fn(sprintf("gradient%d", lt), "adds the gradients of an atom, all but that by the matrix of the readout.",
			append(reverse,
				part{docReadoutVectors, t.readoutVectors},
				part{docCoupleGradient, func() { t.coupleGradient(lt) }},
				part{docMixGradient, t.mixGradient},
				part{docRowsGradient, t.rowsGradient})...)
	}
	t.fn("readout", "computes the energy of an atom and its derivatives by the invariants.", part{docReadout, func() { t.readout(1) }})
	for n := 2; n <= t.batch(); n *= 2 {
		t.fnBatch(sprintf("readout%d", n), "is readout for the first atoms of a list, of one species.", part{docReadout, func() { t.readout(n) }})
	}
	t.fn("grade", "computes the grade of an atom.", part{docGrade, t.grade})
	if !t.single() {
		t.fn("readoutGradient", "adds the gradient of an atom by the matrix of the readout.", part{docReadoutGradient, func() { t.readoutGradient(1) }})
		for n := 2; n <= t.batch(); n *= 2 {
			t.fnBatch(sprintf("readoutGradient%d", n), "is readoutGradient for the first atoms of a list, of one species.",
				part{docReadoutGradient, func() { t.readoutGradient(n) }})
		}
	}
}

// expansion is harmonics, radial functions and density.
func (t *target) expansion(slope bool) []part {
	if !t.single() {
		return []part{{docBasisDouble, t.basis}, {docRadialDouble, func() { t.radial(slope) }}, {docDensity, func() { t.density(t.rowPasses()...) }}}
	}
	return append([]part{{docBasis, t.basis}}, t.densityLoops()...)
}

// densityLoops are radial functions and density in float32.
func (t *target) densityLoops() []part {
	if t.wide() {
		return []part{{docRadialSingle + "\nIn the same loop: " + docDensity, t.radialDensity}}
	}
	rest := func() { t.density([2]int{5, 11}, [2]int{11, 16}) }
	return []part{{docRadialSingle + "\nIn the same loop the first rows of: " + docDensity, t.radialDensity}, {"Its other rows.", rest}}
}

// write writes a back end.
func write(t *target, dir string) error {
	t.functions()
	return t.files(filepath.Join(dir, strings.ToLower(t.suffix())), "kernel", driver)
}

// writeLoops writes loops on their own, to be compared with C.
func writeLoops(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := writeSite(filepath.Join(dir, "site_amd64.go"), "loop"); err != nil {
		return err
	}
	for _, isa := range []string{"AVX512", "AVX2"} {
		t := newTarget(isa, 4)
		t.fn("density", "is part of the description of an atom.", t.densityLoops()...)
		if err := t.files(filepath.Join(dir, strings.ToLower(isa)), "loop", nil); err != nil {
			return err
		}
	}
	return nil
}

// files writes the assembly and its declarations, followed by a driver if there is one.
func (t *target) files(base, pkg string, driver *template.Template) error {
	if len(t.data) > 0 {
		t.constants()
	}
	f, err := t.Result()
	if err != nil {
		return err
	}
	if err := compile(f); err != nil {
		return err
	}
	cfg := printer.Config{Name: "kernel/gen", Pkg: pkg}
	asm, err := printer.NewGoAsm(cfg).Print(f)
	if err != nil {
		return err
	}
	stubs, err := printer.NewStubs(cfg).Print(f)
	if err != nil {
		return err
	}
	text := bytes.NewBuffer(stubs)
	if driver != nil {
		if err := driver.Execute(text, t.names()); err != nil {
			return err
		}
	}
	source, err := format.Source(t.typed(text.Bytes()))
	if err != nil {
		return err
	}
	if err := os.WriteFile(base+"_amd64.s", t.typed(asm), 0o644); err != nil {
		return err
	}
	return os.WriteFile(base+"_amd64.go", source, 0o644)
}

// compile assigns registers, function by function so that an error names the one that needs too many.
func compile(f *ir.File) error {
	sections := f.Sections
	for _, s := range sections {
		f.Sections = []ir.Section{s}
		if err := pass.Compile.Execute(f); err != nil {
			name := ""
			if fn, ok := s.(*ir.Function); ok {
				name = fn.Name
			}
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	f.Sections = sections
	return nil
}
