package kernel

// Reference is the readable implementation: any shape, any precision, any machine.
type Reference[F Float] struct{}

// Name is "ref".
func (Reference[F]) Name() string { return "ref" }

// Forces implements Kernel.
func (Reference[F]) Forces(l *Layer[F], a *Atoms[F], lo, hi int, s *Scratch[F]) (strain [6]float64) {
	for i := lo; i < hi; i++ {
		n, z := geometry(l, a, i, s), int(a.Type[i])
		if n == 0 {
			a.isolated(l, i)
			continue
		}
		radial(l, s, n)
		density(s, n)
		mixing(l, z, s)
		invariants(l, z, s)
		a.Energy[i] = readout(l, z, 1, s)
		a.hidden(i, s.act)
		if a.Guard != nil {
			a.Guard[i] = Guard{Grade: l.grade(z, s.act), Neighbors: int32(n)}
		}
		invariantsReverse(l, z, s, nil)
		mixingReverse(l, z, s)
		edgeForces(a, s, n, &strain)
		coreForces(l, a, i, s, n, &strain)
	}
	return strain
}

func (a *Atoms[F]) hidden(i int, act []F) {
	if a.Hidden != nil {
		copy(a.Hidden[i*len(act):], act)
	}
}

// Gradient implements Trainer for float64.
func (Reference[F]) Gradient(l *Layer[F], a *Atoms[F], lo, hi int, weight F, g *Parameters, s *Scratch[F]) {
	for i := lo; i < hi; i++ {
		n, z := geometry(l, a, i, s), int(a.Type[i])
		if n == 0 {
			continue
		}
		radial(l, s, n)
		density(s, n)
		mixing(l, z, s)
		invariants(l, z, s)
		readout(l, z, weight, s)
		readoutGradient(l, z, weight, g, s)
		size := len(l.couplings) * l.Mixed
		invariantsReverse(l, z, s, g.Couple[z*size:][:size])
		mixingGradient(l, z, g, s)
		mixingReverse(l, z, s)
		radialGradient(g, s, n)
	}
}

// Describe returns what the equations call A [LM][N] (times nu), B [LM][K] and f [F] of atom i, all 0 for an isolated
// atom. The slices belong to s and hold until its next use.
func (Reference[F]) Describe(l *Layer[F], a *Atoms[F], i int, s *Scratch[F]) (A, B, f []F) {
	n, z := geometry(l, a, i, s), int(a.Type[i])
	radial(l, s, n)
	density(s, n)
	mixing(l, z, s)
	invariants(l, z, s)
	return s.a, s.b, s.f
}
