package validate

import (
	"context"
	"fmt"
	"math"

	"mlff/md"
	"mlff/model"
	"mlff/structure"
)

// shift are structures of one kind that a student should find strange.
type shift struct {
	name   string
	frames []structure.Structure
}

const (
	vacuum   = 10.0 // Å between slabs
	hotFor   = 0.5  // ps before the first frame of the hot run
	hotEvery = 0.05 // ps between its frames
	apart    = 0.1  // ps without an alarm end it
)

// shifts makes all kinds from the known frames, each from others of them in turn.
func (g *Guarding) shifts(ctx context.Context, p *model.Potential, known []structure.Frame) []shift {
	var list []shift
	add := func(name string, change func(k int, s *structure.Structure) bool) {
		kind := shift{name: name}
		for k := range g.Frames {
			s := known[k*len(known)/g.Frames%len(known)].Structure.Clone()
			if change(k, &s) {
				kind.frames = append(kind.frames, s)
			}
		}
		if len(kind.frames) > 0 {
			list = append(list, kind)
		}
	}
	for _, c := range []struct {
		name   string
		factor float64
	}{{"compressed by 7 % in length", 0.93}, {"stretched by 12 % in length", 1.12}} {
		add(c.name, func(_ int, s *structure.Structure) bool {
			*s = scaled(s, c.factor)
			return true
		})
	}
	for _, sigma := range []float64{0.05, 0.15} {
		add(fmt.Sprintf("rattled by %g Å", sigma), func(k int, s *structure.Structure) bool {
			random := structure.Rand(g.Seed, fmt.Sprint("guard rattle ", sigma), uint64(k))
			for i := range s.Positions {
				for a := range 3 {
					s.Positions[i][a] += sigma * random.NormFloat64()
				}
			}
			return true
		})
	}
	add("surface", func(_ int, s *structure.Structure) bool { return cut(s) })
	add("vacancy", func(k int, s *structure.Structure) bool {
		return remove(s, structure.Rand(g.Seed, "guard vacancy", uint64(k)).IntN(s.Len()))
	})
	if hot := g.hot(ctx, p, known); len(hot) > 0 {
		list = append(list, shift{fmt.Sprintf("dynamics at %g K", g.Hot), hot})
	}
	return list
}

// hot are frames of the student's dynamics beyond its domain, up to where it breaks down.
func (g *Guarding) hot(ctx context.Context, p *model.Potential, known []structure.Frame) []structure.Structure {
	var frames []structure.Structure
	start := known[len(known)/2].Structure
	sim, err := md.New(p, start, md.Options{Ensemble: md.NVT, Temperature: g.Hot, Friction: policyFriction, Seed: g.Seed})
	if err != nil {
		return nil
	}
	step := sim.Options().Timestep / 1000
	every := max(1, int(hotEvery/step))
	if sim.Run(ctx, int(hotFor/step)) != nil {
		return nil
	}
	for len(frames) < g.Frames && sim.Run(ctx, every) == nil {
		frames = append(frames, sim.Structure().Clone())
	}
	return frames
}

// cut opens a periodic structure along its longest lattice vector with a gap of vacuum, between molecules where there
// are such; false where it is not periodic that way.
func cut(s *structure.Structure) bool {
	if !s.Periodic() {
		return false
	}
	makeWhole(s)
	axis, w := 0, widths(s.Cell)
	for k := range w {
		if w[k] > w[axis] {
			axis = k
		}
	}
	f := (w[axis] + vacuum) / w[axis]
	s.Cell[axis] = structure.Scale(f, s.Cell[axis])
	return true
}

// makeWhole moves atoms by lattice vectors such that molecules are in one piece and each begins within the cell.
func makeWhole(s *structure.Structure) {
	wrap(s)
	list := bondsOf(s)
	done := make([]bool, s.Len())
	next := map[int][]bond{}
	for _, b := range list {
		next[b.i] = append(next[b.i], b)
		next[b.j] = append(next[b.j], bond{b.j, b.i, structure.Scale(-1, b.shift)})
	}
	for first := range s.Positions {
		queue := []int{first}
		if done[first] {
			continue
		}
		done[first] = true
		moved := map[int][3]float64{first: {}}
		for len(queue) > 0 {
			i := queue[0]
			queue = queue[1:]
			for _, b := range next[i] {
				if done[b.j] {
					continue
				}
				done[b.j] = true
				moved[b.j] = structure.Add(moved[i], b.shift)
				queue = append(queue, b.j)
			}
		}
		for i, by := range moved {
			s.Positions[i] = structure.Add(s.Positions[i], by)
		}
	}
}

// remove takes an atom out, or the molecule that it belongs to; false where nothing would be left.
func remove(s *structure.Structure, atom int) bool {
	gone := map[int]bool{atom: true}
	bonds := bondsOf(s)
	for grown := true; grown; {
		grown = false
		for _, b := range bonds {
			if gone[b.i] != gone[b.j] {
				gone[b.i], gone[b.j], grown = true, true, true
			}
		}
	}
	if len(gone) >= s.Len()-1 {
		return false
	}
	var left structure.Structure
	left.Cell, left.PBC = s.Cell, s.PBC
	for i, z := range s.Numbers {
		if !gone[i] {
			left.Numbers, left.Positions = append(left.Numbers, z), append(left.Positions, s.Positions[i])
		}
	}
	*s = left
	return true
}

// wrap brings all atoms into the cell.
func wrap(s *structure.Structure) {
	volume := structure.Det(s.Cell)
	for i, x := range s.Positions {
		for k := range s.Cell {
			if !s.PBC[k] {
				continue
			}
			across := structure.Cross(s.Cell[(k+1)%3], s.Cell[(k+2)%3])
			whole := math.Floor(structure.Dot(x, across) / volume)
			x = structure.Sub(x, structure.Scale(whole, s.Cell[k]))
		}
		s.Positions[i] = x
	}
}

// count runs the student within its domain and counts how often the alarm begins, per nanosecond and 1000 atoms.
func (g *Guarding) count(ctx context.Context, p *model.Potential, known []structure.Frame, out *Guard) error {
	start := known[0].Structure
	sim, err := md.New(p, start, md.Options{Ensemble: md.NVT, Temperature: g.Warm, Friction: 1, Seed: g.Seed})
	if err != nil {
		out.Failure = err.Error()
		return nil
	}
	step := sim.Options().Timestep / 1000
	settle := int(1 / step)
	begun, steps := 0, 0
	last := math.Inf(-1) // ps, of the last alarm
	err = sim.Run(ctx, settle+int(g.Duration/step), md.Observer{Observe: func(m *md.Simulation) error {
		grade, alarms := p.Frame()
		if m.Steps() < settle {
			return nil
		}
		steps++
		if now := m.Time() / 1000; !(grade <= out.Threshold) || alarms != 0 {
			if now-last > apart {
				begun++
			}
			last = now
		}
		return nil
	}})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		out.Failure = err.Error()
	}
	if steps > 0 {
		ns := float64(steps) * step / 1000
		rate := float64(begun) / ns * 1000 / float64(start.Len())
		out.PerNs = &rate
		out.PerNsFrom = fmt.Sprintf("%d alarms in %.3g ps of %d atoms at %g K", begun, 1000*ns, start.Len(), g.Warm)
	}
	return nil
}
