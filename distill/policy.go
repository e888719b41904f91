package distill

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mlff/dataset"
	"mlff/structure"
	"mlff/teacher"
	"mlff/validate"
)

// policySource is the source of frames of the student's own dynamics, and the beginning of their groups:
// on-policy/ROUND/N. The round that made them is judged by them; later rounds learn from them.
const policySource = "on-policy"

// The short form of the gate: frames at each temperature, the fewest that say anything, and the share of a budget that
// their labels may cost. Together with the run at constant energy that stays within a third.
const (
	policyFrames = 12
	policyLeast  = 4
	policyShare  = 5
	policyGroup  = 4 // frames of a group
)

// onPolicy says how the student is judged in its own dynamics; nil where no teacher can label that, or the budget has no
// time for it.
func (r *run) onPolicy(ctx context.Context) (*validate.OnPolicy, error) {
	if r.inputs.teacher == nil {
		return nil, nil
	}
	o := &validate.OnPolicy{Temperatures: r.config.Domain.Temperatures, Seed: r.config.Seed, Label: r.labelPolicy()}
	if d := r.options.Dynamics; d.Duration > 0 { // of tests
		o.Atoms, o.Settling = d.Atoms, d.Duration
	}
	for i := range r.inputs.starts {
		o.Starts = append(o.Starts, r.inputs.starts[i].Structure)
		o.Phases = append(o.Phases, dataset.PhaseOf(&r.inputs.starts[i]))
	}
	plan := r.config.Plan
	if plan.PolicyFrames == 0 {
		if err := r.affordPolicy(ctx, o); err != nil {
			return nil, err
		}
	}
	if plan.PolicyFrames < policyLeast {
		return nil, nil
	}
	o.Frames = plan.PolicyFrames
	return o, nil
}

// affordPolicy fixes the number of frames at a temperature.
func (r *run) affordPolicy(ctx context.Context, o *validate.OnPolicy) error {
	plan := r.config.Plan
	plan.PolicyFrames = policyFrames
	if r.config.Train.Steps == nil {
		each, err := r.timeTeacher(ctx)
		if err != nil {
			return err
		}
		states := len(validate.Extremes(o.Temperatures))
		calls := r.labellers() * int(time.Duration(r.config.Train.Budget)/policyShare/max(each, 1))
		plan.PolicyFrames = min(policyFrames, max(1, calls/states))
		if plan.PolicyFrames < policyLeast {
			r.say("the budget does not allow to judge the student in its own dynamics, the teacher takes %s for one structure: mlff validate --teacher does it", each.Round(time.Millisecond))
		}
	}
	return r.fixed()
}

// labelPolicy asks the teacher for labels that the store does not have and puts them there before they are used, so that
// a run that is killed asks for none of them again.
func (r *run) labelPolicy() func(context.Context, []structure.Structure) ([]structure.Labels, error) {
	known := map[string]structure.Labels{}
	groups := 0
	read := false
	return func(ctx context.Context, s []structure.Structure) ([]structure.Labels, error) {
		if !read {
			items, err := r.store.Items()
			if err != nil {
				return nil, err
			}
			for i := range items {
				known[items[i].ID] = items[i].Labels
				if round, n := policyRound(items[i].Group); round == r.config.Plan.Round {
					groups = max(groups, n+1)
				}
			}
			read = true
		}
		fresh, err := r.answer(ctx, s, known, groups)
		if err != nil {
			return nil, err
		}
		groups += fresh
		labels := make([]structure.Labels, len(s))
		for k := range s {
			labels[k] = known[structure.ID(&s[k])]
		}
		return labels, nil
	}
}

// answer adds to known what the teacher says of structures that are not there yet, and returns how many groups of frames
// that made. What cannot be labelled stays away.
func (r *run) answer(ctx context.Context, s []structure.Structure, known map[string]structure.Labels, groups int) (int, error) {
	var open []structure.Frame
	for k := range s {
		if _, ok := known[structure.ID(&s[k])]; !ok {
			open = append(open, structure.Frame{Structure: s[k], Info: []structure.Entry{{Key: "config_type", Value: policySource}}})
		}
	}
	if len(open) == 0 {
		return 0, nil
	}
	labels, failed, err := answers(ctx, r.inputs.teacher, open)
	if err != nil {
		return 0, err
	}
	var items []dataset.Item
	for k := range open {
		open[k].Labels = labels[k]
		if failed[k] == nil && dataset.Fault(&open[k]) == "" {
			group := fmt.Sprintf("%s/%d/%d", policySource, r.config.Plan.Round, groups+len(items)/policyGroup)
			items = append(items, dataset.NewItem(open[k], policySource, group))
		}
	}
	if len(items) == 0 {
		return 0, nil
	}
	if err := r.store.Append(items); err != nil {
		return 0, err
	}
	for i := range items {
		known[items[i].ID] = items[i].Labels
	}
	return (len(items) + policyGroup - 1) / policyGroup, nil
}

// policyRound takes a group apart; round 0 is none of them.
func policyRound(group string) (round, n int) {
	rest, ok := strings.CutPrefix(group, policySource+"/")
	first, second, _ := strings.Cut(rest, "/")
	if !ok {
		return 0, 0
	}
	round, _ = strconv.Atoi(first) // groups of other makers have no number there
	n, _ = strconv.Atoi(second)
	return round, n
}

// learnable tells whether this round learns from an item: not from frames that its own student went to.
func (r *run) learnable(it *dataset.Item) bool {
	round, _ := policyRound(it.Group)
	return round < r.config.Plan.Round
}

// TeacherLabels asks a teacher for labels of structures; those that it cannot label stay empty.
func TeacherLabels(t teacher.Teacher) func(context.Context, []structure.Structure) ([]structure.Labels, error) {
	return func(ctx context.Context, s []structure.Structure) ([]structure.Labels, error) {
		frames := make([]structure.Frame, len(s))
		for k := range s {
			frames[k].Structure = s[k]
		}
		labels, _, err := answers(ctx, t, frames)
		return labels, err
	}
}
