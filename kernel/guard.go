package kernel

import "math"

// Guard is what tells whether an atom lies in what a student was taught.
type Guard struct {
	Grade     float64 // |c + T h|, h the activations of the readout; 0 for a layer without factors
	Neighbors int32   // inside the cutoff
	Contact   bool    // one of them is closer than r_s
}

// grading is the factors of the grade in working precision.
type grading[F Float] struct {
	c, t     []F       // [S][H]; [S][H][H] lower triangular, row-major
	constant []float64 // [S] square of what does not depend on h
	rest     []float64 // [S] grade of an isolated atom
}

// SetGrade makes the layer compute grades. inverse is L⁻¹ [S][1+H][1+H], lower triangular, and the grade |L⁻¹ (1, h)|: its
// first row is constant, the first numbers of the others are c, the rest is T. To be called before the layer is used.
func (l *Layer[F]) SetGrade(inverse []float64) {
	H := l.Hidden
	n := 1 + H
	g := &l.grading
	g.c, g.t = aligned[F](l.Species * H)[:0], aligned[F](l.Species * H * H)[:0]
	g.constant, g.rest = nil, nil
	for z := range l.Species {
		rows := inverse[z*n*n:][:n*n]
		g.constant = append(g.constant, rows[0]*rows[0])
		for rows = rows[n:]; len(rows) > 0; rows = rows[n:] {
			g.c = append(g.c, F(rows[0]))
			g.t = append(g.t, cast[F](rows[1:n], 1)...)
		}
		g.rest = append(g.rest, l.grade(z, l.SiluD[z*H:][:H]))
	}
	l.packGrade()
}

// grade is that of an atom of species z with activations h; 0 without factors.
func (l *Layer[F]) grade(z int, h []F) float64 {
	g := &l.grading
	if g.t == nil {
		return 0
	}
	H := len(h)
	c, t, sum := g.c[z*H:][:H], g.t[z*H*H:][:H*H], g.constant[z]
	for r, v := range c {
		for k, x := range t[r*H:][:r+1] {
			v += x * h[k]
		}
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}

// isolated writes what there is to say of an atom without neighbours.
func (a *Atoms[F]) isolated(l *Layer[F], i int) {
	z := int(a.Type[i])
	a.Energy[i] = 0 // exactly E0
	a.hidden(i, l.SiluD[z*l.Hidden:][:l.Hidden])
	if a.Guard != nil {
		a.Guard[i] = Guard{}
		if l.grading.rest != nil {
			a.Guard[i].Grade = l.grading.rest[z]
		}
	}
}
