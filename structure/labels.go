package structure

import (
	"fmt"
	"math"
	"slices"
)

// Names under which files carry structure and labels, in order of precedence.
var (
	speciesNames  = []string{"species", "symbols"}
	numberNames   = []string{"Z", "numbers"}
	positionNames = []string{"pos", "positions"}

	energyNames   = []string{"REF_energy", "energy"}
	forceNames    = []string{"REF_forces", "REF_force", "forces", "force"}
	energiesNames = []string{"REF_energies", "energies"}

	stressNames = []tensorNames{
		{[]string{"REF_stress"}, []string{"REF_virial", "REF_virials"}},
		{[]string{"stress"}, []string{"virial", "virials"}},
	}
)

// tensorNames are names of one origin: a stress and a virial among them must agree.
type tensorNames struct{ stress, virial []string }

func orDefault(name string, names []string) []string {
	if name != "" {
		return []string{name}
	}
	return names
}

// takeLabels moves energy and stress from Info to Labels.
func (f *Frame) takeLabels(keys Keys) error {
	names := orDefault(keys.Energy, energyNames)
	if keys.FreeEnergy && keys.Energy == "" {
		names = []string{"REF_free_energy", "free_energy"}
	}
	v, err := f.takeNumbers(names, 1)
	if err != nil {
		return err
	}
	if v != nil {
		f.Energy = &v[0]
	}
	return f.takeStress(keys)
}

func (f *Frame) takeStress(keys Keys) error {
	levels := stressNames
	if keys.Stress != "" || keys.Virial != "" {
		levels = []tensorNames{{given(keys.Stress), given(keys.Virial)}}
	}
	for _, names := range levels {
		if err := f.takeTensor(names); err != nil || f.Stress != nil {
			return err
		}
	}
	return nil
}

func given(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

func (f *Frame) takeTensor(names tensorNames) error {
	stress, err := f.takeNumbers(names.stress, 6, 9)
	if err != nil {
		return err
	}
	if stress != nil {
		if f.Stress, err = symmetric(stress); err != nil {
			return fmt.Errorf("%s: %w", names.stress[0], err)
		}
	}
	if !f.solid() {
		return nil // a virial says nothing about stress here; it stays in Info
	}
	virial, err := f.takeNumbers(names.virial, 6, 9)
	if err != nil || virial == nil {
		return err
	}
	for i := range virial {
		virial[i] /= -f.Volume()
	}
	other, err := symmetric(virial)
	if err != nil {
		return fmt.Errorf("%s: %w", names.virial[0], err)
	}
	if f.Stress == nil {
		f.Stress = other
	} else if d, large := difference(f.Stress[:], other[:]); d > tensorTolerance(large) {
		return Hint(fmt.Errorf("stress and virial disagree: stress %v, -virial/volume %v eV/Å³", *f.Stress, *other),
			"virial = -volume · stress in eV, stress in eV/Å³; name the right one, or remove the other")
	}
	return nil
}

// tensorTolerance: files round to about four digits; 1e-6 eV/Å³ (0.2 MPa) is what single precision leaves of a
// stress that cancels to nothing.
func tensorTolerance(large float64) float64 { return max(1e-3*large, 1e-6) }

// difference is the largest difference between components, and the largest component. NaN counts as no difference.
func difference(a, b []float64) (d, large float64) {
	for i := range a {
		if e := math.Abs(a[i] - b[i]); e > d {
			d = e
		}
		for _, x := range [2]float64{a[i], b[i]} {
			if x = math.Abs(x); x > large {
				large = x
			}
		}
	}
	return d, large
}

// symmetric reads a stress of six Voigt or nine row-major numbers.
func symmetric(v []float64) (*[6]float64, error) {
	if len(v) == 6 {
		return (*[6]float64)(v), nil
	}
	t := [3][3]float64{[3]float64(v[0:3]), [3]float64(v[3:6]), [3]float64(v[6:9])}
	transposed := []float64{v[0], v[3], v[6], v[1], v[4], v[7], v[2], v[5], v[8]}
	if d, large := difference(v, transposed); d > tensorTolerance(large) {
		return nil, Hint(fmt.Errorf("not symmetric: %v", v), "nine numbers are the rows of the tensor, six are xx yy zz yz xz xy")
	}
	s := Voigt(t)
	return &s, nil
}

// takeNumbers removes the first of the names that Info has and returns its numbers, as many as one of counts.
func (f *Frame) takeNumbers(names []string, counts ...int) ([]float64, error) {
	for _, name := range names {
		is := func(e Entry) bool { return e.Key == name }
		i := slices.IndexFunc(f.Info, is)
		if i < 0 {
			continue
		}
		if slices.ContainsFunc(f.Info[i+1:], is) {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		v, err := parseNumbers(f.Info[i].Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if !slices.Contains(counts, len(v)) {
			return nil, fmt.Errorf("%s has %d numbers instead of %d", name, len(v), counts[len(counts)-1])
		}
		f.Info = slices.Delete(f.Info, i, i+1)
		return v, nil
	}
	return nil, nil
}
