package teacher

import (
	"fmt"
	"math"
	"slices"
)

// judge turns the measurements into verdicts.
func (x *Examination) judge(info Info) {
	if len(x.directions) == 0 {
		return
	}
	x.Roughness = rms(x.noise)
	var difference, scale, odd, even []float64
	for _, p := range x.directions {
		for n := range p.slope {
			difference, scale = append(difference, p.slope[n]-p.force[n]), append(scale, p.slope[n])
		}
		odd, even = append(odd, p.cross[0]-p.cross[1]), append(even, p.cross[0]+p.cross[1])
	}
	x.Forces = &Agreement{rms(difference), rms(scale)}
	if asymmetry := rms(odd) / rms(even); !math.IsNaN(asymmetry) {
		x.Asymmetry = &asymmetry
	}
	x.repeats()
	x.find("smoothness", x.Roughness <= mostRoughness, "the energy is smooth to %.2g meV/atom", "the energy is noisy: %.2g meV/atom along a line", x.Roughness)
	x.gradients(info)
	if x.Stress != nil {
		x.stresses()
	}
	if len(x.spreads) > 0 {
		x.ensemble()
	}
}

func (x *Examination) find(name string, pass bool, good, bad string, values ...any) {
	format := good
	if !pass {
		format = bad
	}
	x.Findings = append(x.Findings, Finding{name, pass, fmt.Sprintf(format, values...)})
}

// Passed tells whether nothing was found that a student would learn in vain.
func (x *Examination) Passed() bool {
	for _, f := range x.Findings {
		if !f.Pass {
			return false
		}
	}
	return true
}

func (x *Examination) repeats() {
	x.find("repeatable", x.Repeat <= mostRepeat, "the same structure gives the same forces, to %.2g eV/Å", "the same structure gives other forces when asked again: %.2g eV/Å", x.Repeat)
}

// gradients compares forces with the energy. Noise of the energy counts in the comparison, not against the forces.
func (x *Examination) gradients(info Info) {
	f := x.Forces
	// 1.17 is the norm of slope's coefficients; the step grows as the root of the coordinates, so per atom it is this.
	noise := 1.17 * 1e-3 * x.Roughness / (pace * math.Sqrt(3)) * math.Sqrt(float64(len(x.directions)))
	close := f.Error <= max(forceTolerance*f.Scale, leastForce)+2*noise
	symmetric := x.Asymmetry == nil || *x.Asymmetry <= mostAsymmetry
	switch percent := 100 * f.Error / f.Scale; {
	case close:
		x.find("forces", true, "forces are the gradient of the energy to %.2g %% (%.2g eV/Å)", "", percent, f.Error)
	case symmetric:
		x.find("forces", false, "", "forces differ from the gradient of the energy by %.2g %% (%.2g eV/Å), though they have an energy: it is another one", percent, f.Error)
	default:
		x.find("forces", false, "", "forces are not conservative: %.2g %% (%.2g eV/Å) from the gradient, asymmetry %.2g%s; a student has an energy, so choose what it learns: --learn forces, energies or both",
			percent, f.Error, *x.Asymmetry, map[bool]string{true: ", as for a model that predicts them directly"}[info.Direct])
	}
}

// ensemble reports the spread, and where a limit would be that sets doubtful structures aside and none of these.
func (x *Examination) ensemble() {
	most, sum := slices.Max(x.spreads), 0.0
	for _, s := range x.spreads {
		sum += s
	}
	mean := sum / float64(len(x.spreads))
	x.Spread, x.MeanSpread = &most, &mean
	x.find("ensemble", true, "the members of the ensemble disagree by %.3g eV/Å on average and %.3g at most; ?max_spread=%.2g sets aside structures where it is twice as much", "", mean, most, 2*most)
}

func (x *Examination) stresses() {
	s := x.Stress
	percent := 100 * s.Error / s.Scale
	if s.Error <= max(stressTolerance*s.Scale, leastStress) {
		x.find("stress", true, "stress is the strain derivative of the energy to %.2g %%", "", percent)
		return
	}
	what := "no sign, unit or order explains it"
	if x.Convention != "" {
		what = "it looks like " + x.Convention
	}
	x.find("stress", false, "", "stress is not the strain derivative of the energy in eV/Å^3, tension positive, order xx yy zz yz xz xy: %s", what)
}

func rms(v []float64) float64 {
	var sum float64
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum / float64(max(len(v), 1)))
}
