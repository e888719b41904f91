package benchmark

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"mlff/model"
	"mlff/structure"
)

// Batch holds many structures evaluated at once against the same ones after each other.
type Batch struct {
	Through    string  `json:"through"`
	Atoms      int     `json:"atoms"` // of each
	Structures int     `json:"structures"`
	Threads    int     `json:"threads"`
	Single     float64 `json:"single_per_s"` // structures, one call each
	Together   float64 `json:"batch_per_s"`  // structures, in one call
	Ratio      float64 `json:"ratio"`        // median over repeats taken in turns
}

const batchRepeats = 10

// newBatch takes times in ms, in turns.
func newBatch(through string, structures []structure.Structure, threads int, single, together []float64) Batch {
	n := float64(len(structures))
	return Batch{Through: through, Atoms: structures[0].Len(), Structures: len(structures), Threads: threads,
		Single: 1e3 * n / median(single), Together: 1e3 * n / median(together), Ratio: median(divide(single, together))}
}

// Jittered are n copies of s with every atom displaced at random by 0.05 Å.
func Jittered(s *structure.Structure, n int) []structure.Structure {
	var all []structure.Structure
	for k := range n {
		c := s.Clone()
		random := structure.Rand(1, "batch", uint64(k))
		for i := range c.Positions {
			for x := range 3 {
				c.Positions[i][x] += 0.05 * random.NormFloat64()
			}
		}
		all = append(all, c)
	}
	return all
}

// MeasureBatch evaluates structures with a student one by one, each on all threads, and then with one potential per
// thread, each on its own structures, as the batches of the C and the Python interface do.
func MeasureBatch(ctx context.Context, m *model.Model, o model.Options, structures []structure.Structure) (*Batch, error) {
	threads := max(1, o.Threads)
	alone, err := m.Potential(o)
	if err != nil {
		return nil, err
	}
	defer alone.Close()
	o.Threads = 1
	crew := make([]*model.Potential, threads)
	for k := range crew {
		if crew[k], err = m.Potential(o); err != nil {
			return nil, err
		}
		defer crew[k].Close()
	}
	var out structure.Result
	t, err := turns(ctx, batchRepeats, work{name: "single", do: func() error {
		for k := range structures {
			if err := alone.Evaluate(&structures[k], &out); err != nil {
				return err
			}
		}
		return nil
	}}, work{name: "batch", do: func() error { return together(crew, structures) }})
	if err != nil {
		return nil, err
	}
	b := newBatch(ThroughEngine, structures, threads, t[0].clock, t[1].clock)
	return &b, nil
}

func together(crew []*model.Potential, structures []structure.Structure) error {
	var next atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, len(crew))
	for w, p := range crew {
		group.Go(func() {
			var out structure.Result
			for k := next.Add(1) - 1; k < int64(len(structures)) && errs[w] == nil; k = next.Add(1) - 1 {
				errs[w] = p.Evaluate(&structures[k], &out)
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Batch is MeasureBatch through ASE: get_forces of each against calculate_batch of all.
func (a *ASE) Batch(structures []structure.Structure) (*Batch, error) {
	if len(structures) < 2 {
		return nil, fmt.Errorf("a batch of %d", len(structures)) // the calculator remembers what it saw last
	}
	file, err := a.write(structures...)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Single   []float64 `json:"single_ms"`
		Together []float64 `json:"batch_ms"`
	}
	job := map[string]any{"batch": map[string]any{"file": file, "repeats": batchRepeats}}
	if err := a.ask(job, "batch", &answer, nil); err != nil {
		return nil, err
	}
	b := newBatch(ThroughASE, structures, a.of.Threads, answer.Single, answer.Together)
	return &b, nil
}

// Scaling says how the time of a step grows with the number of atoms.
type Scaling struct {
	Potential string  `json:"potential"`
	Through   string  `json:"through"`
	Ensemble  string  `json:"ensemble"`
	Threads   int     `json:"threads"`
	Device    string  `json:"device,omitempty"`
	Sizes     int     `json:"sizes"`
	Exponent  float64 `json:"exponent"` // of atoms in the time of a step, least squares of the logarithms; 1 is O(N)
}

// Scalings fits every potential that was measured with at least two numbers of atoms.
func Scalings(runs []*Run) []Scaling {
	type points struct {
		Scaling
		x, y []float64
	}
	var all []*points
	found := map[Scaling]*points{}
	for _, r := range runs {
		key := Scaling{Potential: r.Potential, Through: r.Through, Ensemble: r.Ensemble, Threads: r.Threads, Device: r.Device}
		p := found[key]
		if p == nil {
			p = &points{Scaling: key}
			found[key], all = p, append(all, p)
		}
		p.x, p.y = append(p.x, math.Log(float64(r.Atoms))), append(p.y, math.Log(r.Latency.P50))
	}
	var fitted []Scaling
	for _, p := range all {
		zero, mixed, square := mean(p.x), 0.0, 0.0
		for k, x := range p.x {
			mixed, square = mixed+(x-zero)*p.y[k], square+(x-zero)*(x-zero)
		}
		if len(p.x) > 1 && square > 0 {
			p.Sizes, p.Exponent = len(p.x), mixed/square
			fitted = append(fitted, p.Scaling)
		}
	}
	return fitted
}
