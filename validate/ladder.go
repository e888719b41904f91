package validate

import (
	"context"
	"fmt"
	"math"

	"mlff/md"
	"mlff/neighbor"
	"mlff/structure"
)

// Rung is the dynamics of a potential at one temperature of a ladder.
type Rung struct {
	Temperature float64 `json:"temperature"`       // K
	Steps       int     `json:"steps"`             // that were made
	Failure     string  `json:"failure,omitempty"` // what went wrong
}

// RungDuration is how long each temperature is held, ps.
const RungDuration = 0.5

// What no sound potential does under a thermostat that takes energy away within 0.1 ps: three times the temperature on
// average over half a rung (of the 9 degrees of freedom of water, five standard deviations), and atoms at half the sum of
// their covalent radii, which costs any pair of nuclei more than 10 eV.
const (
	rungFriction = 10 // 1/ps
	mostHeat     = 3
	leastContact = 0.5
)

// Ladder heats a structure from temperature to temperature, [K] ascending, at constant volume, and ends with the first at
// which the dynamics of p breaks down: the rungs before it are stable. The only error is that of ctx.
func Ladder(ctx context.Context, p structure.Potential, s *structure.Structure, temperatures []float64, progress func(done, total int)) ([]Rung, error) {
	o := md.Options{Timestep: md.DefaultTimestep(s), Ensemble: md.NVT, Friction: rungFriction, Seed: 1}
	steps := int(math.Round(1000 * RungDuration / o.Timestep))
	var rungs []Rung
	var m *md.Simulation
	for k, t := range temperatures {
		o.Temperature = t
		var err error
		if m == nil {
			m, err = md.New(p, *s, o)
		} else {
			err = m.Switch(o)
		}
		r := Rung{Temperature: t}
		if err == nil {
			err = r.hold(ctx, m, steps, func(done int) { progress(k*steps+done, len(temperatures)*steps) })
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			r.Failure = err.Error()
		}
		if rungs = append(rungs, r); err != nil {
			break
		}
	}
	return rungs, nil
}

// hold runs at one temperature until the end or a breakdown.
func (r *Rung) hold(ctx context.Context, m *md.Simulation, steps int, progress func(done int)) error {
	list := neighbor.New(2*leastContact*largestRadius(m.Structure()), 0.5)
	heat, counted, start := 0.0, 0, m.Steps()
	return m.Run(ctx, steps, md.Observer{Every: 1, Observe: func(m *md.Simulation) error {
		r.Steps = m.Steps() - start
		progress(r.Steps)
		if 2*r.Steps > steps {
			heat, counted = heat+m.Temperature(), counted+1
		}
		if r.Steps == steps && heat > mostHeat*r.Temperature*float64(counted) {
			return fmt.Errorf("the thermostat does not hold it: %.0f K on average", heat/float64(counted))
		}
		return contact(list, m.Structure())
	}})
}

func largestRadius(s *structure.Structure) float64 {
	r := 0.0
	for _, z := range s.Numbers {
		r = max(r, structure.CovalentRadius(z))
	}
	return r
}

// contact is an error for two atoms much closer than any bond.
func contact(list *neighbor.List, s *structure.Structure) error {
	if _, err := list.Update(s); err != nil {
		return err
	}
	x := list.Positions(s, nil)
	for i := range s.Numbers {
		for e := list.Start[i]; e < list.Start[i+1]; e++ {
			j := int(list.J[e])
			a, b := s.Numbers[i], s.Numbers[list.Owner[j]]
			least := leastContact * (structure.CovalentRadius(a) + structure.CovalentRadius(b))
			if d := structure.Norm(structure.Sub(x[j], s.Positions[i])); d < least {
				return fmt.Errorf("%s and %s come as close as %.2f Å", structure.Symbol(a), structure.Symbol(b), d)
			}
		}
	}
	return nil
}
