package distill

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"time"

	"mlff/dataset"
	"mlff/model"
	"mlff/report"
	"mlff/structure"
	"mlff/teacher"
	"mlff/train"
)

// Label economics: what a label costs, what more of them would buy, and where the error sits.
//
// The curve needs students of fewer labels. They are trained on an eighth and a quarter of the training frames for as
// many epochs as the student itself, which is the third point: three eighths of its training, spent only where a budget has
// that much left, or where the user asks for it.
var labelShares = []float64{1. / 8, 1. / 4}

const (
	fewestLabels  = 40 // training frames below which an eighth says nothing
	timingTime    = 300 * time.Millisecond
	localityCalls = 36 // of the teacher, of 300 atoms instead of the usual 80
	localityShare = 20 // of a budget, at most, for these
)

// economics writes what it measures for the report. None of it changes the student.
func (r *run) economics(ctx context.Context, m *model.Model, p structure.Potential, s *split) error {
	e := &report.Economics{PricePerHour: r.config.PricePerHour}
	var err error
	if e.SecondsPerLabel, err = r.journal.secondsPerLabel(); err != nil {
		return err
	}
	if e.ByForce, err = byForce(ctx, p, s.test); err != nil {
		return err
	}
	if len(s.tune) == 0 {
		if err := r.labelCurve(ctx, m, p, s, e); err != nil {
			return err
		}
	}
	return r.writeJSON(economicsName, e)
}

// forceClasses are limits of force sizes, eV/Å.
var forceClasses = []float64{0, 0.5, 1, 2, 5}

// byForce sorts the errors of forces by the size of the label.
func byForce(ctx context.Context, p structure.Potential, test []dataset.Item) ([]report.ForceClass, error) {
	classes := make([]report.ForceClass, len(forceClasses))
	for k := range classes {
		if classes[k].From = forceClasses[k]; k+1 < len(classes) {
			classes[k].To = &forceClasses[k+1]
		}
	}
	var out structure.Result
	for i := range test {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := p.Evaluate(&test[i].Structure, &out); err != nil {
			return nil, err
		}
		for j, f := range test[i].Forces {
			k, _ := slices.BinarySearchFunc(forceClasses, structure.Norm(f), func(limit, size float64) int {
				if limit <= size {
					return -1
				}
				return 1
			})
			c := &classes[max(0, k-1)]
			c.Atoms++
			for a := range 3 {
				c.MAE += 1e3 * math.Abs(out.Forces[j][a]-f[a]) / 3
			}
		}
	}
	for k := range classes {
		classes[k].MAE /= math.Max(1, float64(classes[k].Atoms))
	}
	return slices.DeleteFunc(classes, func(c report.ForceClass) bool { return c.Atoms == 0 }), nil
}

// labelCurve measures the error of students of fewer labels, if there is time for it.
func (r *run) labelCurve(ctx context.Context, m *model.Model, p structure.Potential, s *split, e *report.Economics) error {
	if len(s.train) < fewestLabels || len(s.test) == 0 {
		return nil
	}
	domain, _ := r.judged(s.test)
	own, err := forceError(p, domain)
	if err != nil || own == 0 { // no forces are held out
		return err
	}
	affordable, err := r.affordsCurve(ctx, s)
	if err != nil || !affordable {
		return err
	}
	began := time.Now()
	for k, share := range labelShares {
		part, _ := dataset.Split(s.train, 1-share, r.config.Seed+10)
		point, err := r.lesser(ctx, s, part)
		if err != nil {
			return err
		}
		e.Curve = append(e.Curve, *point)
		r.progress("economics", k+1, len(labelShares))
	}
	e.Curve = append(e.Curve, report.LabelPoint{Labels: len(s.train), MAE: 1e3 * own})
	e.CurveSeconds = time.Since(began).Seconds()
	floor, err := r.floor(ctx, m.Config().Cutoff)
	if err == nil {
		e.Fit = powerLaw(e.Curve, floor)
	}
	return err
}

