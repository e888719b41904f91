package kernel

import "math"

// Parameters are the tensors of one layer, row-major in float64, or a gradient with respect to them.
type Parameters struct {
	Rows   []float64 // [S][S][Intervals+3][N] spline coefficients w, centre before neighbour
	Mix    []float64 // [S][LMax+1][N][K] W of the mixing
	Couple []float64 // [S][T][K] v
	A      []float64 // [S][F] linear readout a
	W      []float64 // [S][H][F] W of the readout
	D      []float64 // [S][H] d
	B      []float64 // [S][H] b
}

// NewParameters makes room for the tensors of a shape, all zero.
func NewParameters(s Shape) *Parameters {
	var p Parameters
	S, N, K, H, F := s.Species, s.Channels, s.Mixed, s.Hidden, s.Features()
	for k, n := range [7]int{S * S * s.SplineRows() * N, S * (s.LMax + 1) * N * K, S * len(s.Couplings()) * K, S * F, S * H * F, S * H, S * H} {
		*p.views()[k] = aligned[float64](n)
	}
	return &p
}

func (p *Parameters) views() [7]*[]float64 {
	return [7]*[]float64{&p.Rows, &p.Mix, &p.Couple, &p.A, &p.W, &p.D, &p.B}
}

// Add adds q to p.
func (p *Parameters) Add(q *Parameters) {
	from := q.views()
	for k, v := range p.views() {
		add := *from[k]
		to := (*v)[:len(add)]
		for i, x := range add {
			to[i] += x
		}
	}
}

// Zero sets everything to 0.
func (p *Parameters) Zero() {
	for _, v := range p.views() {
		clear(*v)
	}
}

// Layer holds the parameters of one layer in working precision, laid out for the loops. It is immutable once it is used.
type Layer[F Float] struct {
	Shape
	Cutoff float64 // Å
	Core   *Core   // short-range repulsion; nil in a second layer

	Rows   []F // [S][S][Intervals+3][N], times nu
	Mix    []F // [S][LMax+1][N][K]
	MixT   []F // [S][LMax+1][K][N]
	Couple []F // [S][T][K]
	A      []F // [S][F], times eps
	W      []F // [S][H][F]
	D      []F // [S][H]
	SiluD  []F // [S][H] silu(d)
	B      []F // [S][H], times eps

	couplings []Coupling
	terms     [][][]Term // [coupling][m]
	grading   grading[F]
	packed    packed[F] // for the assembly
}

// NewLayer casts parameters to the working precision, folding the scale nu of the density into the radial functions
// and the energy scale eps into the readout.
func NewLayer[F Float](s Shape, cutoff, nu, eps float64, p *Parameters, core *Core) *Layer[F] {
	l := &Layer[F]{
		Shape: s, Cutoff: cutoff, Core: core,
		Rows: cast[F](p.Rows, nu), Mix: cast[F](p.Mix, 1), Couple: cast[F](p.Couple, 1),
		A: cast[F](p.A, eps), W: cast[F](p.W, 1), D: cast[F](p.D, 1), B: cast[F](p.B, eps),
		couplings: s.Couplings(),
	}
	l.SiluD = make([]F, len(l.D))
	for k, d := range l.D {
		l.SiluD[k], _ = silu(d)
	}
	N, K := s.Channels, s.Mixed
	l.MixT = make([]F, len(l.Mix))
	for m := 0; m < len(l.Mix); m += N * K {
		for n := range N {
			for k := range K {
				l.MixT[m+k*N+n] = l.Mix[m+n*K+k]
			}
		}
	}
	for _, c := range l.couplings {
		l.terms = append(l.terms, allTerms[c])
	}
	l.pack(p, nu)
	return l
}

// Unfold turns a gradient with respect to the folded parameters of NewLayer into one with respect to the originals.
func (p *Parameters) Unfold(nu, eps float64) {
	for _, f := range []struct {
		v []float64
		c float64
	}{{p.Rows, nu}, {p.A, eps}, {p.B, eps}} {
		for i := range f.v {
			f.v[i] *= f.c
		}
	}
}

func cast[F Float](v []float64, c float64) []F {
	w := aligned[F](len(v))
	for i, x := range v {
		w[i] = F(c * x)
	}
	return w
}

// silu is x σ(x) and its derivative.
func silu[F Float](x F) (y, dy F) {
	s := 1 / (1 + math.Exp(-float64(x)))
	return F(float64(x) * s), F(s + float64(x)*s*(1-s))
}
