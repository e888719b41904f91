package validate

import (
	"fmt"
	"math"

	"mlff/model"
	"mlff/structure"
)

// nearMinimum is the largest force at which a periodic structure counts as a crystal at rest, eV/Å; thermal forces are
// ten times as large.
const nearMinimum = 0.3

// Supercells have about so many atoms. All wave vectors of that for phonons are compared, whatever the reach of the force
// constants.
const (
	crystalCalls = 60 // that relaxation, volumes and strains take at least
	phononAtoms  = 216
	defectAtoms  = 216
	surfaceWidth = 15.0 // Å, thickness of a slab at least
)

// crystal compares what a crystal at rest is like. Double precision is used throughout.
func (v *surveyor) crystal(s *structure.Structure, label string) {
	if !v.wants("crystal") && !v.wants("phonons") && !v.wants("vacancy") && !v.wants("surface") {
		return
	}
	student, err := v.Student(model.Options{Precision: "float64"})
	if err != nil {
		v.add(unknown("crystal", label, err.Error()))
		return
	}
	var out structure.Result
	if err := student.Evaluate(s, &out); err != nil {
		v.add(unknown("crystal", label, err.Error()))
		return
	}
	if f := largest(out.Forces); !(f < nearMinimum) {
		if v.Wanted != nil {
			v.add(unknown("crystal", label, fmt.Sprintf("the structure is not near a minimum: a force of %.2g eV/Å", f)))
		}
		return
	}
	if n := v.affordable(s.Len(), 1); n < crystalCalls {
		v.add(unknown("crystal", label, fmt.Sprintf("%d calls are affordable, about %d are needed", n, crystalCalls)))
		return
	}
	pair := [2]structure.Potential{student, v.teacher()}
	var crystals [2]*Crystal
	for k, p := range pair {
		v.Progress("crystal", k, 2)
		if crystals[k], err = Equilibrium(v.ctx, p, s); err != nil {
			v.add(unknown("lattice constant", label, who(k)+": "+err.Error()))
			return
		}
	}
	if v.wants("crystal") {
		v.lattice(pair, crystals, label)
	}
	if v.wants("phonons") {
		v.phonons(pair, crystals, label)
	}
	if v.wants("vacancy") {
		v.both("vacancy formation energy", label, "eV", vacancyTolerance, "relaxed at the bulk's cell", func(k int) (float64, error) {
			return Vacancy(v.ctx, pair[k], crystals[k], Repeats(&crystals[k].Structure, defectAtoms))
		})
	}
	if v.wants("surface") {
		v.both("surface energy", label, "J/m²", surfaceTolerance, "face of the first two lattice vectors, relaxed, not reconstructed", func(k int) (float64, error) {
			return Surface(v.ctx, pair[k], crystals[k], int(math.Ceil(surfaceWidth/widths(crystals[k].Structure.Cell)[2])))
		})
	}
}

func who(k int) string { return [2]string{"the student", "the teacher"}[k] }

// both compares one number that student and teacher have.
func (v *surveyor) both(name, label, unit string, t tolerance, method string, measure func(k int) (float64, error)) {
	var value [2]float64
	for k := range value {
		v.Progress(name, k, 2)
		var err error
		if value[k], err = measure(k); err != nil {
			v.add(unknown(name, label, who(k)+": "+err.Error()))
			return
		}
	}
	v.add(compared(name, label, unit, exact(value[0]), exact(value[1]), t, method))
}

// lattice compares lattice constants, the equation of state and the elastic constants.
func (v *surveyor) lattice(p [2]structure.Potential, c [2]*Crystal, label string) {
	names := []string{"a", "b", "c"}
	l := c[1].Lengths
	if math.Max(math.Abs(l[1]-l[0]), math.Abs(l[2]-l[0])) < 1e-3*l[0] {
		names = names[:1]
	}
	for k, name := range names {
		v.add(compared("lattice constant "+name, label, "Å", exact(c[0].Lengths[k]), exact(c[1].Lengths[k]), latticeTolerance, "own equilibrium, atoms and cell relaxed"))
	}
	var q [2]*Equation
	for k := range q {
		v.Progress("equation of state", k, 2)
		var err error
		if q[k], err = EquationOfState(v.ctx, p[k], c[k]); err != nil {
			v.add(unknown("bulk modulus", label, who(k)+": "+err.Error()))
			return
		}
	}
	v.add(compared("bulk modulus", label, "GPa", exact(q[0].Modulus), exact(q[1].Modulus), modulusTolerance, "scaled evenly over ±6 % of the volume, Birch-Murnaghan"))
	v.result.Curves = append(v.result.Curves, Curve{Name: "energy over volume", State: label, XUnit: "Å³/atom", Unit: "meV/atom",
		X: q[1].Volume, Teacher: above(q[1]), StudentX: q[0].Volume, Student: above(q[0])})
	v.elastic(p, c, label)
}

