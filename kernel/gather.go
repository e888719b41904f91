package kernel

// Forces are gathered, not scattered: F_i = sum_out g - sum_in g over the edges of an atom and the edges to it, in
// float64 and in a fixed order, the edge at position k in lane k%4. The order is that of the assembly, so that all back
// ends sum alike.

// Outgoing writes the sum of the edges start[i]:start[i+1] of the atoms lo <= i < hi into force [atoms]. Right after a
// kernel wrote them they still lie in the nearest cache.
func Outgoing[F Float](force [][3]float64, edge [][4]F, start []int32, lo, hi int) {
	if outgoingNative(force, edge, start, lo, hi) {
		return
	}
	outgoing(force, edge, start, lo, hi)
}

// Incoming takes the sum of the edges in[start[i]:start[i+1]] to the atoms lo <= i < hi off force [atoms].
func Incoming[F Float](force [][3]float64, edge [][4]F, start, in []int32, lo, hi int) {
	if incomingNative(force, edge, start, in, lo, hi) {
		return
	}
	incoming(force, edge, start, in, lo, hi)
}

func outgoing[F Float](force [][3]float64, edge [][4]F, start []int32, lo, hi int) {
	for i := lo; i < hi; i++ {
		var lane [4][3]float64
		for k, e := range edge[start[i]:start[i+1]] {
			addEdge(&lane[k%4], &e)
		}
		for c := range 3 {
			force[i][c] = (lane[0][c] + lane[1][c]) + (lane[2][c] + lane[3][c])
		}
	}
}

func incoming[F Float](force [][3]float64, edge [][4]F, start, in []int32, lo, hi int) {
	for i := lo; i < hi; i++ {
		var lane [4][3]float64
		for k, e := range in[start[i]:start[i+1]] {
			addEdge(&lane[k%4], &edge[e])
		}
		for c := range 3 {
			force[i][c] -= (lane[0][c] + lane[1][c]) + (lane[2][c] + lane[3][c])
		}
	}
}

// rounder makes (x + rounder) - rounder the multiple of 2^-40, about 1e-12 eV/Å, next to x. Sums of such multiples are exact
// up to 4096 eV/Å, so they do not depend on the order, nor on where in the list edges beyond the cutoff lie: an old list
// and a new one give the same bits, and the forces of a structure add up to exactly zero.
const rounder = 3 << 11

func addEdge[F Float](sum *[3]float64, e *[4]F) {
	for c := range sum {
		sum[c] += (float64(e[c]) + rounder) - rounder
	}
}
