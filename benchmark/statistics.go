package benchmark

import (
	"math"
	"slices"
	"time"
)

func milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

// repeats splits steps into n parts and gives the mean step of each, ms.
func repeats(steps []time.Duration, n int) []float64 {
	var means []float64
	for k := range n {
		part := steps[k*len(steps)/n : (k+1)*len(steps)/n]
		var sum time.Duration
		for _, d := range part {
			sum += d
		}
		means = append(means, milliseconds(sum)/float64(max(1, len(part))))
	}
	return means
}

// spread is the least and the median of v, times scale.
func spread(v []float64, scale float64) Spread {
	return Spread{Min: scale * slices.Min(v), Median: scale * median(v)}
}

func median(v []float64) float64 { return quantile(v, 0.5) }

// quantile interpolates between the sorted values next to it.
func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	v = slices.Sorted(slices.Values(v))
	at := q * float64(len(v)-1)
	k := min(int(at), len(v)-1)
	next := min(k+1, len(v)-1)
	return v[k] + (at-float64(k))*(v[next]-v[k])
}

func latency(steps []time.Duration) Latency {
	v := make([]float64, len(steps))
	var sum float64
	for k, d := range steps {
		v[k] = milliseconds(d)
		sum += v[k]
	}
	return Latency{Mean: sum / float64(max(1, len(v))), P50: quantile(v, 0.5), P95: quantile(v, 0.95), P99: quantile(v, 0.99)}
}
