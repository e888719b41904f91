package validate

import (
	"math"
	"slices"

	"mlff/structure"
)

// labelledFrame is a frame that the student walked through and the teacher labelled.
type labelledFrame struct {
	frame   structure.Frame // with the teacher's labels
	student structure.Result
	grade   float64 // the largest of its atoms, where grades are looked at
}

// leastEffective is the effective share of frames below which a reweighted average is not established: most of it would
// rest on a few frames.
const leastEffective = 0.2

// boltzmann are the weights w = exp(-(E_wanted - E_sampled)/kT), up to a factor, that give frames sampled canonically with
// one energy the averages of another (R. W. Zwanzig, J. Chem. Phys. 22, 1420 (1954)), and the effective share of frames,
// (sum w)²/(n sum w²) (L. Kish, Survey Sampling, 1965). The excess E_wanted - E_sampled is in eV.
func boltzmann(excess []float64, temperature float64) (weights []float64, effective float64) {
	lowest := slices.Min(excess)
	sum, square := 0.0, 0.0
	for _, e := range excess {
		w := math.Exp(-(e - lowest) / (structure.KB * temperature))
		weights = append(weights, w)
		sum, square = sum+w, square+w*w
	}
	return weights, sum * sum / (square * float64(len(excess)))
}

// weighted is one frame's part in an average.
type weighted struct {
	weight float64
	vector []float64
}

// weightedMeans are the plain and the reweighted mean of vectors.
func weightedMeans(frames []weighted) (plain, reweighted []float64) {
	plain, reweighted = make([]float64, len(frames[0].vector)), make([]float64, len(frames[0].vector))
	total := 0.0
	for _, f := range frames {
		add(plain, 1/float64(len(frames)), f.vector)
		add(reweighted, f.weight, f.vector)
		total += f.weight
	}
	scale(reweighted, 1/total)
	return plain, reweighted
}

// groups is into how many runs of consecutive frames the jackknife cuts a set: each is longer than what a liquid
// remembers, and the error is good to a quarter.
const groups = 10

// grouped is a statistic of frames with the standard error of leaving out one group of consecutive frames in turn.
func grouped(frames []weighted, statistic func([]weighted) float64) *Value {
	v := &Value{Mean: statistic(frames)}
	n := min(groups, len(frames))
	if n < 3 {
		return v
	}
	parts := make([][]weighted, n)
	for g := range parts {
		parts[g] = frames[g*len(frames)/n : (g+1)*len(frames)/n]
	}
	e := math.Sqrt(leaveOut(parts, func(rest [][]weighted) float64 {
		var all []weighted
		for _, p := range rest {
			all = append(all, p...)
		}
		return statistic(all)
	}))
	v.Error = &e
	return v
}
