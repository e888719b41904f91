// Package model is the student: a small machine-learned potential with exact gradients.
//
// A Model is the parameters and what they mean; it is read from and written to one file and shared freely. A Potential
// runs it (energies, forces, virial), a Gradient trains it. The equations stand in package kernel; this room adds
// species, the spline projection, E0, threads, the extrapolation grade and the file.
package model

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"mlff/kernel"
	"mlff/structure"
)

// Shape holds the sizes of a student.
type Shape = kernel.Shape

// Config is what is fixed before training and never refitted.
type Config struct {
	Shape
	Numbers []int     // atomic numbers, ascending: the order of every species axis [S]
	Cutoff  float64   // Å
	Nu      float64   // scale of the density, 1/sqrt(mean neighbours)
	Eps     float64   // energy scale [eV]: force RMS of the training set
	CoreR   []float64 // [S][S] r_s, shortest training distance of a pair, Å; symmetric
}

// Tensor is a named view into the parameters of a model.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float64 // row-major; writing to it changes the model
}

// Model is a student. It must not be changed while a Potential made from it is in use.
type Model struct {
	config      Config
	params      []float64 // everything that is trained
	tensors     []Tensor  // views into params, in order
	projections []*projection
	grade       []float64 // [S][1+H][1+H] scaled Cholesky factors; nil: not calibrated
	meta        Meta
}

// New makes a model with all parameters 0. It refuses shapes no kernel can run.
func New(c Config) (*Model, error) {
	c.Species = len(c.Numbers)
	if err := c.check(); err != nil {
		return nil, err
	}
	c.Numbers, c.CoreR = slices.Clone(c.Numbers), slices.Clone(c.CoreR)
	m := &Model{config: c}
	S, N, K, H, F := c.Species, c.Channels, c.Mixed, c.Hidden, c.Features()
	m.add("energy.E0", S)
	for l := range c.Layers {
		p := fmt.Sprintf("layer%d.", l)
		m.add(p+"radial.c", S, S, c.Radial, N)
		m.add(p+"mix.W", S, c.LMax+1, N, K)
		m.add(p+"couple.v", S, len(c.Couplings()), K)
		m.add(p+"readout.a", S, F)
		m.add(p+"readout.W", S, H, F)
		m.add(p+"readout.d", S, H)
		m.add(p+"readout.b", S, H)
		if l < c.Layers-1 {
			m.add(p+"message.H", S, N, F)
		}
	}
	m.params = make([]float64, m.count())
	flat := m.params
	for i := range m.tensors {
		t := &m.tensors[i]
		n := product(t.Shape)
		t.Data, flat = flat[:n:n], flat[n:]
	}
	m.projections = c.projections()
	return m, nil
}

func (m *Model) add(name string, shape ...int) {
	m.tensors = append(m.tensors, Tensor{Name: name, Shape: shape})
}

func (m *Model) count() (n int) {
	for _, t := range m.tensors {
		n += product(t.Shape)
	}
	return n
}

func product(shape []int) int {
	n := 1
	for _, k := range shape {
		n *= k
	}
	return n
}

// limits keep a damaged or hostile file from asking for absurd memory.
const maxSize, maxIntervals, maxSpecies, maxParameters = 512, 4096, 100, 1 << 26

// size estimates the number of parameters from above.
func (c *Config) size() int {
	S, N, K, F := c.Species, c.Channels, c.Mixed, c.Features()
	return c.Layers * S * (S*N*(c.Radial+c.SplineRows()) + (c.LMax+1)*N*K + (c.Hidden+N+9)*F)
}

