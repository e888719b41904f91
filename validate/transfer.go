package validate

import (
	"fmt"
	"math"
	"slices"

	"mlff/structure"
)

// Size transfer: errors in configurations of at least sizeFactor times the training cell, over those in the training cell
// at the same temperature. Both are frames of the student's own dynamics that nobody trained on. A standard deviation of
// transferFrames is good to a tenth.
const (
	sizeFactor          = 4
	transferFrames      = 60
	leastTransferFrames = 20
)

// transfer compares e* = std (E_student - E_teacher)/sqrt(N) and the force MAE between small and large cells. Frames of
// the small cell that the dynamics left are used.
func (v *surveyor) transfer(s *structure.Structure, label string, temperature float64) {
	state := join(label, fmt.Sprintf("%g K", temperature))
	size := max(v.TrainingSize, s.Len())
	small := structure.Supercell(s, Repeats(s, size))
	large := structure.Supercell(s, atLeast(s, sizeFactor*max(size, small.Len())))
	frames := [2][]labelledFrame{v.known[temperature]}
	price := large.Len()
	if frames[0] == nil {
		price += small.Len()
	}
	n := min(transferFrames, v.affordable(price, 1))
	if n < leastTransferFrames {
		v.add(unknown("size transfer", state, fmt.Sprintf("%d frames of %d atoms are affordable, %d are needed", n, large.Len(), leastTransferFrames)))
		return
	}
	for k, start := range []*structure.Structure{&small, &large} {
		if frames[k] != nil {
			continue
		}
		runs, err := v.labelledWalk(start, fmt.Sprintf("%s, %d atoms", state, start.Len()), temperature, n)
		if err != nil {
			v.add(unknown("size transfer", state, err.Error()))
			return
		}
		frames[k] = slices.Concat(runs...)
	}
	method := fmt.Sprintf("%d frames of %d atoms over %d of %d", len(frames[1]), large.Len(), len(frames[0]), frames[0][0].frame.Len())
	if v.Narrow != "" {
		method += "; " + v.Narrow
	}
	for _, q := range []struct {
		name    string
		measure func(frames []labelledFrame) float64
	}{{"size transfer, forces", forceError}, {"size transfer, e*", starError}} {
		ratio := jackknife(frames[1], frames[0], func(large, small []labelledFrame) float64 { return q.measure(large) / q.measure(small) })
		v.add(differing(q.name, state, "times", ratio, transferTolerance, method))
	}
}

// atLeast are repeats that give at least so many atoms, of about equal widths.
func atLeast(s *structure.Structure, atoms int) [3]int {
	for n := atoms; ; n += s.Len() {
		if r := Repeats(s, n); r[0]*r[1]*r[2]*s.Len() >= atoms {
			return r
		}
	}
}

// forceError is the MAE of force components.
func forceError(frames []labelledFrame) float64 {
	sum, count := 0.0, 0.0
	for k := range frames {
		for i, f := range frames[k].frame.Forces {
			for a := range f {
				sum, count = sum+math.Abs(f[a]-frames[k].student.Forces[i][a]), count+1
			}
		}
	}
	return sum / count
}

// starError is e*.
func starError(frames []labelledFrame) float64 {
	d := make([]float64, len(frames))
	for k := range frames {
		d[k] = (frames[k].student.Energy - *frames[k].frame.Energy) / math.Sqrt(float64(frames[k].frame.Len()))
	}
	m, sum := mean(d), 0.0
	for _, x := range d {
		sum += (x - m) * (x - m)
	}
	return math.Sqrt(sum / float64(len(d)-1))
}
