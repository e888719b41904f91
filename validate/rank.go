package validate

import (
	"math"
	"slices"
)

// share is the fraction that is true; 0 of none.
func share(v []bool) float64 {
	n := 0
	for _, x := range v {
		if x {
			n++
		}
	}
	return float64(n) / float64(max(1, len(v)))
}

func median(v []float32) float64 { return float64(quantileOf(v, 0.5)) }

// quantileOf is the smallest value that at least the fraction q does not exceed.
func quantileOf(v []float32, q float64) float32 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	return s[min(len(s)-1, max(0, int(math.Ceil(q*float64(len(s))))-1))]
}

// auroc is the probability that a value of high exceeds one of low, ties counted half: the area under the receiver
// operating characteristic.
func auroc(low, high []float32) float64 {
	wins := 0.0
	for _, h := range high {
		for _, l := range low {
			switch {
			case h > l:
				wins++
			case h == l:
				wins += 0.5
			}
		}
	}
	return wins / float64(max(1, len(low)*len(high)))
}

// spearman is the correlation of the ranks of x and y, ties at their mean rank; 0 where one of them is constant.
func spearman(x, y []float32) float64 {
	a, b := ranks(x), ranks(y)
	middle := float64(len(x)-1) / 2
	var xx, yy, xy float64
	for k := range a {
		dx, dy := a[k]-middle, b[k]-middle
		xx, yy, xy = xx+dx*dx, yy+dy*dy, xy+dx*dy
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}

func ranks(v []float32) []float64 {
	order := make([]int, len(v))
	for k := range order {
		order[k] = k
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case v[a] < v[b]:
			return -1
		case v[a] > v[b]:
			return 1
		}
		return 0
	})
	r := make([]float64, len(v))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && v[order[to]] == v[order[from]] {
			to++
		}
		for k := from; k < to; k++ {
			r[order[k]] = float64(from+to-1) / 2
		}
		from = to
	}
	return r
}
