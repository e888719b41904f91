package train

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"mlff/dataset"
	"mlff/model"
	"mlff/neighbor"
	"mlff/structure"
)

// The range of automatic cutoffs [Å], the neighbours one should hold, and the cutoff without periodic frames.
const (
	minCutoff       = 4.5
	maxCutoff       = 7.0
	wantNeighbors   = 55
	moleculesCutoff = 5.0
	cutoffFrames    = 200 // frames looked at for the automatic cutoff, evenly spaced
)

// distanceBins is the resolution of Distances, finer than any radial function of 16 terms turns.
const distanceBins = 256

// unseenPair is the shortest distance assumed for a pair of species that no frame holds, in sums of covalent radii.
const unseenPair = 0.7

// Statistics are the facts about training frames that a student keeps.
type Statistics struct {
	Numbers   []int     `json:"numbers"`   // atomic numbers, ascending
	Cutoff    float64   `json:"cutoff"`    // Å
	Neighbors float64   `json:"neighbors"` // mean number of neighbours of an atom within the cutoff
	Range     [][2]int  `json:"range"`     // [S] fewest and most neighbours of an atom of a species
	ForceRMS  float64   `json:"force_rms"` // of all force components, eV/Å; 0 without forces
	Shortest  []float64 `json:"shortest"`  // [S][S] shortest distance of a species pair, Å
	Seen      []bool    `json:"seen"`      // [S][S] whether any frame holds the pair within the cutoff
	AtomsMean float64   `json:"atoms"`     // mean atoms per frame with forces

	Distances [][]float64 `json:"-"` // [S][S][bins] how many neighbours of a pair lie where on [0, cutoff]
}

// Measure gathers statistics of items for a cutoff [Å].
func Measure(ctx context.Context, items []dataset.Item, cutoff float64, threads int) (*Statistics, error) {
	if len(items) == 0 {
		return nil, fmt.Errorf("there are no training frames")
	}
	s := newStatistics(Species(items), cutoff)
	s.forces(items)
	frames := make([]*Statistics, len(items))
	err := parallel(ctx, len(items), threads, func(worker, i int) error {
		f := newStatistics(s.Numbers, cutoff)
		frames[i] = f
		return f.count(&items[i].Structure)
	})
	if err != nil {
		return nil, err
	}
	s.combine(frames, items)
	return s, nil
}

// neighborDistances is Distances alone, of at most cutoffFrames frames, evenly spaced.
func neighborDistances(items []dataset.Item, c model.Config) ([][]float64, error) {
	s := newStatistics(c.Numbers, c.Cutoff)
	for _, it := range spread(items, min(len(items), cutoffFrames)) {
		if err := s.count(&it.Structure); err != nil {
			return nil, err
		}
	}
	return s.Distances, nil
}

func newStatistics(numbers []int, cutoff float64) *Statistics {
	n := len(numbers) * len(numbers)
	s := &Statistics{Numbers: numbers, Cutoff: cutoff, Range: make([][2]int, len(numbers))}
	for k := range s.Range {
		s.Range[k][0] = math.MaxInt
	}
	s.Shortest, s.Seen = make([]float64, n), make([]bool, n)
	s.Distances = make([][]float64, n)
	for p := range s.Shortest {
		s.Shortest[p], s.Distances[p] = math.Inf(1), make([]float64, distanceBins)
	}
	return s
}

// count fills Neighbors (here the sum over atoms), Range and Shortest for one frame.
func (s *Statistics) count(f *structure.Structure) error {
	list := neighbor.New(s.Cutoff, 0)
	if _, err := list.Update(f); err != nil {
		return err
	}
	x := list.Positions(f, nil)
	for i := range f.Numbers {
		k, _ := slices.BinarySearch(s.Numbers, f.Numbers[i])
		n := 0
		for _, j := range list.J[list.Start[i]:list.Start[i+1]] {
			r := structure.Norm(structure.Sub(x[j], x[i]))
			if r >= s.Cutoff {
				continue
			}
			n++
			l, _ := slices.BinarySearch(s.Numbers, f.Numbers[list.Owner[j]])
			p := k*len(s.Numbers) + l
			s.Shortest[p] = min(s.Shortest[p], r)
			s.Distances[p][int(distanceBins*r/s.Cutoff)]++
		}
		s.Neighbors += float64(n)
		s.Range[k] = [2]int{min(s.Range[k][0], n), max(s.Range[k][1], n)}
	}
	return nil
}