// above are energies over that of the equilibrium, meV/atom.
func above(q *Equation) []float64 {
	e := make([]float64, len(q.Energy))
	for k := range e {
		e[k] = 1e3 * (q.Energy[k] - q.E0)
	}
	return e
}

func (v *surveyor) elastic(p [2]structure.Potential, c [2]*Crystal, label string) {
	var e [2]*Elastic
	for k := range e {
		v.Progress("elastic constants", k, 2)
		var err error
		if e[k], err = ElasticConstants(v.ctx, p[k], c[k]); err != nil {
			v.add(unknown("elastic constants", label, who(k)+": "+err.Error()))
			return
		}
	}
	cubic := e[1].Cubic()
	student := e[0].Constants(cubic)
	for k, t := range e[1].Constants(cubic) {
		v.add(compared(t.Name, label, "GPa", exact(student[k].Value), exact(t.Value), modulusTolerance, "±0.5 % strain, atoms relaxed"))
	}
}

func (v *surveyor) phonons(p [2]structure.Potential, c [2]*Crystal, label string) {
	cell := &c[1].Structure
	repeats := Repeats(cell, phononAtoms)
	if calls := 6 * cell.Len(); calls > v.affordable(cell.Len()*repeats[0]*repeats[1]*repeats[2], 0.5) {
		v.add(unknown("phonons", label, fmt.Sprintf("%d displacements are too dear", calls)))
		return
	}
	var f [2][]float64
	for k := range f {
		v.Progress("phonons", k, 2)
		var err error
		if f[k], err = Phonons(v.ctx, p[k], &c[k].Structure, repeats); err != nil {
			v.add(unknown("phonons", label, who(k)+": "+err.Error()))
			return
		}
	}
	d := meanDifference(f[0], f[1])
	o := differing("phonons, mean absolute difference", label, "THz", exact(*d), phononTolerance,
		fmt.Sprintf("all wave vectors of a supercell of %d atoms, own equilibrium", len(f[1])/3))
	v.add(o)
	v.result.Curves = append(v.result.Curves, states(f[0], f[1], label))
}

// smearing of densities of states, THz.
const smearing = 0.25

// states are the densities of phonon states, smeared by Gaussians, 1/THz.
func states(student, teacher []float64, label string) Curve {
	c := Curve{Name: "phonon density of states", State: label, XUnit: "THz", Unit: "1/THz"}
	low := math.Min(student[0], teacher[0])
	high := math.Max(student[len(student)-1], teacher[len(teacher)-1])
	density := func(f []float64, x float64) float64 {
		sum := 0.0
		for _, v := range f {
			z := (x - v) / smearing
			sum += math.Exp(-z * z / 2)
		}
		return sum / (float64(len(f)) * smearing * math.Sqrt(2*math.Pi))
	}
	for x := math.Min(0, low-1); x <= high+1; x += smearing / 3 {
		c.X = append(c.X, x)
		c.Student, c.Teacher = append(c.Student, density(student, x)), append(c.Teacher, density(teacher, x))
	}
	return c
}

// vibrations compares a molecule's harmonic frequencies, each at its own minimum.
func (v *surveyor) vibrations(s *structure.Structure, label string) {
	student, err := v.Student(model.Options{Precision: "float64"})
	if err != nil {
		v.add(unknown("frequencies", label, err.Error()))
		return
	}
	if calls := 6 * s.Len(); calls > v.affordable(s.Len(), 0.7) {
		v.add(unknown("frequencies", label, fmt.Sprintf("%d displacements are too dear", calls)))
		return
	}
	var f [2][]float64
	for k, p := range [2]structure.Potential{student, v.teacher()} {
		v.Progress("frequencies", k, 2)
		if f[k], err = Vibrations(v.ctx, p, s); err != nil {
			v.add(unknown("frequencies", label, who(k)+": "+err.Error()))
			return
		}
	}
	d := meanDifference(f[0], f[1])
	if d == nil {
		v.add(unknown("frequencies", label, "the two have other numbers of vibrations: one minimum is straight"))
		return
	}
	v.add(differing("frequencies, mean absolute difference", label, "cm⁻¹", exact(*d), vibrationTolerance, "harmonic, own minimum"))
	index := make([]float64, len(f[1]))
	for k := range index {
		index[k] = float64(k + 1)
	}
	v.result.Curves = append(v.result.Curves, Curve{Name: "harmonic frequencies", State: label, XUnit: "mode", Unit: "cm⁻¹", X: index, Student: f[0], Teacher: f[1]})
}
