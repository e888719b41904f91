package distill

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"mlff/dataset"
	"mlff/sample"
	"mlff/structure"
	"mlff/teacher"
	"mlff/validate"
)

// shardFrames is how many frames of a user's file go into one shard.
const shardFrames = 500

// label brings all labelled frames of the run into its store and returns them in an order that depends on the
// configuration only: the sampler's tasks as planned, rounds of active selection, then files as given.
func (r *run) label(ctx context.Context) ([]dataset.Item, error) {
	var sampled []dataset.Item
	if r.inputs.teacher != nil {
		if err := r.examineTeacher(ctx); err != nil {
			return nil, err
		}
		if err := r.examineReach(ctx); err != nil {
			return nil, err
		}
		if err := r.planLabels(ctx); err != nil {
			return nil, err
		}
		tasks, err := r.config.tasks(r.inputs)
		if err != nil {
			return nil, err
		}
		if err := r.runTasks(ctx, tasks); err != nil {
			return nil, err
		}
		if sampled, err = r.sampled(tasks); err != nil {
			return nil, err
		}
		if sampled, err = r.explore(ctx, sampled); err != nil {
			return nil, err
		}
	}
	if err := r.keep(r.inputs.items); err != nil {
		return nil, err
	}
	r.inputs.items = nil // they come back from the store: no need to hold them twice
	if err := r.takeAdded(ctx); err != nil {
		return nil, err
	}
	items, err := r.store.Items()
	if err != nil {
		return nil, err
	}
	items = slices.DeleteFunc(items, func(it dataset.Item) bool { return !r.learnable(&it) })
	first := map[string]bool{}
	for i := range sampled {
		first[sampled[i].ID] = true
	}
	return append(sampled, slices.DeleteFunc(items, func(it dataset.Item) bool { return first[it.ID] })...), nil
}

// sampled are the frames of tasks, in the order of the tasks.
func (r *run) sampled(tasks []sample.Task) ([]dataset.Item, error) {
	var groups []string
	for _, task := range tasks {
		groups = append(groups, task.Group)
	}
	items, err := r.store.Items()
	return ordered(items, func(it *dataset.Item) string { return it.Group }, groups), err
}

// keep appends the items that the store does not have.
func (r *run) keep(items []dataset.Item) error {
	there, err := r.stored()
	if err != nil {
		return err
	}
	items = slices.DeleteFunc(slices.Clone(items), func(it dataset.Item) bool { return there.ids[it.ID] })
	for part := range slices.Chunk(items, shardFrames) {
		if err := r.store.Append(part); err != nil {
			return err
		}
	}
	return nil
}

// stored is what the store holds.
type stored struct{ ids, groups map[string]bool }

func (r *run) stored() (stored, error) {
	s := stored{map[string]bool{}, map[string]bool{}}
	items, err := r.store.Items()
	for i := range items {
		s.ids[items[i].ID], s.groups[items[i].Group] = true, true
	}
	return s, err
}

// takeAdded takes the files of --add. Their frames without labels go to the teacher.
func (r *run) takeAdded(ctx context.Context) error {
	for _, s := range r.config.Plan.Added {
		frames, err := r.readAdded(ctx, s.File)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(frames, func(f structure.Frame) bool { return !hasLabels(&f) }) {
			items, quarantine, err := r.loadAdded(s)
			if err != nil {
				return err
			}
			r.quarantined(quarantine)
			if err := r.keep(items); err != nil {
				return err
			}
			continue
		}
		if r.inputs.teacher == nil {
			return unlabelled(s.File)
		}
		if err := r.labelFile(ctx, s.File, frames); err != nil {
			return err
		}
	}
	return nil
}

func hasLabels(f *structure.Frame) bool { return f.Energy != nil || f.Forces != nil }

// labelBatch is how many frames of a file the teacher is asked at a time: what is lost at most when a run is killed.
const labelBatch = 32

// labelFile asks the teacher for the labels that the frames of a file lack.
func (r *run) labelFile(ctx context.Context, file string, frames []structure.Frame) error {
	there, err := r.stored()
	if err != nil {
		return err
	}
	var quarantine dataset.Quarantine
	defer func() { r.quarantined(quarantine) }()
	done := 0
	for batch := range slices.Chunk(frames, labelBatch) {
		items, rejected, err := labelFrames(ctx, r.inputs.teacher, file, done, batch, there.ids)
		quarantine = append(quarantine, rejected...)
		if err != nil {
			return err
		}
		if err := r.store.Append(items); err != nil {
			return err
		}
		done += len(batch)
		r.progress("label", done, len(frames))
	}
	return nil
}

// labelFrames labels the frames of a batch that have no labels and are not known yet; the batch begins at frame first.
// Frames that cannot be learned from, with or without the teacher's answer, are returned with the reason.
func labelFrames(ctx context.Context, t teacher.Teacher, file string, first int, batch []structure.Frame, known map[string]bool) ([]dataset.Item, dataset.Quarantine, error) {
	reasons := make([]string, len(batch))
	var open []int
	var asked []structure.Frame
	faulty := faults()
	for k := range batch {
		if reasons[k] = faulty(&batch[k]); reasons[k] == "" && !hasLabels(&batch[k]) && !known[structure.ID(&batch[k].Structure)] {
			open, asked = append(open, k), append(asked, batch[k])
		}
	}
	labels, failed, err := answers(ctx, t, asked)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	for n, k := range open {
		batch[k].Labels = labels[n]
		if reasons[k] = dataset.Fault(&batch[k]); failed[n] != nil {
			reasons[k] = failed[n].Error()
		}
	}
	var items []dataset.Item
	var rejected dataset.Quarantine
	for k, f := range batch {
		it := dataset.NewItem(f, file, fmt.Sprintf("%s:%d", file, (first+k)/10))
		switch {
		case reasons[k] != "":
			rejected = append(rejected, dataset.Rejected{File: file, Frame: first + k, ID: it.ID, Reason: reasons[k]})
		case !known[it.ID]:
			items = append(items, it)
		}
	}
	return items, rejected, nil
}

