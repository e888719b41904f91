package kernel

// Atoms is what a kernel sees of a structure, and where it writes. Targets are the atoms, then their periodic images
// (or the ghosts of another process) that some atom has as neighbours.
type Atoms[F Float] struct {
	X     [][3]float64 // [targets] positions, Å
	Type  []uint8      // [targets] species index
	Start []int32      // [atoms+1] edges of atom i are Start[i]:Start[i+1]
	J     []int32      // [edges] the target of an edge

	Energy []float64 // out, [atoms] E_i - E0, eV
	Edge   [][4]F    // out, [edges] g = dE_i/dd, eV/Å; 0 beyond the cutoff; the fourth number is 0
	Hidden []F       // out if not nil, [atoms][H] silu(W f + d)
	Guard  []Guard   // out if not nil, [atoms]
}

// Kernel evaluates atoms in precision F. Implementations hold no state: every goroutine brings its own Scratch.
type Kernel[F Float] interface {
	Name() string

	// Forces evaluates the atoms lo <= i < hi and returns their part of sum_edges d ⊗ g [eV],
	// in the order xx yy zz yz xz xy. It allocates only where Scratch must grow.
	Forces(l *Layer[F], a *Atoms[F], lo, hi int, s *Scratch[F]) (strain [6]float64)
}

// Trainer is a Kernel that also differentiates with respect to the parameters.
type Trainer interface {
	Kernel[float64]

	// Gradient adds weight · d(sum_i E_i)/d(folded parameters) of the atoms lo <= i < hi to g.
	Gradient(l *Layer[float64], a *Atoms[float64], lo, hi int, weight float64, g *Parameters, s *Scratch[float64])
}

// Scratch is the memory of one goroutine: the neighbours of one atom inside the cutoff ("slots") and all intermediates.
type Scratch[F Float] struct {
	shape Shape

	slots   int      // capacity
	edge    []int32  // [slots] edge of the slot
	row     []int32  // [slots] offset of the first of four spline rows in Layer.Rows
	u       [][3]F   // [slots] d/r
	d       [][3]F   // [slots] d, Å
	rinv    []F      // [slots] 1/r
	t       []F      // [slots] position in the spline interval, 0..1
	r, dr   []F      // [slots][N] R_n and dR_n/dr
	y       []F      // [slots][LM] harmonics
	gr      []F      // [N] dE/dR_n of one slot
	a, ga   []F      // [LM][N] density and dE/dA
	b, gb   []F      // [LM][K] mixed density and dE/dB
	t3, gt  []F      // [(LT+1)²-1][K] coupled tensors t_LM and dE/dt
	u3      []F      // [T][2 LT+1][K] what one coupling contributes to t before v
	f, gf   []F      // [F] invariants and dE/df
	act, gh []F      // [H] silu(pre), dE/dpre
	p       [MaxLM]F // sum_n R_n dE/dA_lm,n of one slot
	lanes   lanes[F] // of the assembly
	_       [64]byte // keeps two goroutines' scratch off one cache line
}

// NewScratch makes scratch memory for students of a shape.
func NewScratch[F Float](s Shape) *Scratch[F] {
	N, K, H, LM := s.Channels, s.Mixed, s.Hidden, s.LM()
	m := (s.LT+1)*(s.LT+1) - 1
	c := &Scratch[F]{shape: s, gr: make([]F, N),
		a: make([]F, LM*N), ga: make([]F, LM*N), b: make([]F, LM*K), gb: make([]F, LM*K),
		t3: make([]F, m*K), gt: make([]F, m*K), u3: make([]F, len(s.Couplings())*(2*s.LT+1)*K),
		f: make([]F, s.Features()), gf: make([]F, s.Features()),
		act: make([]F, H), gh: make([]F, H)}
	c.grow(64)
	return c
}

// grow makes room for n slots.
func (s *Scratch[F]) grow(n int) {
	if n <= s.slots {
		return
	}
	n += n/2 + 8
	N, LM := s.shape.Channels, s.shape.LM()
	s.slots = n
	s.edge, s.row = make([]int32, n), make([]int32, n)
	s.u, s.d, s.rinv, s.t = make([][3]F, n), make([][3]F, n), make([]F, n), make([]F, n)
	s.r, s.dr, s.y = make([]F, n*N), make([]F, n*N), make([]F, n*LM)
}
