package teacher

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"mlff/structure"
)

// Dimer is what a teacher says of two atoms alone in space.
type Dimer struct {
	Pair     [2]string `json:"pair"`
	Distance []float64 `json:"distance,omitempty"` // Å, ascending
	Energy   []float64 `json:"energy,omitempty"`   // eV, relative to the longest distance
	Push     []float64 `json:"push,omitempty"`     // force that drives the atoms apart, eV/Å
	Failure  string    `json:"failure,omitempty"`  // why there is no curve
}

// Distances are shares of the sum of covalent radii. No bond is shorter than wall of it (the sextuple one of Mo2 has 0.63),
// and hot dynamics hardly comes closer than innermost.
const (
	innermost   = 0.5
	wall        = 0.6
	outermost   = 3
	dimerPoints = 24
	mostPairs   = 21 // of six elements
)

// DimerCalls is how many structures Dimers labels for so many elements.
func DimerCalls(elements int) int { return dimerPoints * min(mostPairs, elements*(elements+1)/2) }

// Dimers labels two atoms of every pair of elements at distances from half to three times the sum of their covalent radii,
// and adds its verdict to the findings: atoms that attract each other where they overlap fall into each other in hot
// dynamics. A teacher that knows no atoms without a cell has no curves and no verdict. The only error is that of ctx.
func (x *Examination) Dimers(ctx context.Context, t Teacher, elements []int) error {
	began := time.Now()
	defer func() { x.Seconds += time.Since(began).Seconds() }()
	for a := range elements {
		for b := a; b < len(elements) && len(x.Pairs) < mostPairs; b++ {
			d, err := x.dimer(ctx, t, elements[a], elements[b])
			if err != nil {
				return err
			}
			x.Pairs = append(x.Pairs, *d)
		}
	}
	x.judgeDimers()
	return nil
}

func (x *Examination) dimer(ctx context.Context, t Teacher, za, zb int) (*Dimer, error) {
	d := &Dimer{Pair: [2]string{structure.Symbol(za), structure.Symbol(zb)}}
	u := structure.Scale(1/math.Sqrt(14), [3]float64{1, 2, 3}) // along no axis
	bond := structure.CovalentRadius(za) + structure.CovalentRadius(zb)
	var list []structure.Structure
	for k := range dimerPoints {
		r := bond * innermost * math.Pow(outermost/innermost, float64(k)/(dimerPoints-1))
		d.Distance = append(d.Distance, r)
		list = append(list, structure.Structure{Numbers: []int{za, zb}, Positions: [][3]float64{{}, structure.Scale(r, u)}})
	}
	labels, err := x.label(ctx, t, list, false)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		d.Distance, d.Failure = nil, err.Error()
		return d, nil
	}
	for _, l := range labels {
		d.Energy = append(d.Energy, *l.Energy-*labels[dimerPoints-1].Energy)
		d.Push = append(d.Push, structure.Dot(structure.Sub(l.Forces[1], l.Forces[0]), u)/2)
	}
	return d, nil
}

// hole is the distance of the strongest attraction within the wall, Å; 0 where there is none.
func (d *Dimer) hole() (distance, push float64) {
	for k, r := range d.Distance {
		if r <= d.Distance[0]*wall/innermost && d.Push[k] < push {
			distance, push = r, d.Push[k]
		}
	}
	return distance, push
}

// well is the deepest point, outside the wall.
func (d *Dimer) well() (distance, depth float64) {
	for k, r := range d.Distance {
		if r > d.Distance[0]*wall/innermost && -d.Energy[k] > depth {
			distance, depth = r, -d.Energy[k]
		}
	}
	return distance, depth
}

func (x *Examination) judgeDimers() {
	var bound, holes, failed []string
	for i := range x.Pairs {
		d := &x.Pairs[i]
		name := d.Pair[0] + "–" + d.Pair[1]
		if d.Failure != "" {
			failed = append(failed, fmt.Sprintf("%s not measured (%s)", name, d.Failure))
			continue
		}
		if r, push := d.hole(); push < 0 {
			holes = append(holes, fmt.Sprintf("%s %.2g eV/Å at %.2f Å", name, -push, r))
		} else if r, depth := d.well(); depth > 0 {
			bound = append(bound, fmt.Sprintf("%s %.3g eV at %.2f Å", name, depth, r))
		} else {
			bound = append(bound, name+" not bound")
		}
	}
	if len(holes) > 0 {
		x.find("dimers", false, "", "close atoms attract each other, which hot dynamics may meet and a student replaces by a core: %s", strings.Join(holes, ", "))
		return
	}
	x.find("dimers", true, "%s", "", strings.Join(append(bound, failed...), ", "))
}