func (c *Config) check() error {
	in := func(name string, v, lo, hi int) error {
		if v < lo || v > hi {
			return fmt.Errorf("%s is %d, must be %d to %d", name, v, lo, hi)
		}
		return nil
	}
	positive := func(name string, v float64) error {
		if !(v > 0) || math.IsInf(v, 1) {
			return fmt.Errorf("%s is %v, must be positive", name, v)
		}
		return nil
	}
	err := errors.Join(in("species", c.Species, 1, maxSpecies), in("radial", c.Radial, 1, maxSize), in("channels", c.Channels, 1, maxSize),
		in("mixed", c.Mixed, 1, maxSize), in("hidden", c.Hidden, 1, maxSize), in("lmax", c.LMax, 1, kernel.MaxL), in("lt", c.LT, 1, kernel.MaxL),
		in("layers", c.Layers, 1, 1), in("intervals", c.Intervals, 8, maxIntervals),
		positive("cutoff", c.Cutoff), positive("nu", c.Nu), positive("eps", c.Eps))
	if err != nil {
		return err
	}
	if n := c.size(); n > maxParameters {
		return fmt.Errorf("the shape has %d parameters, at most %d are allowed", n, maxParameters)
	}
	if c.LT > c.LMax {
		return fmt.Errorf("lt is %d, must not exceed lmax %d", c.LT, c.LMax)
	}
	if len(c.CoreR) != c.Species*c.Species {
		return fmt.Errorf("core radii: %d numbers for %d species", len(c.CoreR), c.Species)
	}
	for i, z := range c.Numbers {
		if z < 1 || z > structure.MaxNumber || i > 0 && z <= c.Numbers[i-1] {
			return fmt.Errorf("species %v must be ascending atomic numbers", c.Numbers)
		}
	}
	for i, r := range c.CoreR {
		if err := positive("core radius", r); err != nil {
			return err
		}
		if a, b := i/c.Species, i%c.Species; r != c.CoreR[b*c.Species+a] {
			return fmt.Errorf("core radii of species %d and %d differ by order", a, b)
		}
	}
	return nil
}

// Config is a copy of what was fixed at the start.
func (m *Model) Config() Config {
	c := m.config
	c.Numbers, c.CoreR = slices.Clone(c.Numbers), slices.Clone(c.CoreR)
	return c
}

// Params is every trained number in one piece; writing to it changes the model.
func (m *Model) Params() []float64 { return m.params }

// Tensors names the parts of Params, in order.
func (m *Model) Tensors() []Tensor { return m.tensors }

// Tensor is the named part of Params, nil if there is none.
func (m *Model) Tensor(name string) []float64 {
	for _, t := range m.tensors {
		if t.Name == name {
			return t.Data
		}
	}
	return nil
}

// Offset is where the named tensor begins in Params, -1 if there is none.
func (m *Model) Offset(name string) int {
	at := 0
	for _, t := range m.tensors {
		if t.Name == name {
			return at
		}
		at += len(t.Data)
	}
	return -1
}

// Meta is what the file says beside numbers; it may be written to.
func (m *Model) Meta() *Meta { return &m.meta }

// Clone is a deep copy of parameters and grade; the metadata is copied flat.
func (m *Model) Clone() *Model {
	c, err := New(m.config)
	if err != nil {
		panic(err) // m.config was checked by New
	}
	copy(c.params, m.params)
	c.grade, c.meta = slices.Clone(m.grade), m.meta
	return c
}

// Initialise draws a random start: layers whose outputs have a spread of order one, a zero linear readout.
func (m *Model) Initialise(seed uint64) {
	c := m.config
	spread := map[string]float64{"radial.c": 1 / math.Sqrt(float64(c.Radial)), "mix.W": 1 / math.Sqrt(float64(c.Channels)), "couple.v": 0.5,
		"readout.W": 1 / math.Sqrt(float64(c.Features())), "readout.b": 1 / math.Sqrt(float64(c.Hidden))}
	for i, t := range m.tensors {
		_, part, _ := strings.Cut(t.Name, ".")
		rng := structure.Rand(seed, "initialise", uint64(i))
		for k := range t.Data {
			t.Data[k] = spread[part] * rng.NormFloat64()
		}
	}
}

// SpeciesIndex maps atomic numbers to the species axis, -1 where the student was not taught.
func (m *Model) SpeciesIndex(number int) int { return slices.Index(m.config.Numbers, number) }

// UnknownSpeciesError says that a structure holds elements the student was not taught.
type UnknownSpeciesError struct{ Known, Unknown []int }

func (e *UnknownSpeciesError) Error() string {
	return fmt.Sprintf("the student knows %s, not %s", symbols(e.Known), symbols(e.Unknown))
}

func symbols(numbers []int) string {
	s := ""
	for i, z := range numbers {
		if i > 0 {
			s += ", "
		}
		s += structure.Symbol(z)
	}
	return s
}

// types translates atomic numbers into species indices.
func (m *Model) types(numbers []int, out []uint8) ([]uint8, error) {
	out = out[:0]
	var unknown []int
	for _, z := range numbers {
		k := m.SpeciesIndex(z)
		if k < 0 && !slices.Contains(unknown, z) {
			unknown = append(unknown, z)
		}
		out = append(out, uint8(k))
	}
	if unknown != nil {
		slices.Sort(unknown)
		return nil, structure.Hint(&UnknownSpeciesError{m.Config().Numbers, unknown}, "distil a student with these elements")
	}
	return out, nil
}
