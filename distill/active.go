package distill

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mlff/dataset"
	"mlff/model"
	"mlff/sample"
	"mlff/structure"
	"mlff/train"
)

// Active selection: half of the labels are the sampler's, and a student that has learned from them says where the others
// are needed. In every round it wanders over the domain, the frames that tell it most are labelled, and the next student
// learns from all. What a round does follows from the plan, the seed and the frames of the rounds before alone, so a run
// that was killed in one chooses the same frames again and labels those that are missing.
//
// Measured on Stillinger-Weber silicon, 200 labels, three seeds each: in the hottest tenth of dynamics the force RMSE is 25.5,
// 26.0 and 25.2 meV/Å, where the sampler alone leaves 38.3, 34.8 and 43.1 and, in an earlier measurement, frames drawn at
// random from the same walks 39.8, 33.3 and 36.2. The sampler's half has the walls of all labels, so compressed crystals and
// contacts gain as well, 0.84 and 0.89 times; dimers are worse, 264 instead of 154 meV/Å. These labels cost one evaluation
// each, so who has a dear teacher wants them.
const (
	activeRounds   = 3
	roundSteps     = 800 // of training in a round, at most those of the run; the student need only know where it is not good
	framesPerWalk  = 4   // that are labelled at most; a walk is a group of the split
	candidateWalks = 3   // times as many walks as that needs, so that there is something to choose from
	learnedEnough  = 0.95
)

// roundsName is what rounds found, and that they are complete.
const roundsName = "active.json"

// activeRound is a round that is complete.
type activeRound struct {
	Frames []string `json:"frames"` // ids of what was labelled, in order
	Walks  int      `json:"walks"`
	Lost   int      `json:"lost"`   // walks that ended where the student knew nothing
	Forces float64  `json:"forces"` // mean absolute error of the student's force components on the frames before it learned them, eV/Å
}

// shareOut says how many labels the sampler gets, and how many each round; nil where there are no rounds.
func (s *Sampling) shareOut(labels int) []int {
	if !s.Active && len(s.Pool) == 0 {
		return nil
	}
	first := (labels + 1) / 2
	out := []int{first}
	for k := range activeRounds {
		left := labels - first
		out = append(out, left*(k+1)/activeRounds-left*k/activeRounds)
	}
	return out
}

// explore carries out the rounds that are not complete. It returns the frames of all rounds after those of before.
func (r *run) explore(ctx context.Context, before []dataset.Item) ([]dataset.Item, error) {
	var done []activeRound
	if _, err := r.readJSON(roundsName, &done); err != nil {
		return nil, err
	}
	labels := r.config.Plan.Active
	if len(labels) == 0 {
		return before, nil
	}
	pool, err := r.pool(ctx)
	if err != nil {
		return nil, err
	}
	for k := 1; k < len(labels); k++ {
		if k > len(done) {
			if r.config.Sample.Active && settled(done) {
				r.say("its own dynamics teach the student no more: %d labels are saved", sum(labels[k:]))
				break
			}
			next, err := r.round(ctx, k, labels[k], before, pool)
			if err != nil {
				return nil, err
			}
			done = append(done, *next)
			if err := r.writeJSON(roundsName, done); err != nil {
				return nil, err
			}
			r.say("round %d: %d labels where the student's forces were off by %.3g meV/Å; %d of %d walks left its domain", k, len(next.Frames), 1e3*next.Forces, next.Lost, next.Walks)
		}
		fresh, err := r.withIDs(done[k-1].Frames)
		if err != nil {
			return nil, err
		}
		before = append(before, fresh...)
	}
	return before, nil
}

func sum(list []int) int {
	n := 0
	for _, x := range list {
		n += x
	}
	return n
}

// settled tells whether the error on the student's own frames stopped falling.
func settled(done []activeRound) bool {
	n := len(done)
	return n > 1 && done[n-1].Forces > learnedEnough*done[n-2].Forces
}

// round trains a student on what is known, lets it wander, and has labelled what it chooses.
func (r *run) round(ctx context.Context, k, labels int, known, pool []dataset.Item) (*activeRound, error) {
	m, err := r.roundStudent(ctx, known, k)
	if err != nil {
		return nil, err
	}
	out := &activeRound{}
	candidates, err := r.wander(ctx, m, k, labels, out)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i := range known {
		seen[known[i].ID] = true
	}
	for _, it := range pool {
		if !seen[it.ID] {
			candidates = append(candidates, it)
		}
	}
	chosen, err := train.Select(ctx, m, known, candidates, labels, framesPerWalk, r.threads())
	if err != nil {
		return nil, err
	}
	slices.Sort(chosen)
	var wanted []dataset.Item
	for _, i := range chosen {
		wanted = append(wanted, candidates[i])
	}
	items, err := r.labelRound(ctx, wanted)
	if err != nil {
		return nil, err
	}
	out.Frames = ids(items)
	out.Forces, err = forceErrorOf(m, items)
	return out, err
}

