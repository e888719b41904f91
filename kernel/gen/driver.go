package main

import "text/template"

type names struct {
	Suffix, Name, F, ISA string
	Single               bool
}

func (t *target) names() names {
	n := names{Suffix: t.suffix(), Name: "avx2", F: t.number(), ISA: "AVX2 and FMA", Single: t.single()}
	if t.wide() {
		n.Name, n.ISA = "avx512", "AVX-512"
	}
	return n
}

// driver calls the functions of a back end for one atom after another; as text, because calls through function values
// or type parameters would cost time for every atom.
var driver = template.Must(template.New("driver").Parse(`
// {{.Suffix}} is the back end in {{.ISA}} and {{.F}}.
type {{.Suffix}} struct{}

// Name is "{{.Name}}".
func ({{.Suffix}}) Name() string { return "{{.Name}}" }

// Forces implements Kernel.
func ({{.Suffix}}) Forces(l *Layer[{{.F}}], a *Atoms[{{.F}}], lo, hi int, s *Scratch[{{.F}}]) (strain [6]float64) {
	v := s.reserve(l, a, lo, hi)
	for i := lo; i < hi; i++ {
		clear(a.Edge[a.Start[i]:a.Start[i+1]])
		if v.place(l, a, i) {
			near{{.Suffix}}(&v.site)
		}
		if v.n == 0 { // an isolated atom is exactly E0
			a.Energy[i] = 0
			a.hidden(i, l.SiluD[int(a.Type[i])*l.Hidden:][:l.Hidden])
			continue
		}
		v.edges = &a.Edge[a.Start[i]]
		bonds{{.Suffix}}(&v.site)
		if l.LT == 2 {
			site2{{.Suffix}}(&v.site)
		} else {
			site3{{.Suffix}}(&v.site)
		}
		a.Energy[i] = v.energy
		a.hidden(i, v.activations())
		edges{{.Suffix}}(&v.site)
		if v.near != 0 {
			v.coreForces(l.Core, a, i, &strain)
		}
	}
	v.addStrain(&strain)
	return strain
}
{{if not .Single}}
// Gradient implements Trainer.
func (k {{.Suffix}}) Gradient(l *Layer[float64], a *Atoms[float64], lo, hi int, weight float64, g *Parameters, s *Scratch[float64]) {
	v := s.reserve(l, a, lo, hi)
	rows := v.rowsOf(l, g)
	v.weight = weight
	pending, species := 0, 0 // atoms of one species whose part in the gradient by W is still to be added
	for i := lo; i < hi; i++ {
		z := int(a.Type[i])
		if v.place(l, a, i) {
			near{{.Suffix}}(&v.site)
		}
		if v.n == 0 {
			continue
		}
		if pending == waiting || z != species {
			k.flush(v, pending)
			pending, species = 0, z
		}
		v.receive(l, g, rows, z, pending)
		bondsValue{{.Suffix}}(&v.site)
		if l.LT == 2 {
			site2{{.Suffix}}(&v.site)
			gradient2{{.Suffix}}(&v.site)
		} else {
			site3{{.Suffix}}(&v.site)
			gradient3{{.Suffix}}(&v.site)
		}
		pending++
	}
	k.flush(v, pending)
	v.weight = 1
}

// flush adds the gradient by W of the atoms that wait.
func ({{.Suffix}}) flush(v *lanes[float64], pending int) {
	if pending == waiting {
		v.waiter(0)
		readoutGradient4{{.Suffix}}(&v.site)
		return
	}
	for k := range pending {
		v.waiter(k)
		readoutGradient1{{.Suffix}}(&v.site)
	}
}
{{end}}`))
