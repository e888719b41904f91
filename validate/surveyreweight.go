package validate

import (
	"fmt"
	"math"
	"strings"

	"mlff/structure"
)

// The fewest blocks of a way that tell how far its mean may be off, and how long they are in units of what frames remember.
const (
	fewestBlocks = 4
	blockMemory  = 4
)

// sampled are frames of one's dynamics and what the other's energies are there.
type sampled struct {
	whose     string // "teacher" or "student"
	runs      [][]structure.Structure
	excess    []float64 // the other's energy less the own of all frames in turn, eV
	weights   []float64
	effective float64 // share of frames
}

// weigh gives frames the weights of the other's ensemble.
func (f *sampled) weigh(temperature float64) {
	f.weights, f.effective = boltzmann(f.excess, temperature)
}

// independent is the effective number of frames that say something of their own.
func (f *sampled) independent() float64 {
	return f.effective * float64(len(f.excess)) / (2 * correlation(f.excess))
}

// alongTeacher are the frames of the teacher's own runs, which cost nothing more.
func (v *surveyor) alongTeacher(runs []Trajectory, state string) *sampled {
	if len(runs) == 0 {
		return nil
	}
	student, err := v.student()
	if err != nil {
		v.add(unknown("the teacher's runs", state, err.Error()))
		return nil
	}
	f := &sampled{whose: "teacher"}
	var out structure.Result
	for k := range runs {
		var frames []structure.Structure
		for i := 0; i < len(runs[k].Samples); i += max(1, int(strideFrames/runs[k].Interval)) {
			s := runs[k].Structure(i)
			if err := student.Evaluate(&s, &out); err != nil {
				v.add(unknown("the teacher's runs", state, "the student: "+err.Error()))
				return nil
			}
			frames, f.excess = append(frames, s), append(f.excess, out.Energy-runs[k].Samples[i].Energy)
		}
		f.runs = append(f.runs, frames)
	}
	return f
}

// reweighted compares distributions over frames of one with those over the same frames with the weights of the other, of
// both where both are there, which takes most of the noise out of the difference.
func (v *surveyor) reweighted(start *structure.Structure, state string, temperature float64, from []*sampled) {
	all := 0.0
	for _, f := range from {
		f.weigh(temperature)
		all += f.independent()
	}
	for _, x := range v.profiles(start) {
		ways := make([]way, len(from))
		var few []string
		for k, f := range from {
			ways[k] = way{toStudent: f.whose == "teacher", runs: f.weighted(x.distributions), share: f.independent() / all}
			if f.effective < leastEffective {
				few = append(few, fmt.Sprintf("of the %s's %d frames %.1f %%", f.whose, len(f.excess), 100*f.effective))
			}
		}
		if few != nil {
			v.add(unknown(x.property, join(state, "reweighted"), fmt.Sprintf("the effective share is %s, below %g %%", strings.Join(few, " and "), 100*leastEffective)))
			continue
		}
		v.sameFrames(&x, from, ways, join(state, "reweighted"))
	}
}

// weighted are the vectors of frames with their weights.
func (f *sampled) weighted(d *distributions) [][]weighted {
	var runs [][]weighted
	at := 0
	for _, frames := range f.runs {
		var run []weighted
		for k := range frames {
			run = append(run, weighted{f.weights[at], d.frame(&frames[k])})
			at++
		}
		runs = append(runs, run)
	}
	return runs
}

// sameFrames tells the difference of each distribution.
func (v *surveyor) sameFrames(x *profile, from []*sampled, all []way, state string) {
	student, teacher := ends(all, whole(all))
	for i := range x.list {
		d := &x.list[i]
		if sumOf(x.of(student, i)) == 0 {
			continue // no such angle
		}
		ways := make([]way, len(all))
		for k := range all {
			ways[k] = all[k].part(func(vector []float64) []float64 { return x.of(vector, i) })
		}
		v.add(x.across(d, from, ways, state))
		c := Curve{Name: d.Name, State: state, XUnit: d.XUnit, Unit: d.Unit, X: d.X, Student: x.of(student, i), Teacher: x.of(teacher, i)}
		if x.shares {
			c.normalise(d.X[1] - d.X[0])
		}
		v.result.Curves = append(v.result.Curves, c)
	}
}

// part is the way of a part of the vectors.
func (w way) part(of func(vector []float64) []float64) way {
	runs := w.runs
	w.runs = make([][]weighted, len(runs))
	for k := range runs {
		for _, f := range runs[k] {
			w.runs[k] = append(w.runs[k], weighted{f.weight, of(f.vector)})
		}
	}
	return w
}

// across is how far one distribution of student and teacher are apart by the ways between them.
func (x *profile) across(d *Distribution, from []*sampled, ways []way, state string) Observation {
	measure := func(student, teacher []float64) float64 { return d.apart(student, teacher, x.shares) }
	sums := whole(ways)
	student, teacher := ends(ways, sums)
	along := d.slope(student, teacher, x.shares)
	var blocks [][]lump
	var method []string
	for k := range ways {
		parts := ways[k].blocks(int(math.Ceil(blockMemory * ways[k].memory(sums[k], along))))
		alone := ways[k]
		alone.share = 1
		figure := measure(ends([]way{alone}, sums[k:k+1]))
		method = append(method, fmt.Sprintf("%.3g %% by %d frames of the %s, effective %.0f %%, %d blocks", 100*figure, len(from[k].excess), from[k].whose, 100*from[k].effective, len(parts)))
		if len(parts) < fewestBlocks {
			return unknown(d.Name, state, fmt.Sprintf("%s: the %s's runs are too short", strings.Join(method, "; "), from[k].whose))
		}
		blocks = append(blocks, parts)
	}
	return differing(d.Name, state, "%", percent(bootstrap(ways, blocks, measure)), x.tolerance, strings.Join(method, "; "))
}
