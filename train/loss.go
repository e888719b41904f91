package train

import (
	"math"

	"mlff/dataset"
	"mlff/structure"
)

// The two penalties on a residual x, both x² near zero.
const (
	Squared = "squared" // x²
	Huber   = "huber"   // x² up to a threshold, linear beyond: outliers pull no harder than the threshold
)

// Thresholds of the Huber penalty, in units of eps (per atom, where energies and virials are meant).
const (
	huberEnergy = 0.02
	huberForce  = 0.2
	huberVirial = 0.1
)

// energyScale is a constant factor on the energy weight: energies per atom are learned to a tenth of the force error,
// so equal weights would mean that energies hardly count.
const energyScale = 10

// Loss is the quantity that training makes small. For one frame of N atoms with weight w
//
//	L = w (10 wE ρ(dE/N eps) + wF/(3 N̄) sum_i ρ(|dF_i|/eps) + wS/9 ρ(|dW|/N eps))
//
// with the residuals d of energy, forces and virial W = -V stress, the penalty ρ (squared or Huber), eps the force
// RMS and N̄ the mean number of atoms of a training frame: forces count atom by atom, energies frame by frame.
// Parts without a label are left out. The loss of a batch is the mean over its frames.
type Loss struct {
	Kind  string  // Squared or Huber
	Eps   float64 // eV/Å
	Atoms float64 // N̄
}

// Terms are the parts of a loss without their weights wE, wF, wS.
type Terms struct {
	Energy float64 `json:"energy"`
	Forces float64 `json:"forces"`
	Stress float64 `json:"stress"`
}

// Total is the weighted sum of the terms.
func (t Terms) Total(w Weights) float64 {
	return w.Energy*t.Energy + w.Forces*t.Forces + w.Stress*t.Stress
}

func (t *Terms) add(o Terms, scale float64) {
	t.Energy += scale * o.Energy
	t.Forces += scale * o.Forces
	t.Stress += scale * o.Stress
}

// misses are weighted sums over labels: of absolute residuals, or of ones.
type misses struct{ energy, forces, stress float64 }

// misses adds the absolute residuals of a frame in units of eps, |dE|, |dF_ia| and |dW_ab|, to sum, and to count how many
// atoms, or components, they are of. Frames count by their atoms: else a single dimer, whose energy is far off for long,
// would say when a crystal is learned.
func (l *Loss) misses(it *dataset.Item, r *structure.Result, sum, count *misses) {
	n := float64(it.Len())
	if it.Energy != nil {
		sum.energy += it.Weight * math.Abs(r.Energy-*it.Energy) / l.Eps
		count.energy += it.Weight * n
	}
	for i, f := range it.Forces {
		for a := range f {
			sum.forces += it.Weight * math.Abs(r.Forces[i][a]-f[a]) / l.Eps
		}
	}
	count.forces += it.Weight * float64(3*len(it.Forces))
	if it.Stress != nil && it.Periodic() {
		label, volume := structure.Tensor(*it.Stress), it.Volume()
		for a := range label {
			for b := range label {
				sum.stress += it.Weight * math.Abs(r.Virial[a][b]+volume*label[a][b]) / l.Eps
			}
		}
		count.stress += 9 * it.Weight * n
	}
}

// slopes are the derivatives of a frame's loss with respect to what the model predicts.
type slopes struct {
	energy  float64       // dL/dE
	forces  [][3]float64  // [N] dL/dF_i
	virial  [3][3]float64 // dL/dW
	largest float64       // max_i |dL/dF_i|
}

// frame evaluates the loss of one frame (without its weight) and, if s is not nil, the slopes of the weighted sum.
func (l *Loss) frame(it *dataset.Item, r *structure.Result, w Weights, s *slopes) Terms {
	n := float64(it.Len())
	var t Terms
	if s != nil {
		s.reset(it.Len())
	}
	if it.Energy != nil {
		x := (r.Energy - *it.Energy) / (n * l.Eps)
		value, slope := l.penalty(x*x, huberEnergy)
		t.Energy = energyScale * value
		if s != nil {
			s.energy = w.Energy * energyScale * 2 * slope * x / (n * l.Eps)
		}
	}
	if it.Forces != nil {
		t.Forces = l.forces(it, r, w, s)
	}
	if it.Stress != nil && it.Periodic() {
		t.Stress = l.virial(it, r, w, s)
	}
	return t
}

func (l *Loss) forces(it *dataset.Item, r *structure.Result, w Weights, s *slopes) float64 {
	sum, c := 0.0, 1/(3*l.Atoms)
	for i, f := range it.Forces {
		d := structure.Scale(1/l.Eps, structure.Sub(r.Forces[i], f))
		value, slope := l.penalty(structure.Dot(d, d), huberForce)
		sum += value
		if s != nil {
			s.forces[i] = structure.Scale(w.Forces*c*2*slope/l.Eps, d)
			s.largest = max(s.largest, structure.Norm(s.forces[i]))
		}
	}
	return c * sum
}

func (l *Loss) virial(it *dataset.Item, r *structure.Result, w Weights, s *slopes) float64 {
	label := structure.Tensor(*it.Stress)
	volume, scale := it.Volume(), 1/(float64(it.Len())*l.Eps)
	var d [3][3]float64
	square := 0.0
	for a := range d {
		for b := range d {
			d[a][b] = ((r.Virial[a][b]+r.Virial[b][a])/2 + volume*label[a][b]) * scale
			square += d[a][b] * d[a][b]
		}
	}
	value, slope := l.penalty(square, huberVirial)
	if s != nil {
		for a := range d {
			s.virial[a] = structure.Scale(w.Stress/9*2*slope*scale, d[a])
		}
	}
	return value / 9
}

// penalty returns ρ as a function of the square of a residual, and dρ/d(square).
func (l *Loss) penalty(square, threshold float64) (value, slope float64) {
	if l.Kind == Squared || square <= threshold*threshold {
		return square, 1
	}
	x := math.Sqrt(square)
	return threshold * (2*x - threshold), threshold / x
}

func (s *slopes) reset(n int) {
	if cap(s.forces) < n {
		s.forces = make([][3]float64, n)
	}
	*s = slopes{forces: s.forces[:n]}
	clear(s.forces)
}

// largestStep is how much [Å] an edge may change in the finite difference that takes the place of second
// derivatives: truncation grows with its square, rounding with its inverse, and both stay below 1e-8 of the gradient.
const largestStep = 1e-4

// step is e such that no edge shorter than cutoff changes by more than largestStep when positions move by
// ±e (x dL/dW + dL/dF); zero where forces and virial have no slope.
func (s *slopes) step(cutoff float64) float64 {
	strain := 0.0
	for a := range s.virial {
		strain += structure.Dot(s.virial[a], s.virial[a])
	}
	move := max(2*s.largest, math.Sqrt(strain)*cutoff)
	if move == 0 {
		return 0
	}
	return largestStep / move
}
