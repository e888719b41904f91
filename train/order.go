package train

import "mlff/structure"

// order deals training frames: every epoch is a shuffle of all frames, and update s takes the s-th batch of the
// endless sequence of epochs. It follows from the seed alone, so a resumed training needs no state.
type order struct {
	seed  uint64
	n     int
	epoch int
	perm  []int
}

func newOrder(seed uint64, n int) *order { return &order{seed: seed, n: n, epoch: -1} }

// batch appends the frames of an update to into.
func (o *order) batch(step, size int, into []int) []int {
	for k := range size {
		at := step*size + k
		if e := at / o.n; e != o.epoch {
			o.epoch, o.perm = e, structure.Rand(o.seed, "train/epoch", uint64(e)).Perm(o.n)
		}
		into = append(into, o.perm[at%o.n])
	}
	return into
}
