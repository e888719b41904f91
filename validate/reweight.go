package validate

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

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

// way leads from the ensemble of one to that of the other over the same frames: their plain mean is the one's, their
// reweighted mean the other's, and the noise that both share drops out of the difference.
type way struct {
	toStudent bool         // the frames are the teacher's
	runs      [][]weighted // [run][frame] in order
	share     float64      // in the mean over ways; the shares add up to 1
}

// lump are the sums over some frames.
type lump struct {
	count, weight   float64
	plain, weighted []float64
}

func lumped(frames []weighted) lump {
	l := lump{plain: make([]float64, len(frames[0].vector)), weighted: make([]float64, len(frames[0].vector))}
	for _, f := range frames {
		l.count, l.weight = l.count+1, l.weight+f.weight
		add(l.plain, 1, f.vector)
		add(l.weighted, f.weight, f.vector)
	}
	return l
}

// joined is the sum of lumps.
func joined(lumps []lump) lump {
	all := lump{plain: make([]float64, len(lumps[0].plain)), weighted: make([]float64, len(lumps[0].plain))}
	for _, l := range lumps {
		all.count, all.weight = all.count+l.count, all.weight+l.weight
		add(all.plain, 1, l.plain)
		add(all.weighted, 1, l.weighted)
	}
	return all
}

// ends are the means of student and teacher, each the mean over the ways: their difference is that of the ways' own
// differences.
func ends(ways []way, sums []lump) (student, teacher []float64) {
	student, teacher = make([]float64, len(sums[0].plain)), make([]float64, len(sums[0].plain))
	for k, w := range ways {
		own, other := teacher, student
		if !w.toStudent {
			own, other = student, teacher
		}
		add(own, w.share/sums[k].count, sums[k].plain)
		add(other, w.share/sums[k].weight, sums[k].weighted)
	}
	return student, teacher
}

// whole are the sums of each way over all its frames.
func whole(ways []way) []lump {
	sums := make([]lump, len(ways))
	for k := range ways {
		var runs []lump
		for _, frames := range ways[k].runs {
			runs = append(runs, lumped(frames))
		}
		sums[k] = joined(runs)
	}
	return sums
}

// memory is how many frames pass until one says something new about the component of reweighted less plain mean along a
// direction: twice the integrated autocorrelation time of what every frame contributes to it.
func (w *way) memory(sum lump, along []float64) float64 {
	time := 0.0
	for _, frames := range w.runs {
		series := make([]float64, len(frames))
		for k, f := range frames {
			for i, x := range f.vector {
				series[k] += along[i] * (f.weight*sum.count/sum.weight*(x-sum.weighted[i]/sum.weight) - (x - sum.plain[i]/sum.count))
			}
		}
		time += 2 * correlation(series) / float64(len(w.runs))
	}
	return time
}

// blocks cuts the runs into as many parts as are at least so many frames long.
func (w *way) blocks(long int) []lump {
	var all []lump
	for _, frames := range w.runs {
		n := max(1, len(frames)/long)
		for b := range n {
			all = append(all, lumped(frames[b*len(frames)/n:(b+1)*len(frames)/n]))
		}
	}
	return all
}

// draws of the bootstrap know a standard deviation to 4 %.
const draws = 400

// bootstrap is a measure of student and teacher with the standard deviation that it has over resampled blocks (B. Efron,
// Ann. Stat. 7, 1 (1979); of blocks: H. R. Künsch, Ann. Stat. 17, 1217 (1989)), which are blockMemory times as long as what
// frames remember. Means of such blocks vary less than the rest of the memory would have it, by 1/(2 blockMemory), and n
// draws of n blocks by 1/n: both are put back. Few blocks do not know their own spread well: the deviation is that of the
// normal distribution with the 95 % quantile of Student's. Measures of distance grow with noise, and their bound with them.
func bootstrap(ways []way, blocks [][]lump, measure func(student, teacher []float64) float64) *Value {
	v := &Value{Mean: measure(ends(ways, whole(ways)))}
	var drawn []float64
	for draw := range draws {
		random := structure.Rand(1, "bootstrap", uint64(draw))
		sums := make([]lump, len(ways))
		for k := range ways {
			some := make([]lump, len(blocks[k]))
			for b := range some {
				some[b] = blocks[k][random.IntN(len(some))]
			}
			sums[k] = joined(some)
		}
		drawn = append(drawn, measure(ends(ways, sums)))
	}
	m, square := mean(drawn), 0.0
	for _, x := range drawn {
		square += (x - m) * (x - m)
	}
	n := math.Inf(1)
	for k := range blocks {
		n = min(n, float64(len(blocks[k])))
	}
	e := math.Sqrt(square / (draws - 1) / (1 - 1/n) / (1 - 1.0/(2*blockMemory)))
	e *= distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.95) / mostLikely95
	v.Error = &e
	return v
}
