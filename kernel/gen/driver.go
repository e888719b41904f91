package main

import "text/template"

type names struct {
	Suffix, F, ISA string
	Lanes          int
	Single         bool
}

func (t *target) names() names {
	return names{t.suffix(), t.number(), t.isa, t.lanes(), t.single()}
}

// driver calls the functions of a back end for one atom after another; as text, because calls through function values
// or type parameters would cost time for every atom.
var driver = template.Must(template.New("driver").Parse(`
// {{.Suffix}} is the {{.ISA}} back end in {{.F}}.
type {{.Suffix}} struct{}

// Name is "{{if eq .ISA "AVX2"}}avx2{{else}}avx512{{end}}".
func ({{.Suffix}}) Name() string { return "{{if eq .ISA "AVX2"}}avx2{{else}}avx512{{end}}" }

// Forces implements Kernel.
func (k {{.Suffix}}) Forces(l *Layer[{{.F}}], a *Atoms[{{.F}}], lo, hi int, s *Scratch[{{.F}}]) (strain [6]float64) {
	v := s.reserve(l, a, lo, hi)
	for i := lo; i < hi; i++ {
		z := int(a.Type[i])
		clear(a.Edge[a.Start[i]:a.Start[i+1]])
		n, near := k.neighbours(l, a, i, v)
		if n == 0 { // an isolated atom is exactly E0
			a.Energy[i] = 0
			a.hidden(i, l.SiluD[z*l.Hidden:][:l.Hidden])
			continue
		}
		radial{{.Suffix}}(&v.r[0], &v.dr[0], &l.packed.pairs[z*l.Species], &a.Type[0], &v.to[0], &v.offset[0], &v.block[0], n, l.Channels)
		a.Energy[i] = k.site(l, z, n, {{if not .Single}}1, 0, {{end}}v)
		a.hidden(i, v.act)
		adjoint{{.Suffix}}(&v.p[0], &v.q[0], &v.block[0], &v.r[0], &v.dr[0], &v.ga[0], &v.gat[0], n, l.Channels)
		forces{{.Suffix}}(&a.Edge[a.Start[i]], &v.strain, &v.dx[0], &v.dy[0], &v.dz[0], &v.block[0], &v.p[0], &v.q[0], &v.edge[0], l.packed.perInterval, n)
		if near {
			v.coreForces(l.Core, a, i, n, &strain)
		}
	}
	v.addStrain(&strain)
	return strain
}

// neighbours prepares the neighbours of atom i and tells whether one is close enough for a core.
func ({{.Suffix}}) neighbours(l *Layer[{{.F}}], a *Atoms[{{.F}}], i int, v *lanes[{{.F}}]) (n int, near bool) {
	lo, hi := a.Start[i], a.Start[i+1]
	if lo == hi {
		return 0, false
	}
	n, found := compact{{.Suffix}}(&a.X[0], &a.X[i], &a.J[lo], int(hi-lo), &l.packed.limits[a.Type[i]][0], &v.dx[0], &v.dy[0], &v.dz[0], &v.to[0], &v.edge[0])
	if n > 0 {
		basis{{.Suffix}}(&v.dx[0], &v.dy[0], &v.dz[0], &v.block[0], &v.offset[0], n, l.packed.perInterval, l.Intervals-1, l.packed.rowBytes)
	}
	return n, found != 0
}

// site returns the learned energy of an atom and leaves{{if not .Single}} weight{{end}} dE/dA in v{{if not .Single}}, f and dE/dpre in place slot{{end}}.
func ({{.Suffix}}) site(l *Layer[{{.F}}], z, n int, {{if not .Single}}weight {{.F}}, slot int, {{end}}v *lanes[{{.F}}]) float64 {
	N, K, H, features := l.Channels, l.Mixed, l.Hidden, l.Features()
	{{- if .Single}}
	f, gh := &v.f[0], &v.gh[0]
	{{- else}}
	f, gh := &v.f[slot*features], &v.gh[slot*H]
	{{- end}}
	mixing := 4 * N * K
	couple := &l.Couple[z*len(l.couplings)*K]
	density{{.Suffix}}(&v.a[0], &v.block[0], &v.r[0], n, N)
	mix{{.Suffix}}(&v.b[0], &v.a[0], &l.packed.mix[z*mixing], N, K)
	if l.LT == 2 {
		invariants2{{.Suffix}}(f, &v.t[0], {{if not .Single}}&v.u[0], {{end}}&v.b[0], couple, K)
	} else {
		invariants3{{.Suffix}}(f, &v.t[0], {{if not .Single}}&v.u[0], {{end}}&v.b[0], couple, K)
	}
	energy := readout{{.Suffix}}(f, &v.gf[0], &v.act[0], gh, &l.A[z*features], &l.packed.w[z*H*features], &l.D[z*H], &l.B[z*H], &l.SiluD[z*H], H, features{{if not .Single}}, weight{{end}})
	if l.LT == 2 {
		invariantsReverse2{{.Suffix}}(&v.gb[0], &v.gt[0], &v.gf[0], &v.t[0], &v.b[0], couple, K)
	} else {
		invariantsReverse3{{.Suffix}}(&v.gb[0], &v.gt[0], &v.gf[0], &v.t[0], &v.b[0], couple, K)
	}
	mix{{.Suffix}}(&v.ga[0], &v.gb[0], &l.packed.mixT[z*mixing], K, N)
	return energy
}
{{if not .Single}}
// Gradient implements Trainer.
func (k {{.Suffix}}) Gradient(l *Layer[float64], a *Atoms[float64], lo, hi int, weight float64, g *Parameters, s *Scratch[float64]) {
	v := s.reserve(l, a, lo, hi)
	rows := v.rowsOf(l, g)
	N, K, H, features := l.Channels, l.Mixed, l.Hidden, l.Features()
	pending, species := 0, 0 // atoms of one species whose part in dE/dW is still to be added
	for i := lo; i < hi; i++ {
		z := int(a.Type[i])
		n, _ := k.neighbours(l, a, i, v)
		if n == 0 {
			continue
		}
		if pending == waiting || z != species {
			k.readout(l, species, pending, g, v)
			pending, species = 0, z
		}
		radialValue{{.Suffix}}(&v.r[0], &l.packed.pairs[z*l.Species], &a.Type[0], &v.to[0], &v.offset[0], &v.block[0], n, N)
		k.site(l, z, n, weight, pending, v)
		readoutVectors{{.Suffix}}(&g.A[z*features], &g.B[z*H], &g.D[z*H], &v.f[pending*features], &v.act[0], &v.gh[pending*H], &l.SiluD[z*H], &l.packed.restSlope[z*H], H, features, weight)
		couple := &g.Couple[z*len(l.couplings)*K]
		if l.LT == 2 {
			coupleGradient2{{.Suffix}}(couple, &v.gt[0], &v.u[0], K)
		} else {
			coupleGradient3{{.Suffix}}(couple, &v.gt[0], &v.u[0], K)
		}
		mixGradient{{.Suffix}}(&g.Mix[z*4*N*K], &v.a[0], &v.gb[0], N, K)
		rowsGradient{{.Suffix}}(&rows[z*l.Species], &a.Type[0], &v.to[0], &v.offset[0], &v.block[0], &v.ga[0], n, N)
		pending++
	}
	k.readout(l, species, pending, g, v)
}

// readout adds dE/dW of the atoms that wait.
func ({{.Suffix}}) readout(l *Layer[float64], z, pending int, g *Parameters, v *lanes[float64]) {
	H, features := l.Hidden, l.Features()
	w := &g.W[z*H*features]
	if pending == waiting {
		readoutGradient4{{.Suffix}}(w, &v.gh[0], &v.f[0], H, features)
		return
	}
	for j := range pending {
		readoutGradient1{{.Suffix}}(w, &v.gh[j*H], &v.f[j*features], H, features)
	}
}
{{end}}`))
