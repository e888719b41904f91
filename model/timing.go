package model

import "runtime"

// RunKernel evaluates the atoms of the last call once more: the kernel alone, on all threads, without list, sums and
// checks. Benchmarks compare a whole step with it.
func (p *Potential) RunKernel() error {
	err := p.engine.(interface{ runKernel() error }).runKernel()
	runtime.KeepAlive(p)
	return err
}

func (e *engine[F]) runKernel() error {
	return e.pool.run((len(e.atoms.Energy)+blockAtoms-1)/blockAtoms, e.forces)
}
