package kernel

import "math"

var (
	sqrt3     = math.Sqrt(3)
	sqrt15    = math.Sqrt(15)
	sqrt5h    = math.Sqrt(5) / 2
	sqrt15h   = math.Sqrt(15) / 2
	sqrt35_8  = math.Sqrt(35. / 8)
	sqrt105   = math.Sqrt(105)
	sqrt21_8  = math.Sqrt(21. / 8)
	sqrt7h    = math.Sqrt(7) / 2
	sqrt105_h = math.Sqrt(105) / 2
)

// harmonics writes the real spherical harmonics Y_lm(u) of a unit vector, m = -l..l, without Condon-Shortley phase,
// normalised to sum_m Y_lm² = 2l+1.
func harmonics[F Float](x, y, z F, out *[MaxLM]F) {
	x2, y2, z2 := x*x, y*y, z*z
	out[0] = 1
	out[1], out[2], out[3] = F(sqrt3)*y, F(sqrt3)*z, F(sqrt3)*x
	out[4] = F(sqrt15) * x * y
	out[5] = F(sqrt15) * y * z
	out[6] = F(sqrt5h) * (3*z2 - 1)
	out[7] = F(sqrt15) * x * z
	out[8] = F(sqrt15h) * (x2 - y2)
	out[9] = F(sqrt35_8) * y * (3*x2 - y2)
	out[10] = F(sqrt105) * x * y * z
	out[11] = F(sqrt21_8) * y * (5*z2 - 1)
	out[12] = F(sqrt7h) * z * (5*z2 - 3)
	out[13] = F(sqrt21_8) * x * (5*z2 - 1)
	out[14] = F(sqrt105_h) * z * (x2 - y2)
	out[15] = F(sqrt35_8) * x * (x2 - 3*y2)
}

// harmonicsGradient is sum_lm p_lm dY_lm/du of the polynomials above; only its part tangential to u has a meaning.
func harmonicsGradient[F Float](x, y, z F, p *[MaxLM]F) (gx, gy, gz F) {
	x2, y2, z2 := x*x, y*y, z*z
	c3, c15 := F(sqrt3), F(sqrt15)
	gx = c3*p[3] + c15*(p[4]*y+p[7]*z+p[8]*x)
	gy = c3*p[1] + c15*(p[4]*x+p[5]*z-p[8]*y)
	gz = c3*p[2] + c15*(p[5]*y+p[7]*x) + 6*F(sqrt5h)*p[6]*z

	c9, c10, c11, c12, c14 := F(sqrt35_8), F(sqrt105), F(sqrt21_8), F(sqrt7h), F(sqrt105_h)
	gx += c9*(6*p[9]*x*y+3*p[15]*(x2-y2)) + c10*p[10]*y*z + c11*p[13]*(5*z2-1) + 2*c14*p[14]*x*z
	gy += c9*(3*p[9]*(x2-y2)-6*p[15]*x*y) + c10*p[10]*x*z + c11*p[11]*(5*z2-1) - 2*c14*p[14]*y*z
	gz += c10*p[10]*x*y + 10*c11*z*(p[11]*y+p[13]*x) + 3*c12*p[12]*(5*z2-1) + c14*p[14]*(x2-y2)
	return gx, gy, gz
}