// runTasks carries out the tasks whose frames are not in the store yet, several at once.
func (r *run) runTasks(ctx context.Context, tasks []sample.Task) error {
	there, err := r.stored()
	if err != nil {
		return err
	}
	total, _ := sample.Cost(tasks)
	done := 0
	open := make(chan sample.Task, len(tasks))
	for _, task := range tasks {
		if there.groups[task.Group] {
			done += task.Labels
		} else {
			open <- task
		}
	}
	close(open)
	if len(open) > 0 {
		r.progress("label", done, total)
	}
	began, before := time.Now(), done
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	var counting sync.Mutex
	for range min(r.labellers(), len(open)) {
		workers.Go(func() {
			for task := range open {
				if err := r.runTask(inner, task); err != nil {
					cancel(err) // of several errors the first counts
					return
				}
				counting.Lock()
				done += task.Labels
				r.progress("label", done, total)
				counting.Unlock()
			}
		})
	}
	workers.Wait()
	if done > before {
		_ = r.journal.add("labels", labelCost{time.Since(began).Seconds(), done - before}) // the log is no reason to stop
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return context.Cause(inner)
}

// runTask puts the frames of a task on disk at once or not at all.
func (r *run) runTask(ctx context.Context, task sample.Task) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	items, err := task.Run(ctx, r.inputs.teacher)
	if err != nil {
		return err
	}
	return r.store.Append(items)
}

// tasks are the sampler's, as planned.
func (c *Config) tasks(in *inputs) ([]sample.Task, error) {
	return sample.Plan(c.sampling(in.paths), in.starts)
}

// sampling is what the sampler is asked for: all labels, or those before the first round of active selection.
func (c *Config) sampling(paths [][2]structure.Structure) sample.Config {
	labels, later, evaluations := c.Plan.Labels, 0, c.Plan.Evaluations
	if rounds := c.Sample.shareOut(labels); rounds != nil {
		labels, later = rounds[0], sum(rounds[1:])
		if evaluations > 0 {
			evaluations = max(1, evaluations-later)
		}
	}
	return sample.Config{Labels: labels, Later: later, Temperatures: c.Domain.Temperatures, Pressure: c.Domain.Pressure, Rattle: c.Sample.Rattle,
		Strain: c.Sample.Strain, Extra: c.Sample.Extra, Paths: paths, Cutoff: float64(c.Student.Cutoff), Evaluations: evaluations, Seed: c.Seed}
}

// planLabels fixes how many frames are labelled, and in a budget how much their making may cost.
func (r *run) planLabels(ctx context.Context) error {
	p := r.config.Plan
	if p.Labels > 0 {
		return nil
	}
	p.Labels = r.config.Sample.Labels
	if r.config.Train.Steps == nil {
		if err := r.affordLabels(ctx); err != nil {
			return err
		}
	}
	p.Active = r.config.Sample.shareOut(p.Labels)
	return r.fixed()
}

// affordLabels gives at most half of the budget to labels: fewer steps between them first, then fewer labels.
func (r *run) affordLabels(ctx context.Context) error {
	each, err := r.timeTeacher(ctx)
	if err != nil {
		return err
	}
	p := r.config.Plan
	half := time.Duration(r.config.Train.Budget) / 2
	p.Evaluations = max(1, r.labellers()*int(half/max(each, 1)))
	least := len(elementsOf(r.inputs.starts)) + 9
	for p.Labels > least {
		tasks, err := r.config.tasks(r.inputs)
		if err != nil {
			return err
		}
		labels, cost := sample.Cost(tasks)
		cost += p.Labels - labels // of active selection: one evaluation each
		if cost <= p.Evaluations {
			break
		}
		p.Labels = max(least, min(p.Labels-1, p.Labels*p.Evaluations/cost))
	}
	if p.Labels < r.config.Sample.Labels {
		r.say("the budget allows %d labels of %d: the teacher takes %s for one structure", p.Labels, r.config.Sample.Labels, each.Round(time.Millisecond))
	}
	return nil
}

// typicalAtoms is the size of the structures that the sampler makes of periodic ones.
const typicalAtoms = 80

// timeTeacher measures how long the teacher takes for a structure of the usual size.
func (r *run) timeTeacher(ctx context.Context) (time.Duration, error) {
	s := r.inputs.starts[0].Structure
	if s.Periodic() && s.Len() > 0 {
		s = structure.Supercell(&s, validate.Repeats(&s, typicalAtoms))
	}
	p := teacher.AsPotential(r.inputs.teacher)
	var out structure.Result
	if err := p.Evaluate(&s, &out); err != nil { // the first call sets memory up
		return 0, err
	}
	s = s.Clone()
	began := time.Now()
	for n := 1; ; n++ {
		s.Positions[0][0] += 1e-4 // calculators of ASE remember their last answer
		if err := p.Evaluate(&s, &out); err != nil {
			return 0, err
		}
		if spent := time.Since(began); spent > 200*time.Millisecond || ctx.Err() != nil {
			return spent / time.Duration(n), ctx.Err()
		}
	}
}

func elementsOf(frames []structure.Frame) []int {
	var all []int
	for i := range frames {
		all = append(all, frames[i].Numbers...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
