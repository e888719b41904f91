package validate

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/dsp/fourier"

	"mlff/structure"
)

// spectralBlock is the length of the blocks whose spectra are averaged, ps: a resolution of about 1 THz with the window
// of Hann, whose main lobe is two bins wide.
const spectralBlock = 2.0

// vibrational is the spectrum of the velocities of a run: the Fourier transform of the mass-weighted velocity
// autocorrelation function (Wiener and Khinchin), from blocks with the window of Hann (P. D. Welch, IEEE Trans. Audio
// Electroacoust. 15, 70 (1967)), normalised to one over the frequencies in THz. One spectrum for each block.
func vibrational(t *Trajectory) (frequency []float64, blocks [][]float64) {
	n := int(1000 * spectralBlock / t.Interval)
	if n < 8 || len(t.Samples) < n {
		return nil, nil
	}
	window := make([]float64, n)
	for k := range window {
		s := math.Sin(math.Pi * (float64(k) + 0.5) / float64(n))
		window[k] = s * s
	}
	transform := fourier.NewFFT(n)
	step := 1e3 / (t.Interval * float64(n)) // THz
	for k := range n/2 + 1 {
		frequency = append(frequency, step*float64(k))
	}
	in, out := make([]float64, n), make([]complex128, n/2+1)
	for first := 0; first+n <= len(t.Samples); first += n {
		spectrum := make([]float64, n/2+1)
		for i, z := range t.Numbers {
			for a := range 3 {
				for k := range in {
					in[k] = window[k] * float64(t.Samples[first+k].Velocities[i][a])
				}
				for k, c := range transform.Coefficients(out, in) {
					spectrum[k] += structure.Mass(z) * (real(c)*real(c) + imag(c)*imag(c))
				}
			}
		}
		sum := 0.0
		for _, x := range spectrum {
			sum += x
		}
		scale(spectrum, 1/(sum*step))
		blocks = append(blocks, spectrum)
	}
	return frequency, blocks
}

// diffusionPart is the length of the parts of a run whose slopes are averaged, ps, and diffusionLags what part of it the
// slope is taken over: beyond the ballistic start, before too few origins are left.
const diffusionPart = 5.0

var diffusionLags = [2]float64{0.2, 0.5}

// diffusion are the self-diffusion coefficients of an element in Å²/ps (1e-8 m²/s), one for each part of a run: a sixth
// of the slope of the mean square displacement (A. Einstein, 1905), the centre of mass held fast.
func diffusion(t *Trajectory, z int) []float64 {
	n := int(1000 * diffusionPart / t.Interval)
	var parts []float64
	for first := 0; n >= 10 && first+n <= len(t.Samples); first += n {
		parts = append(parts, einstein(t, z, first, n))
	}
	return parts
}

func einstein(t *Trajectory, z, first, n int) float64 {
	paths := relativePaths(t, z, first, n)
	from, to := int(diffusionLags[0]*float64(n)), int(diffusionLags[1]*float64(n))
	stride := max(1, (to-from)/50)
	var time, square []float64
	for lag := from; lag <= to; lag += stride {
		sum, count := 0.0, 0
		for origin := 0; origin+lag < n; origin += max(1, n/200) {
			for _, p := range paths {
				d := structure.Sub(p[origin+lag], p[origin])
				sum += structure.Dot(d, d)
				count++
			}
		}
		time, square = append(time, float64(lag)*t.Interval/1000), append(square, sum/float64(count))
	}
	return slope(time, square) / 6
}

// relativePaths are the paths of the atoms of an element relative to the centre of mass: [atoms][n] Å.
func relativePaths(t *Trajectory, z, first, n int) [][][3]float64 {
	paths := make([][][3]float64, 0, len(t.Numbers))
	var atoms []int
	for i, number := range t.Numbers {
		if number == z {
			atoms, paths = append(atoms, i), append(paths, make([][3]float64, n))
		}
	}
	for k := range n {
		s := t.Structure(first + k)
		centre := centreOfMass(&s)
		for m, i := range atoms {
			paths[m][k] = structure.Sub(s.Positions[i], centre)
		}
	}
	return paths
}

func centreOfMass(s *structure.Structure) [3]float64 {
	centre, total := [3]float64{}, 0.0
	for i, x := range s.Positions {
		m := structure.Mass(s.Numbers[i])
		centre, total = structure.Add(centre, structure.Scale(m, x)), total+m
	}
	return structure.Scale(1/total, centre)
}

func slope(x, y []float64) float64 {
	mx, my := mean(x), mean(y)
	xy, xx := 0.0, 0.0
	for k := range x {
		xy += (x[k] - mx) * (y[k] - my)
		xx += (x[k] - mx) * (x[k] - mx)
	}
	return xy / xx
}

// densities of a run at constant pressure in g/cm³, one for each block of the given length [ps].
func densities(t *Trajectory, length float64) []float64 {
	mass := 0.0
	for _, z := range t.Numbers {
		mass += structure.Mass(z)
	}
	n := max(1, int(float64(len(t.Samples))*t.Interval/1000/length))
	var blocks []float64
	for b := range n {
		part := t.Samples[b*len(t.Samples)/n : (b+1)*len(t.Samples)/n]
		sum := 0.0
		for k := range part {
			sum += mass / math.Abs(structure.Det(part[k].Cell)) * gramPerCubicCentimetre
		}
		blocks = append(blocks, sum/float64(len(part)))
	}
	return slices.Clip(blocks)
}

// gramPerCubicCentimetre is 1 u/Å³.
const gramPerCubicCentimetre = 1.66053906660
