package report

import (
	"math"
	"strconv"
	"strings"
)

// axis maps a quantity to a length of paper.
type axis struct {
	label  string // with its unit
	lo, hi float64
	log    bool
}

// span is an axis that holds all values with a margin of 4 % on both sides; something around zero if there are none.
func span(label string, values ...[]float64) axis {
	lo, hi := extent(values)
	if lo > hi {
		lo, hi = 0, 1
	}
	margin := 0.04 * (hi - lo)
	if margin == 0 {
		margin = max(0.1*math.Abs(lo), 1e-3)
	}
	return axis{label: label, lo: lo - margin, hi: hi + margin}
}

// logSpan is a logarithmic axis that holds all positive values; at least a factor of ten is shown.
func logSpan(label string, values ...[]float64) axis {
	var positive []float64
	for _, list := range values {
		for _, v := range list {
			if v > 0 {
				positive = append(positive, v)
			}
		}
	}
	lo, hi := extent([][]float64{positive})
	if lo > hi {
		lo, hi = 1, 10
	}
	lo, hi = lo/1.15, hi*1.15
	if hi < 10*lo {
		middle := math.Sqrt(lo * hi)
		lo, hi = middle/math.Sqrt(10), middle*math.Sqrt(10)
	}
	return axis{label: label, lo: lo, hi: hi, log: true}
}

func extent(values [][]float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, list := range values {
		for _, v := range list {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
	}
	return lo, hi
}

// at is the place of v along the axis, 0 at lo, 1 at hi.
func (a axis) at(v float64) float64 {
	if a.log {
		return math.Log(v/a.lo) / math.Log(a.hi/a.lo)
	}
	return (v - a.lo) / (a.hi - a.lo)
}

// ticks are round numbers: multiples of 1, 2 or 5 times a power of ten, at most the given number of intervals apart.
func (a axis) ticks(most int) []float64 {
	if a.log {
		return a.logTicks()
	}
	step := roundUp((a.hi - a.lo) / float64(most))
	var out []float64
	for k := math.Ceil(a.lo/step - 1e-9); k*step <= a.hi+1e-9*step; k++ {
		out = append(out, k*step)
	}
	return out
}

// roundUp is the next of 1, 2, 5, 10 times a power of ten that is not below v.
func roundUp(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// logTicks are powers of ten where the axis holds enough of them, else 1, 2, 5 times those.
func (a axis) logTicks() []float64 {
	decades := math.Log10(a.hi / a.lo)
	multiples := []float64{1}
	if decades < 2.5 {
		multiples = []float64{1, 2, 5}
	}
	stride := int(math.Ceil(decades / 6))
	var out []float64
	for e := int(math.Floor(math.Log10(a.lo))); float64(e) <= math.Log10(a.hi); e++ {
		for _, m := range multiples {
			v := m * math.Pow(10, float64(e))
			if v >= a.lo*(1-1e-9) && v <= a.hi*(1+1e-9) && e%stride == 0 {
				out = append(out, v)
			}
		}
	}
	return out
}

// tickLabels writes ticks with the digits that tell them apart, and no more.
func tickLabels(ticks []float64) []string {
	out := make([]string, len(ticks))
	if len(ticks) == 0 {
		return out
	}
	step := math.Inf(1)
	largest := 0.0
	for k, v := range ticks {
		largest = max(largest, math.Abs(v))
		if k > 0 {
			step = min(step, math.Abs(v-ticks[k-1]))
		}
	}
	decimals := 0
	if !math.IsInf(step, 1) && step > 0 {
		decimals = max(0, int(-math.Floor(math.Log10(step)+1e-9)))
	}
	for k, v := range ticks {
		switch {
		case largest >= 1e5 || decimals > 4:
			out[k] = number(v, 2)
		default:
			out[k] = sign(group(strconv.FormatFloat(v, 'f', decimals, 64)))
		}
	}
	return out
}

// logLabels writes the ticks of a logarithmic axis, each in its own shortest form.
func logLabels(ticks []float64) []string {
	out := make([]string, len(ticks))
	for k, v := range ticks {
		out[k] = number(v, 1)
	}
	return out
}

// number writes v with the given number of significant digits, in powers of ten where it would be long.
func number(v float64, digits int) string {
	size := math.Abs(v)
	if v == 0 {
		return "0"
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return sign(strconv.FormatFloat(v, 'g', -1, 64))
	}
	if size < 1e-4 || size >= 1e6 {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', digits-1, 64), "e")
		e, _ := strconv.Atoi(exponent)
		power := "10" + superscript(e)
		if mantissa == "1" {
			return power
		}
		return sign(mantissa) + "·" + power
	}
	decimals := max(0, digits-1-int(math.Floor(math.Log10(size))))
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	return sign(group(text))
}

// uncertain writes a value with the digits that its standard error of two digits leaves to it: "0.0123 ± 0.0045",
// or "(2.2 ± 3.7)·10⁻⁵" where those would be many.
func uncertain(v, deviation float64) string {
	size := max(math.Abs(v), math.Abs(deviation))
	if size == 0 || !(deviation > 0) || math.IsInf(size, 0) {
		return number(v, 2)
	}
	power := 0
	if size < 1e-3 || size >= 1e5 {
		power = int(math.Floor(math.Log10(size)))
	}
	unit := math.Pow(10, float64(power))
	decimals := min(max(0, 1-int(math.Floor(math.Log10(deviation/unit)))), 6)
	text := sign(strconv.FormatFloat(v/unit, 'f', decimals, 64)) + " ± " + strconv.FormatFloat(deviation/unit, 'f', decimals, 64)
	if power == 0 {
		return text
	}
	return "(" + text + ")·10" + superscript(power)
}

// plain writes v as a person would who chose it.
func plain(v float64) string { return sign(strconv.FormatFloat(v, 'g', -1, 64)) }

// group puts a thin space between the thousands of numbers from 10000 on.
func group(text string) string {
	whole, rest, dot := strings.Cut(text, ".")
	minus := strings.HasPrefix(whole, "-")
	whole = strings.TrimPrefix(whole, "-")
	if len(whole) > 4 {
		for k := len(whole) - 3; k > 0; k -= 3 {
			whole = whole[:k] + "\u2009" + whole[k:]
		}
	}
	if minus {
		whole = "-" + whole
	}
	if dot {
		return whole + "." + rest
	}
	return whole
}

// sign replaces the hyphen by a minus, and a minus before nothing but zeros by nothing.
func sign(text string) string {
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		if strings.Trim(rest, "0.") == "" {
			return rest
		}
		return "−" + rest
	}
	return text
}

func superscript(n int) string {
	return strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴",
		"5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹").Replace(strconv.Itoa(n))
}