// affordsCurve estimates the cost from the pace of training.
func (r *run) affordsCurve(ctx context.Context, s *split) (bool, error) {
	if r.options.Economics {
		return true, nil
	}
	if r.config.Train.Steps != nil {
		return false, nil
	}
	data := r.data(s)
	m, err := r.untrained(ctx, data, s.everything())
	if err != nil {
		return false, err
	}
	timing, err := train.Time(ctx, m, data, r.trainPlan(), r.threads(), timingTime)
	if err != nil {
		return false, err
	}
	cost := 0.0
	for _, share := range labelShares {
		cost += share * float64(r.config.Plan.Steps)
	}
	left := time.Duration(r.config.Train.Budget) - r.clock.inRound()
	return time.Duration(cost*float64(timing.Step)) < left, nil
}

// lesser is the error of a student of some of the frames, trained as the student was.
func (r *run) lesser(ctx context.Context, s *split, part []dataset.Item) (*report.LabelPoint, error) {
	data := r.data(s)
	m, err := r.untrained(ctx, data, s.everything())
	if err != nil {
		return nil, err
	}
	plan := r.trainPlan()
	plan.Steps = max(1, r.config.Plan.Steps*len(part)/len(s.train))
	plan.Limit(len(data.Held))
	if r.config.Plan.Stress != stressLearned {
		plan.Weights.Stress = 0
	}
	if _, err := train.Run(ctx, m, train.Data{Train: part, Held: data.Held}, plan, train.Options{Threads: r.threads()}); err != nil {
		return nil, err
	}
	p, err := m.Potential(model.Options{Threads: r.threads()})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	domain, _ := r.judged(s.test)
	mae, err := forceError(p, domain)
	return &report.LabelPoint{Labels: len(part), MAE: 1e3 * mae}, err
}

// floor is the mean absolute error, meV/Å, that no student of a cutoff can go below; 0 where there is no teacher to ask or
// asking it takes too long. A mean absolute value is sqrt(2/π) of the root mean square that teacher.Locality measures.
func (r *run) floor(ctx context.Context, cutoff float64) (float64, error) {
	t, s := r.inputs.teacher, r.smallestStart()
	if t == nil || s == nil {
		return 0, nil
	}
	if t.Info().Workers > 0 {
		each, err := r.timeTeacher(ctx)
		if err != nil || each*4*localityCalls/time.Duration(r.labellers()) > time.Duration(r.config.Train.Budget)/localityShare {
			return 0, err
		}
	}
	reaches, err := teacher.Locality(ctx, t, []structure.Structure{*s}, teacher.LocalityOptions{Radii: []float64{cutoff}}, nil)
	if err != nil || len(reaches) == 0 {
		return 0, ctx.Err() // the curve is worth showing without
	}
	return 1e3 * math.Sqrt(2/math.Pi) * reaches[0].Spread, nil
}

// powerLaw fits MAE = floor + a n^-b by least squares of logarithms. Where a point is not above the floor, there is none.
func powerLaw(curve []report.LabelPoint, floor float64) *report.PowerLaw {
	for _, p := range curve {
		if !(p.MAE > 0) {
			return nil
		}
		if p.MAE <= floor {
			floor = 0
		}
	}
	var n, x, y, xx, xy float64
	for _, p := range curve {
		u, v := math.Log(float64(p.Labels)), math.Log(p.MAE-floor)
		n, x, y, xx, xy = n+1, x+u, y+v, xx+u*u, xy+u*v
	}
	slope := (n*xy - x*y) / (n*xx - x*x)
	if math.IsNaN(slope) || math.IsInf(slope, 0) {
		return nil
	}
	return &report.PowerLaw{A: math.Exp((y - slope*x) / n), B: -slope, Floor: floor}
}

// labelCost is an event of the log: what labelling took in one process.
type labelCost struct {
	Seconds float64 `json:"seconds"`
	Labels  int     `json:"labels"`
}

// secondsPerLabel is the mean over all processes of the run; 0 where none asked a teacher.
func (j *journal) secondsPerLabel() (float64, error) {
	text, err := os.ReadFile(j.file.Name())
	var all labelCost
	for line := range bytes.Lines(text) {
		var e entry
		var c labelCost
		if json.Unmarshal(line, &e) == nil && e.Event == "labels" && json.Unmarshal(e.Value, &c) == nil {
			all.Seconds += c.Seconds
			all.Labels += c.Labels
		}
	}
	if all.Labels == 0 {
		return 0, err
	}
	return all.Seconds / float64(all.Labels), err
}
