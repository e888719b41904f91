package benchmark

import (
	"context"
	"fmt"
	"math"

	"mlff/kernel"
	"mlff/model"
	"mlff/neighbor"
	"mlff/structure"
)

// Bar is a figure and what it should reach.
type Bar struct {
	Name     string   `json:"name"`
	Unit     string   `json:"unit,omitempty"`
	Measured *float64 `json:"measured"` // the median; null where this machine cannot measure it
	Quiet    *float64 `json:"quiet"`    // what an undisturbed machine would say: from the time that threads were running, or from the least times
	Bar      float64  `json:"bar"`
	AtLeast  bool     `json:"at_least"` // otherwise at most
	Passed   bool     `json:"passed"`   // by the median
	Note     string   `json:"note,omitempty"`
}

func newBar(name, unit string, f figure, bar float64, atLeast bool) Bar {
	return Bar{Name: name, Unit: unit, Measured: number(f.median), Quiet: number(f.quiet), Bar: bar, AtLeast: atLeast,
		Passed: ok(f.median) && (f.median <= bar) == !atLeast || f.median == bar}
}

// unavailable is the bar of a back end that this machine has not.
func unavailable(name, unit string, bar float64, atLeast bool, note string) Bar {
	return Bar{Name: name, Unit: unit, Bar: bar, AtLeast: atLeast, Note: note}
}

// Bars measures the engine against its bars, on the reference student. tell hears each bar as soon as it is known.
func Bars(ctx context.Context, tell func(Bar)) ([]Bar, error) {
	m, err := Reference()
	if err != nil {
		return nil, err
	}
	b := &bench{ctx: ctx, model: m}
	var all []Bar
	for _, measure := range []func() ([]Bar, error){b.wholeStep, b.referenceKernel, b.grades, b.threads, b.training, b.neighbors} {
		bars, err := measure()
		if err != nil {
			return all, err
		}
		for _, bar := range bars {
			all = append(all, bar)
			tell(bar)
		}
	}
	return all, nil
}

// bench measures the bars.
type bench struct {
	ctx   context.Context
	model *model.Model
}

const (
	rounds     = 30
	roundSteps = 40 // with one or two rebuilds of the list
)

func has(name string) bool {
	for _, set := range kernel.All() {
		if set.Name == name {
			return true
		}
	}
	return false
}

func (b *bench) open(o model.Options) (*model.Potential, error) { return b.model.Potential(o) }

// wholeStep is the time of a step with 1000 atoms on one core, and what is not the kernel in it: steps and calls of the
// kernel alone, on the list that the steps left, in turns.
func (b *bench) wholeStep() (bars []Bar, err error) {
	for _, c := range []struct {
		kernel string
		bar    float64
	}{{"avx512", 2}, {"avx2", 3}} {
		name := fmt.Sprintf("whole step, %s float32, 1000 atoms, one core", c.kernel)
		over := "whole step over kernel alone, 1000 atoms"
		if !has(c.kernel) {
			bars = append(bars, unavailable(name, "µs per atom", c.bar, false, "this machine has no "+c.kernel))
			continue
		}
		p, err := b.open(model.Options{Threads: 1, Kernel: c.kernel})
		if err != nil {
			return nil, err
		}
		defer p.Close()
		step, err := advance(b.ctx, Subject{Name: "step", Potential: p, Threads: 1}, Lattice(1000), Options{WarmUp: 100}, roundSteps)
		if err != nil {
			return nil, err
		}
		alone := work{name: "kernel", do: func() error {
			for range roundSteps {
				if err := p.RunKernel(); err != nil {
					return err
				}
			}
			return nil
		}}
		t, err := turns(b.ctx, rounds, step, alone)
		if err != nil {
			return nil, err
		}
		bars = append(bars, newBar(name, "µs per atom", t[0].per(1000*roundSteps), c.bar, false))
		if c.kernel == "avx512" {
			bars = append(bars, newBar(over, "", ratio(t[0], t[1]), 1.15, false))
		}
	}
	return bars, nil
}

// referenceKernel is the time of the reference kernel over that of AVX-512, without lists and sums.
func (b *bench) referenceKernel() ([]Bar, error) {
	const name = "reference kernel over avx512, float32"
	if !has("avx512") {
		return []Bar{unavailable(name, "", 12, true, "this machine has no avx512")}, nil
	}
	s := Lattice(216)
	var works []work
	for _, k := range []string{"ref", "avx512"} {
		p, err := b.open(model.Options{Threads: 1, Kernel: k})
		if err != nil {
			return nil, err
		}
		defer p.Close()
		if err := p.Evaluate(&s, new(structure.Result)); err != nil {
			return nil, err
		}
		works = append(works, work{name: k, do: p.RunKernel})
	}
	t, err := turns(b.ctx, 100, works...)
	if err != nil {
		return nil, err
	}
	return []Bar{newBar(name, "", ratio(t[0], t[1]), 12, true)}, nil
}

