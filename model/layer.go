package model

import (
	"fmt"

	"mlff/kernel"
)

// layerTensors is one layer's part of the parameters (or of a gradient of the same length).
type layerTensors struct{ c, mix, couple, a, w, d, b []float64 }

// split finds the tensors of layer l in flat, which is laid out as Params.
func (m *Model) split(flat []float64, l int) layerTensors {
	var t layerTensors
	p := fmt.Sprintf("layer%d.", l)
	to := map[string]*[]float64{p + "radial.c": &t.c, p + "mix.W": &t.mix, p + "couple.v": &t.couple,
		p + "readout.a": &t.a, p + "readout.W": &t.w, p + "readout.d": &t.d, p + "readout.b": &t.b}
	for _, tensor := range m.tensors {
		n := len(tensor.Data)
		if v := to[tensor.Name]; v != nil {
			*v = flat[:n:n]
		}
		flat = flat[n:]
	}
	return t
}

// parameters gives layer l in the kernel's form: splines instead of Chebyshev coefficients.
func (m *Model) parameters(l int) *kernel.Parameters {
	t := m.split(m.params, l)
	c := m.config
	p := &kernel.Parameters{Rows: make([]float64, c.Species*c.Species*c.SplineRows()*c.Channels), Mix: t.mix, Couple: t.couple, A: t.a, W: t.w, D: t.d, B: t.b}
	size, rows := c.Radial*c.Channels, c.SplineRows()*c.Channels
	for pair, proj := range m.projections {
		proj.apply(t.c[pair*size:][:size], p.Rows[pair*rows:][:rows], c.Channels)
	}
	return p
}

// addGradient adds the gradient g by the kernel's folded parameters of layer l to grad, which is laid out as Params.
func (m *Model) addGradient(l int, g *kernel.Parameters, grad []float64) {
	t := m.split(grad, l)
	c := m.config
	g.Unfold(c.Nu, c.Eps)
	size, rows := c.Radial*c.Channels, c.SplineRows()*c.Channels
	for pair, proj := range m.projections {
		proj.reverse(g.Rows[pair*rows:][:rows], t.c[pair*size:][:size], c.Channels)
	}
	for _, v := range [][2][]float64{{t.mix, g.Mix}, {t.couple, g.Couple}, {t.a, g.A}, {t.w, g.W}, {t.d, g.D}, {t.b, g.B}} {
		for i, x := range v[1] {
			v[0][i] += x
		}
	}
}

// newLayer casts layer l to working precision.
func newLayer[F kernel.Float](m *Model, l int) *kernel.Layer[F] {
	c := m.config
	var core *kernel.Core
	if l == 0 {
		core = kernel.NewCore(c.Numbers, c.CoreR)
	}
	return kernel.NewLayer[F](c.Shape, c.Cutoff, c.Nu, c.Eps, m.parameters(l), core)
}
