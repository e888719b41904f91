package main

import "text/template"

type names struct {
	Suffix, Name, F, ISA string
	Single               bool
	Batch                int // most atoms whose readout is computed at once
}

func (t *target) names() names {
	n := names{Suffix: t.suffix(), Name: "avx2", F: t.number(), ISA: "AVX2 and FMA", Single: t.single(), Batch: t.batch()}
	if t.wide() {
		n.Name, n.ISA = "avx512", "AVX-512"
	}
	return n
}

// driver calls the functions of a back end for a few atoms after another; as text, because calls through function
// values or type parameters would cost time for every atom.
var driver = template.Must(template.New("driver").Parse(`
// {{.Suffix}} is the back end in {{.ISA}} and {{.F}}.
type {{.Suffix}} struct{}

// Name is "{{.Name}}".
func ({{.Suffix}}) Name() string { return "{{.Name}}" }

// Forces implements Kernel.
func (k {{.Suffix}}) Forces(l *Layer[{{.F}}], a *Atoms[{{.F}}], lo, hi int, s *Scratch[{{.F}}]) (strain [6]float64) {
	v := s.reserve(l, a, lo, hi)
	for i := lo; i < hi; i++ {
		clear(a.Edge[a.Start[i]:a.Start[i+1]])
		if !k.near(l, a, i, v) {
			a.isolated(l, i)
			continue
		}
		site := v.add(i)
		if l.LT == 2 {
			describe2{{.Suffix}}(site)
		} else {
			describe3{{.Suffix}}(site)
		}
		if v.count == {{.Batch}} {
			k.forces(l, a, v, &strain)
		}
	}
	k.forces(l, a, v, &strain)
	v.addStrain(&strain)
	return strain
}

// near prepares the next site for atom i and tells whether that has neighbours inside the cutoff.
func ({{.Suffix}}) near(l *Layer[{{.F}}], a *Atoms[{{.F}}], i int, v *lanes[{{.F}}]) bool {
	site := v.place(l, a, i)
	if site == nil {
		return false
	}
	near{{.Suffix}}(site)
	return site.n > 0
}

// forces finishes the atoms that wait.
func (k {{.Suffix}}) forces(l *Layer[{{.F}}], a *Atoms[{{.F}}], v *lanes[{{.F}}], strain *[6]float64) {
	for left := v.all(); left != 0; {
		k.readouts(v, v.take(&left))
	}
	for w := range v.count {
		i, site := v.atom[w], &v.sites[w]
		a.Energy[i] = site.energy
		a.hidden(i, site.activations())
		if a.Guard != nil {
			if site.gradeT != nil {
				grade{{.Suffix}}(site)
			}
			site.guard(l, a, i)
		}
		if l.LT == 2 {
			edges2{{.Suffix}}(site)
		} else {
			edges3{{.Suffix}}(site)
		}
		if site.near != 0 {
			site.coreForces(l, a, i, strain)
		}
	}
	v.count = 0
}

// readouts computes the readout of the first n sites of the list, atoms of one species.
func ({{.Suffix}}) readouts(v *lanes[{{.F}}], n int) {
	switch list := (*[{{.Batch}}]*site[{{.F}}])(v.list[:]); n {
	case 1:
		readout{{.Suffix}}(list[0])
	case 2:
		readout2{{.Suffix}}(list)
{{- if eq .Batch 4}}
	default:
		list[3] = list[n-1] // of three the last one is done twice
		readout4{{.Suffix}}(list)
{{- end}}
	}
}
{{if not .Single}}
// Gradient implements Trainer.
func (k {{.Suffix}}) Gradient(l *Layer[float64], a *Atoms[float64], lo, hi int, weight float64, g *Parameters, s *Scratch[float64]) {
	v := s.reserve(l, a, lo, hi)
	v.start(l, g, weight)
	for i := lo; i < hi; i++ {
		if !k.near(l, a, i, v) {
			continue
		}
		site := v.add(i)
		if l.LT == 2 {
			describeValue2{{.Suffix}}(site)
		} else {
			describeValue3{{.Suffix}}(site)
		}
		if v.count == {{.Batch}} {
			k.gradient(l, a, g, v)
		}
	}
	k.gradient(l, a, g, v)
}

// gradient finishes the atoms that wait.
func (k {{.Suffix}}) gradient(l *Layer[float64], a *Atoms[float64], g *Parameters, v *lanes[float64]) {
	for w := range v.count {
		v.sites[w].receive(l, g, v.rows, int(a.Type[v.atom[w]]))
	}
	for left := v.all(); left != 0; {
		n := v.take(&left)
		k.readouts(v, n)
		switch list := (*[{{.Batch}}]*site[float64])(v.list[:]); n {
{{- if eq .Batch 4}}
		case 4:
			readoutGradient4{{.Suffix}}(list)
		case 3:
			readoutGradient2{{.Suffix}}(list)
			readoutGradient{{.Suffix}}(list[2])
{{- end}}
		case 2:
			readoutGradient2{{.Suffix}}(list)
		case 1:
			readoutGradient{{.Suffix}}(list[0])
		}
	}
	for w := range v.count {
		if l.LT == 2 {
			gradient2{{.Suffix}}(&v.sites[w])
		} else {
			gradient3{{.Suffix}}(&v.sites[w])
		}
	}
	v.count = 0
}
{{end}}`))
