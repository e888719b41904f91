package validate

import (
	"math"

	"mlff/structure"
)

// labelledFrame is a frame that the student walked through and the teacher labelled.
type labelledFrame struct {
	frame   structure.Frame // with the teacher's labels
	student structure.Result
	weight  float64
	grade   float64 // the largest of its atoms, where grades are looked at
}

// leastEffective is the effective share of frames below which a reweighted average is not established: most of it would
// rest on a few frames.
const leastEffective = 0.2

// reweight gives frames of the student's canonical ensemble the weights of the teacher's, w = exp(-(E_T - E_S)/kT), up
// to a factor, and returns the effective share of them, (sum w)²/(n sum w²) (L. Kish, Survey Sampling, 1965; the method
// is that of R. W. Zwanzig, J. Chem. Phys. 22, 1420 (1954)).
func reweight(frames []labelledFrame, temperature float64) (effective float64) {
	lowest := math.Inf(1)
	for k := range frames {
		lowest = min(lowest, *frames[k].frame.Energy-frames[k].student.Energy)
	}
	sum, square := 0.0, 0.0
	for k := range frames {
		d := *frames[k].frame.Energy - frames[k].student.Energy - lowest
		w := math.Exp(-d / (structure.KB * temperature))
		frames[k].weight = w
		sum, square = sum+w, square+w*w
	}
	return sum * sum / (square * float64(len(frames)))
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
