package model

import "mlff/structure"

// Virials writes the virials [N] of the atoms of the last call of Evaluate, which must have succeeded: [position][force], eV,
//
//	W_i = -sum_j (x_i - x_j) ⊗ dE_j/d(x_i - x_j)   over the atoms j that have i as a neighbour.
//
// They sum to the virial, and sum_i W_i v_i is the virial part of the heat current (Fan et al., Phys. Rev. B 92,
// 094301, 2015): with energies E_j in their own places, work reaches i from the atoms whose energy depends on it.
func (p *Potential) Virials(out [][3][3]float64) { p.engine.virials(out) }

// Alarms are those of the atoms of the last call, nil unless grades were asked for; valid until the next call.
func (p *Potential) Alarms() []Alarm { return p.engine.alarms() }

// Frame is the largest grade of the atoms of the last call, and the OR of all alarms of atoms and structure; 0 unless
// grades were asked for.
func (p *Potential) Frame() (grade float64, all Alarm) { return p.engine.frame() }

func (e *engine[F]) virials(out [][3][3]float64) {
	clear(out)
	a := &e.atoms
	for i := range e.pairs.N {
		x := a.X[i]
		for k := a.Start[i]; k < a.Start[i+1]; k++ {
			g, t := &a.Edge[k], a.J[k]
			if g[0] == 0 && g[1] == 0 && g[2] == 0 {
				continue // beyond the cutoff
			}
			d, w := structure.Sub(a.X[t], x), &out[e.pairs.Owner[t]]
			for p := range d {
				w[p][0] -= d[p] * float64(g[0])
				w[p][1] -= d[p] * float64(g[1])
				w[p][2] -= d[p] * float64(g[2])
			}
		}
	}
}

func (e *engine[F]) alarms() []Alarm {
	if e.watch == nil || e.pairs.N == 0 {
		return nil
	}
	return e.watch.alarms
}

func (e *engine[F]) frame() (float64, Alarm) {
	if e.watch == nil || e.pairs.N == 0 {
		return 0, 0
	}
	return e.watch.largest, e.watch.all
}
