package structure

import "math"

// Add is a + b.
func Add(a, b [3]float64) [3]float64 { return [3]float64{a[0] + b[0], a[1] + b[1], a[2] + b[2]} }

// Sub is a - b.
func Sub(a, b [3]float64) [3]float64 { return [3]float64{a[0] - b[0], a[1] - b[1], a[2] - b[2]} }

// Scale is c a.
func Scale(c float64, a [3]float64) [3]float64 { return [3]float64{c * a[0], c * a[1], c * a[2]} }

// Dot is a·b.
func Dot(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

// Norm is |a|.
func Norm(a [3]float64) float64 { return math.Sqrt(Dot(a, a)) }

// Cross is a × b.
func Cross(a, b [3]float64) [3]float64 {
	return [3]float64{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

// Det is the determinant of m.
func Det(m [3][3]float64) float64 { return Dot(m[0], Cross(m[1], m[2])) }

// Mul is the row vector v times m: fractional coordinates to Cartesian ones when m is a cell.
func Mul(v [3]float64, m [3][3]float64) [3]float64 {
	var r [3]float64
	for a := range r {
		r[a] = v[0]*m[0][a] + v[1]*m[1][a] + v[2]*m[2][a]
	}
	return r
}

// MatMul is the matrix product a b; MatMul(cell, strain) deforms a cell.
func MatMul(a, b [3][3]float64) [3][3]float64 {
	return [3][3]float64{Mul(a[0], b), Mul(a[1], b), Mul(a[2], b)}
}

// Inverse is m⁻¹; infinite or NaN where m is singular.
func Inverse(m [3][3]float64) [3][3]float64 {
	d := 1 / Det(m)
	a, b, c := Scale(d, Cross(m[1], m[2])), Scale(d, Cross(m[2], m[0])), Scale(d, Cross(m[0], m[1]))
	return [3][3]float64{{a[0], b[0], c[0]}, {a[1], b[1], c[1]}, {a[2], b[2], c[2]}}
}

func finite(v [3]float64) bool {
	s := v[0] + v[1] + v[2] // NaN and infinities survive the sum, or become NaN
	return !math.IsNaN(s) && !math.IsInf(s, 0)
}
