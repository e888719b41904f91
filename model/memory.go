package model

import (
	"encoding/binary"
	"math"

	"mlff/structure"
)

// Memory estimates the bytes that running a structure takes, before anything is allocated: the number of neighbours as
// if the atoms filled their cell, or the box around them, evenly.
func (p *Potential) Memory(s *structure.Structure) int64 {
	const atom = 400   // bytes: positions of now and of the list, boxes of the search, images, results
	const edge = 5 * 4 // target, incoming edge, search
	reach := p.engine.list().Cutoff + p.engine.list().Skin
	neighbors := 4 * math.Pi / 3 * reach * reach * reach * float64(s.Len()) / room(s, reach)
	return int64(float64(s.Len()) * (atom + neighbors*(edge+float64(p.engine.edgeBytes()))))
}

// room is the volume that the neighbours of atoms lie in, Å³.
func room(s *structure.Structure, reach float64) float64 {
	if s.Periodic() {
		return s.Volume()
	}
	lo, hi := [3]float64{}, [3]float64{}
	for i, x := range s.Positions {
		for k := range x {
			if i == 0 {
				lo[k], hi[k] = x[k], x[k]
			}
			lo[k], hi[k] = min(lo[k], x[k]), max(hi[k], x[k])
		}
	}
	v := 1.0
	for k := range lo {
		v *= hi[k] - lo[k] + reach // an atom at the surface has half its sphere empty
	}
	return v
}

func (e *engine[F]) edgeBytes() int { return binary.Size([4]F{}) }
