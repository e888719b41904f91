package train

import (
	"fmt"
	"math"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
)

// engine evaluates loss and gradient of frames with one model.
type engine struct {
	model    *model.Model
	gradient *model.Gradient
	loss     Loss
	samples  map[*dataset.Item]*model.Sample
	kept     int // bytes of samples
	counts   []int
	result   structure.Result
	slopes   slopes
}

// sampleMemory bounds what neighbour lists may occupy between uses [bytes]; frames beyond it have theirs made anew at
// every use, which costs about 2 % of a gradient.
const sampleMemory = 512 << 20

// edgeBytes is what one neighbour costs in a sample: two indices and its part of the atoms' images.
const edgeBytes = 12

func newEngine(m *model.Model, loss Loss, threads int) (*engine, error) {
	g, err := model.NewGradient(m, threads)
	if err != nil {
		return nil, err
	}
	return &engine{model: m, gradient: g, loss: loss, samples: map[*dataset.Item]*model.Sample{}}, nil
}

// sample prepares a frame, once if memory allows.
func (g *engine) sample(it *dataset.Item) (*model.Sample, error) {
	if s := g.samples[it]; s != nil {
		return s, nil
	}
	s, err := g.model.Prepare(&it.Structure)
	if err != nil {
		return nil, fmt.Errorf("frame %.12s: %w", it.ID, err)
	}
	g.counts = s.Neighbors(g.counts)
	edges := 0
	for _, n := range g.counts {
		edges += n
	}
	if size := edgeBytes * (edges + it.Len()); g.kept+size <= sampleMemory {
		g.kept += size
		g.samples[it] = s
	}
	return s, nil
}

// evaluate gives the loss of one frame, without its weight; the prediction stays in g.result.
func (g *engine) evaluate(it *dataset.Item, w Weights, s *slopes) (*model.Sample, Terms, error) {
	sample, err := g.sample(it)
	if err == nil {
		err = g.gradient.EnergyForces(sample, &g.result)
	}
	if err != nil {
		return nil, Terms{}, err
	}
	return sample, g.loss.frame(it, &g.result, w, s), nil
}

// add accumulates scale · (gradient of the loss of a frame by the parameters).
//
// Forces enter the loss, so its gradient holds mixed second derivatives. They come from displaced positions instead:
//
//	grad L = dL/dE grad E + sum_i dL/dF_i · grad F_i + dL/dW : grad W
//	       = sum_± (dL/dE / 2 ± 1/2e) grad E(x ∓ e (x dL/dW + dL/dF))
//
// because F_i = -dE/dx_i and W = -dE/dstrain.
func (g *engine) add(it *dataset.Item, w Weights, scale float64) (Terms, error) {
	s := &g.slopes
	sample, terms, err := g.evaluate(it, w, s)
	if err != nil {
		return terms, err
	}
	e := s.step(g.model.Config().Cutoff)
	if e == 0 {
		return terms, g.gradient.Accumulate(sample, s.forces, s.virial, 0, scale*s.energy)
	}
	for _, sign := range []float64{1, -1} {
		if err := g.gradient.Accumulate(sample, s.forces, s.virial, -sign*e, scale*(s.energy/2+sign/(2*e))); err != nil {
			return terms, err
		}
	}
	return terms, nil
}

// batch is the mean loss over frames with the model's present parameters; its gradient goes to grad [P].
func (g *engine) batch(frames []*dataset.Item, w Weights, grad []float64) (Terms, error) {
	g.gradient.Refresh()
	var sum Terms
	for _, it := range frames {
		scale := it.Weight / float64(len(frames))
		t, err := g.add(it, w, scale)
		if err != nil {
			return sum, err
		}
		sum.add(t, scale)
	}
	clear(grad)
	g.gradient.Reduce(grad)
	return sum, nil
}

// check evaluates held-out frames with the model's present parameters.
func (g *engine) check(frames []*dataset.Item, w Weights) (c Check, err error) {
	g.gradient.Refresh()
	var squares Terms
	var weight float64
	var sum, count misses
	for _, it := range frames {
		_, t, err := g.evaluate(it, w, nil)
		if err != nil {
			return c, err
		}
		squares.add(t, it.Weight)
		weight += it.Weight
		g.loss.misses(it, &g.result, &sum, &count)
	}
	mean := Terms{sum.energy / max(count.energy, tiniest), sum.forces / max(count.forces, tiniest), sum.stress / max(count.stress, tiniest)}
	c.Loss = squares.Total(w) / max(weight, tiniest)
	c.Score = mean.Total(Weights{math.Sqrt(energyScale * w.Energy), math.Sqrt(w.Forces), math.Sqrt(w.Stress)})
	c.Energy, c.Forces = 1000*g.loss.Eps*mean.Energy, 1000*g.loss.Eps*mean.Forces
	return c, nil
}

// tiniest keeps means of nothing at zero.
const tiniest = 1e-300
