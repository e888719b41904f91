package validate

import (
	"context"
	"fmt"
	"math"

	"mlff/structure"
)

// compressionPoints is the number of volumes from the example's own to half of it; 5 % of the range per step.
const compressionPoints = 21

// Compression is the energy of a periodic example squeezed evenly in all directions to half its volume.
type Compression struct {
	Atoms    int       `json:"atoms"`
	Formula  string    `json:"formula"`
	Volume   []float64 `json:"volume"`   // fractions of the example's volume, descending from 1 to 0.5
	Energy   []float64 `json:"energy"`   // eV/atom relative to the example
	Pressure []float64 `json:"pressure"` // GPa, from the virial
	Force    []float64 `json:"force"`    // largest |F| of any atom, eV/Å
	// Energies and pressures of the teacher, where one was given that can do this.
	Teacher         []float64 `json:"teacher,omitempty"`
	TeacherPressure []float64 `json:"teacher_pressure,omitempty"`
	// Rise is the smallest rise of the energy from one volume to the next smaller, eV/atom, beyond the volume of
	// lowest energy (an example under tension first relaxes). Below zero the crystal can fall into itself.
	Rise    *float64 `json:"rise"`
	Failure string   `json:"failure,omitempty"` // why the curve ends, where it could not be computed
}

// Rises tells whether forces stayed finite and the energy rose all the way down to half the volume.
func (c *Compression) Rises() bool { return c.Rise != nil && *c.Rise > 0 }

// Compress squeezes the periodic structure s to half its volume.
// A potential that fails on the way leaves its reason in Failure; the only error is that of ctx.
func Compress(ctx context.Context, p structure.Potential, s *structure.Structure, teacher structure.Potential, progress func(done, total int)) (*Compression, error) {
	c := &Compression{Atoms: s.Len(), Formula: formula(s.Numbers)}
	for k := range compressionPoints {
		c.Volume = append(c.Volume, 1-0.5*float64(k)/(compressionPoints-1))
	}
	if err := c.squeeze(ctx, p, s, progress); err != nil {
		return nil, err
	}
	if c.Failure == "" {
		c.Rise = rise(c.Energy)
	}
	if teacher != nil {
		t := Compression{Atoms: c.Atoms, Volume: c.Volume}
		if err := t.squeeze(ctx, teacher, s, func(int, int) {}); err != nil {
			return nil, err
		}
		if t.Failure == "" {
			c.Teacher, c.TeacherPressure = t.Energy, t.Pressure
		}
	}
	return c, nil
}

func (c *Compression) squeeze(ctx context.Context, p structure.Potential, s *structure.Structure, progress func(done, total int)) error {
	var out structure.Result
	var zero float64
	for k, v := range c.Volume {
		if err := ctx.Err(); err != nil {
			return err
		}
		squeezed := scaled(s, math.Cbrt(v))
		if err := p.Evaluate(&squeezed, &out); err != nil {
			c.stop(k, err.Error())
			return nil
		}
		force, pressure := largest(out.Forces), pressureOf(&out, squeezed.Volume())
		if !finite(out.Energy, force, pressure) {
			c.stop(k, fmt.Sprintf("energy %g eV, largest force %g eV/Å", out.Energy, force))
			return nil
		}
		if k == 0 {
			zero = out.Energy
		}
		c.Energy = append(c.Energy, (out.Energy-zero)/float64(s.Len()))
		c.Pressure, c.Force = append(c.Pressure, pressure), append(c.Force, force)
		progress(k+1, len(c.Volume))
	}
	return nil
}

func (c *Compression) stop(k int, reason string) {
	c.Failure = fmt.Sprintf("%.3f of the volume: %s", c.Volume[k], reason)
	c.Volume = c.Volume[:k]
}

// rise is the smallest step of energy beyond its minimum; at most zero where the minimum is the last point.
func rise(energy []float64) *float64 {
	lowest := 0
	for k, e := range energy {
		if e < energy[lowest] {
			lowest = k
		}
	}
	if lowest == len(energy)-1 {
		fall := energy[lowest] - energy[max(lowest-1, 0)]
		return &fall
	}
	smallest := math.Inf(1)
	for k := lowest; k+1 < len(energy); k++ {
		smallest = min(smallest, energy[k+1]-energy[k])
	}
	return &smallest
}

// scaled is s with cell and positions multiplied by c.
func scaled(s *structure.Structure, c float64) structure.Structure {
	t := s.Clone()
	for i := range t.Positions {
		t.Positions[i] = structure.Scale(c, t.Positions[i])
	}
	for k := range t.Cell {
		t.Cell[k] = structure.Scale(c, t.Cell[k])
	}
	return t
}

func largest(forces [][3]float64) float64 {
	f := 0.0
	for i := range forces {
		n := structure.Norm(forces[i])
		if math.IsNaN(n) {
			return n
		}
		f = max(f, n)
	}
	return f
}

// pressureOf is a third of the trace of the virial per volume, in GPa.
func pressureOf(out *structure.Result, volume float64) float64 {
	v := out.Virial
	return (v[0][0] + v[1][1] + v[2][2]) / (3 * volume) / structure.GPa
}