// wander are the frames that a student meets.
func (r *run) wander(ctx context.Context, m *model.Model, round, labels int, out *activeRound) ([]dataset.Item, error) {
	if !r.config.Sample.Active {
		return nil, nil
	}
	walks, err := sample.Walks(ctx, r.config.sampling(nil), r.inputs.starts, m, round, 1+candidateWalks*labels/framesPerWalk, r.threads())
	if err != nil {
		return nil, err
	}
	out.Walks = len(walks)
	var candidates []dataset.Item
	for n, w := range walks {
		if w.Lost {
			out.Lost++
		}
		for _, f := range w.Frames {
			candidates = append(candidates, dataset.NewItem(f, "active", fmt.Sprintf("active-%d/%d", round, n)))
		}
	}
	return candidates, nil
}

// pool are the user's frames to choose from, without their labels.
func (r *run) pool(ctx context.Context) ([]dataset.Item, error) {
	var items []dataset.Item
	for _, file := range r.config.Sample.Pool {
		faulty := faults()
		err := eachStructure(ctx, file, r.config.TeacherPython, func(k int, f *structure.Frame) error {
			f.Labels = structure.Labels{}
			if reason := faulty(f); reason != "" {
				return errors.New(reason)
			}
			items = append(items, dataset.NewItem(*f, file, fmt.Sprintf("%s:%d", file, k/10)))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return items, nil
}

// roundStudent learns a little from the frames so far.
func (r *run) roundStudent(ctx context.Context, known []dataset.Item, round int) (*model.Model, error) {
	data := train.Data{}
	data.Train, data.Held = dataset.Split(known, heldShare, r.config.Seed+1)
	cutoff := float64(r.config.Student.Cutoff)
	if cutoff == 0 {
		var err error
		if cutoff, err = r.densityCutoff(ctx, data.Train); err != nil {
			return nil, err
		}
	}
	facts, err := train.Measure(ctx, data.Train, cutoff, r.threads())
	if err != nil {
		return nil, err
	}
	m, err := train.Start(r.config.Student.shape(), facts, train.SpeciesEnergies(data.Train), r.config.Seed)
	if err != nil {
		return nil, err
	}
	plan := r.trainPlan()
	plan.Steps = roundSteps
	if all := r.config.Train.Steps; all != nil {
		plan.Steps = min(roundSteps, *all)
	}
	plan.Limit(len(data.Held))
	if r.teacherStress() != "" {
		plan.Weights.Stress = 0
	}
	o := train.Options{Threads: r.threads(), Progress: func(p train.Progress) { r.progress(fmt.Sprintf("round %d", round), p.Step, p.Steps) }}
	if _, err := train.Run(ctx, m, data, plan, o); err != nil {
		return nil, err
	}
	return m, train.CalibrateGrade(ctx, m, data, r.threads())
}

// labelRound labels the frames that are not labelled yet, one group after the other, and returns those that can be learned
// from.
func (r *run) labelRound(ctx context.Context, wanted []dataset.Item) ([]dataset.Item, error) {
	there, err := r.stored()
	if err != nil {
		return nil, err
	}
	all := ids(wanted)
	done := 0
	for len(wanted) > 0 {
		n := 1
		for n < len(wanted) && wanted[n].Group == wanted[0].Group {
			n++
		}
		group := slices.DeleteFunc(slices.Clone(wanted[:n]), func(it dataset.Item) bool { return there.ids[it.ID] })
		wanted = wanted[n:]
		items, err := sample.Label(ctx, r.inputs.teacher, group)
		if err != nil {
			return nil, err
		}
		if err := r.store.Append(items); err != nil {
			return nil, err
		}
		done += n
		r.progress("label", done, len(all))
	}
	return r.withIDs(all)
}

// withIDs are those of the stored frames, in the order of their ids.
func (r *run) withIDs(ids []string) ([]dataset.Item, error) {
	items, err := r.store.Items()
	return ordered(items, func(it *dataset.Item) string { return it.ID }, ids), err
}

// ordered are the items whose key is listed, in the order of the list.
func ordered(items []dataset.Item, key func(it *dataset.Item) string, list []string) []dataset.Item {
	place := map[string]int{}
	for i, k := range list {
		place[k] = i + 1
	}
	items = slices.DeleteFunc(slices.Clone(items), func(it dataset.Item) bool { return place[key(&it)] == 0 })
	slices.SortStableFunc(items, func(a, b dataset.Item) int { return place[key(&a)] - place[key(&b)] })
	return items
}

// forceErrorOf is the forceError of a model.
func forceErrorOf(m *model.Model, items []dataset.Item) (float64, error) {
	p, err := m.Potential(model.Options{})
	if err != nil {
		return 0, err
	}
	defer p.Close()
	return forceError(p, items)
}