// combine reduces the counts of single frames and settles the pairs that none of them holds.
func (s *Statistics) combine(frames []*Statistics, items []dataset.Item) {
	atoms := 0
	for i, f := range frames {
		atoms += items[i].Len()
		s.Neighbors += f.Neighbors
		for k, r := range f.Range {
			s.Range[k] = [2]int{min(s.Range[k][0], r[0]), max(s.Range[k][1], r[1])}
		}
		for p, r := range f.Shortest {
			s.Shortest[p] = min(s.Shortest[p], r)
			for bin, n := range f.Distances[p] {
				s.Distances[p][bin] += n
			}
		}
	}
	s.Neighbors /= float64(max(1, atoms))
	n := len(s.Numbers)
	for p := range s.Shortest {
		k, l := p/n, p%n
		s.Shortest[p] = min(s.Shortest[p], s.Shortest[l*n+k]) // both directions of a pair, which rounding tells apart
		if s.Seen[p] = !math.IsInf(s.Shortest[p], 1); !s.Seen[p] {
			s.Shortest[p] = unseenPair * (structure.CovalentRadius(s.Numbers[k]) + structure.CovalentRadius(s.Numbers[l]))
		}
	}
}

func (s *Statistics) forces(items []dataset.Item) {
	sum, atoms, frames := 0.0, 0, 0
	for i := range items {
		if items[i].Forces == nil {
			continue
		}
		frames++
		atoms += items[i].Len()
		for _, f := range items[i].Forces {
			sum += structure.Dot(f, f)
		}
	}
	if atoms > 0 {
		s.ForceRMS = math.Sqrt(sum / float64(3*atoms))
		s.AtomsMean = float64(atoms) / float64(frames)
	}
}

// AutoCutoff is a cutoff [Å] by the density of atoms: the radius that holds 55 neighbours in the densest tenth of the periodic
// items, between 4.5 and 7 Å, or 5 Å where none is periodic.
func AutoCutoff(ctx context.Context, items []dataset.Item, threads int) (float64, error) {
	var periodic []*structure.Structure
	for i := range items {
		if s := &items[i].Structure; s.PBC != [3]bool{} && !lonely(s) {
			periodic = append(periodic, s)
		}
	}
	if len(periodic) == 0 {
		return moleculesCutoff, nil
	}
	n := min(len(periodic), cutoffFrames)
	radii := make([]float64, n)
	err := parallel(ctx, n, threads, func(worker, i int) (err error) {
		radii[i], err = holdingRadius(periodic[i*len(periodic)/n], wantNeighbors)
		return err
	})
	if err != nil {
		return 0, err
	}
	slices.Sort(radii)
	densest := radii[:(n+9)/10]
	sum := 0.0
	for _, r := range densest {
		sum += r
	}
	rc := math.Round(100*sum/float64(len(densest))) / 100
	return max(minCutoff, min(maxCutoff, rc)), nil
}

// holdingRadius is the radius within which the atoms of s have k neighbours on average, at most maxCutoff.
func holdingRadius(s *structure.Structure, k int) (float64, error) {
	list := neighbor.New(maxCutoff, 0)
	if _, err := list.Update(s); err != nil {
		return 0, err
	}
	x := list.Positions(s, nil)
	var r []float64
	for i := range s.Numbers {
		for _, j := range list.J[list.Start[i]:list.Start[i+1]] {
			r = append(r, structure.Norm(structure.Sub(x[j], x[i])))
		}
	}
	want := k * s.Len()
	if len(r) <= want {
		return maxCutoff, nil
	}
	slices.SortFunc(r, cmp.Compare[float64])
	return r[want], nil
}

// parallel calls do(worker, i) for all i < n on some threads (0: all cores) and returns the error of smallest i.
func parallel(ctx context.Context, n, threads int, do func(worker, i int) error) error {
	if threads <= 0 {
		threads = model.DefaultThreads()
	}
	threads = min(threads, n)
	errs := make([]error, n)
	var next atomic.Int64
	var failed atomic.Bool
	var wg sync.WaitGroup
	for w := range threads {
		wg.Go(func() {
			for !failed.Load() && ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if errs[i] = do(w, i); errs[i] != nil {
					errs[i] = fmt.Errorf("training frame %d: %w", i, errs[i])
					failed.Store(true)
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}