// grades is the time of steps that watch the extrapolation grade and alarms, over that of steps that do not.
func (b *bench) grades() ([]Bar, error) {
	m := b.model.Clone()
	n := 1 + m.Config().Hidden
	factors := make([]float64, n*n)
	for k := range n {
		factors[k*n+k] = 1
	}
	if err := m.SetGrade(factors); err != nil {
		return nil, err
	}
	var works []work
	for _, grade := range []bool{true, false} {
		p, err := m.Potential(model.Options{Threads: 1, Grade: grade})
		if err != nil {
			return nil, err
		}
		defer p.Close()
		w, err := advance(b.ctx, Subject{Name: "steps", Potential: p, Threads: 1}, Lattice(1000), Options{WarmUp: 100}, roundSteps/4)
		if err != nil {
			return nil, err
		}
		works = append(works, w)
	}
	t, err := turns(b.ctx, 4*rounds, works...)
	if err != nil {
		return nil, err
	}
	return []Bar{newBar("step with grades over step without, 1000 atoms", "", ratio(t[0], t[1]), 1.05, false)}, nil
}

// threads is the speed of whole steps on two threads over that on one.
func (b *bench) threads() (bars []Bar, err error) {
	for _, c := range []struct {
		atoms, steps int
		bar          float64
	}{{216, 4, 1.8}, {1000, 1, 1.9}} {
		var works []work
		for _, threads := range []int{1, 2} {
			p, err := b.open(model.Options{Threads: threads})
			if err != nil {
				return nil, err
			}
			defer p.Close()
			w, err := advance(b.ctx, Subject{Name: "steps", Potential: p, Threads: threads}, Lattice(c.atoms), Options{WarmUp: 100}, c.steps)
			if err != nil {
				return nil, err
			}
			works = append(works, w)
		}
		t, err := turns(b.ctx, 10*rounds, works...) // rounds so short that some are not disturbed, and the least hold no rebuild
		if err != nil {
			return nil, err
		}
		bars = append(bars, newBar(fmt.Sprintf("2 threads over 1, whole step, %d atoms", c.atoms), "", threadsRatio(t[0], t[1]), c.bar, true))
	}
	return bars, nil
}

// training is atom-steps per second, one atom through the gradient of a loss with energy, forces and stress: a pass for
// forces and two for gradients, 27 neighbours, two threads; and the best back end over the reference.
func (b *bench) training() ([]Bar, error) {
	s := dilute(64, 27)
	sample, err := b.model.Prepare(&s)
	if err != nil {
		return nil, err
	}
	sets := kernel.All()
	var works []work
	for _, set := range []string{"ref", sets[len(sets)-1].Name} {
		g, err := model.NewGradientOn(b.model, 2, set)
		if err != nil {
			return nil, err
		}
		defer g.Close()
		works = append(works, gradient(g, sample, set))
	}
	t, err := turns(b.ctx, 60, works...)
	if err != nil {
		return nil, err
	}
	rate := func(x figure) figure { return figure{1e6 / x.median, 1e6 / x.quiet} }
	least := func(t timings) figure { return timings{clock: t.clock}.per(s.Len()) } // of two threads
	bars := []Bar{newBar("training, ref, 27 neighbours, 2 threads", "atom-steps/s", rate(least(t[0])), 25000, true)}
	if len(sets) > 1 {
		name := works[1].name
		over := newBar("training, "+name+" over ref", "", threadsRatio(t[0], t[1]), 6, true)
		over.Note = fmt.Sprintf("%s: %.3g atom-steps/s", name, rate(least(t[1])).quiet)
		bars = append(bars, over)
	}
	return bars, nil
}

func gradient(g *model.Gradient, sample *model.Sample, name string) work {
	var out structure.Result
	return work{name: name, do: func() error {
		if err := g.EnergyForces(sample, &out); err != nil {
			return err
		}
		for _, step := range []float64{1e-4, -1e-4} {
			if err := g.Accumulate(sample, out.Forces, out.Virial, step, 1); err != nil {
				return err
			}
		}
		return nil
	}}
}

// dilute is the reference lattice stretched until atoms have the given number of neighbours.
func dilute(n int, neighbors float64) structure.Structure {
	s := Lattice(n)
	c := math.Cbrt(referenceDensity / (neighbors + 0.5))
	for k := range s.Cell {
		s.Cell[k] = structure.Scale(c, s.Cell[k])
	}
	for i := range s.Positions {
		s.Positions[i] = structure.Scale(c, s.Positions[i])
	}
	return s
}

// neighbors is the time of a neighbour list of 100 000 atoms, and the same per atom over that of 1000: O(N).
func (b *bench) neighbors() ([]Bar, error) {
	var list []figure
	for _, c := range []struct{ atoms, rounds int }{{1000, 200}, {97336, 5}} { // 46³
		s, l := Lattice(c.atoms), neighbor.New(referenceCutoff, 0)
		t, err := turns(b.ctx, c.rounds, work{name: "list", do: func() error {
			l.Skin = 1e-9 - l.Skin // another skin: another list
			_, err := l.Update(&s)
			return err
		}})
		if err != nil {
			return nil, err
		}
		list = append(list, t[0].per(s.Len()))
	}
	bar := newBar("neighbour list, 100 000 atoms, 52 neighbours, one core", "µs per atom", list[1], 1.5, false)
	bar.Note = fmt.Sprintf("1000 atoms: %.3g", list[0].quiet)
	return []Bar{bar}, nil
}
