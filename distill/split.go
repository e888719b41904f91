package distill

import (
	"mlff/dataset"
	"mlff/sample"
)

// The shares of frames that training never sees.
const (
	heldShare = 0.1 // decide when to stop, which average to keep, and scale the grade
	testShare = 0.1 // of a teacher's labels: decide nothing, and are what the certificate speaks of

	// Accuracies are stated from 10 frames on; whole groups may fall a little short. Of few labels, at most a quarter.
	testFrames = 15
	testMost   = 0.25

	leastJudged = 10
)

// heldName is what held-out frames are called where they are the test.
const heldName = "held-out"

// split is what the frames are used for.
type split struct {
	train, held, test []dataset.Item
	set               string         // what the test frames are called
	tune, tuneHeld    []dataset.Item // of the second training
	labels            int            // all labelled frames, those for the test included
}

// splits are the ids of a split, as splits.json holds them.
type splits struct {
	Train []string `json:"train"`
	Held  []string `json:"held"`
	Test  []string `json:"test"`
	Valid []string `json:"valid"`
}

// split divides the frames by group. A student of data is tested on the validation frames where there are any, else on
// the held-out frames; a teacher can label frames that are kept for the test alone.
func (r *run) split(items []dataset.Item) (*split, error) {
	lone, rest := r.loneAdditions(items)
	s := &split{set: heldName, train: rest, labels: len(items)}
	if r.inputs.teacher != nil {
		s.train, s.test = dataset.Split(rest, min(testMost, max(testShare, testFrames/float64(len(items)))), r.config.Seed)
		s.set = "test"
	}
	s.train, s.held = dataset.Split(s.train, heldShare, r.config.Seed+1)
	s.train = append(s.train, lone...)
	ids := splits{ids(s.train), ids(s.held), ids(s.test), ids(r.inputs.valid)}
	switch {
	case r.inputs.teacher == nil && len(r.inputs.valid) > 0:
		s.test, s.set = r.inputs.valid, names(r.config.Valid)
	case r.inputs.teacher == nil:
		s.test = s.held
	}
	r.splitTuning(s)
	if n := dataset.Overlap(items, r.inputs.valid); n > 0 {
		r.say("%d of the %d validation frames are also learned from", n, len(r.inputs.valid))
	}
	return s, r.writeJSON(splitsName, ids)
}

// judged are the test frames that bars are held against, or the held-out frames that decide which parameters are kept, and the
// sampler's walls beside them, unless too few others are left. Frames of files always count. Walls decide nothing, for the
// errors of a few dimers exceed all others and jump from check to check: of ethanol's ANI-1ccx they kept parameters from the
// middle of training, with force errors of 27 instead of 20 meV/Å in dynamics.
func (r *run) judged(items []dataset.Item) (domain, walls []dataset.Item) {
	domain, walls = apart(items)
	if r.inputs.teacher == nil || len(domain) < leastJudged {
		return items, nil
	}
	return domain, walls
}

// apart are the items of the domain, and those of the walls around it.
func apart(items []dataset.Item) (domain, walls []dataset.Item) {
	for _, it := range items {
		if sample.Wall(it.Source) {
			walls = append(walls, it)
		} else {
			domain = append(domain, it)
		}
	}
	return domain, walls
}

// loneAdditions are the frames of files of --add that are a single group, such as the one at which a simulation stopped:
// held out they would change nothing, so all of them are learned from.
func (r *run) loneAdditions(items []dataset.Item) (lone, rest []dataset.Item) {
	groups := map[string]map[string]bool{}
	for _, s := range r.config.Plan.Added {
		groups[s.File] = map[string]bool{}
	}
	for i := range items {
		if g := groups[items[i].Source]; g != nil {
			g[items[i].Group] = true
		}
	}
	for i := range items {
		if len(groups[items[i].Source]) == 1 {
			lone = append(lone, items[i])
		} else {
			rest = append(rest, items[i])
		}
	}
	return lone, rest
}

func ids(items []dataset.Item) []string {
	list := make([]string, len(items))
	for i := range items {
		list[i] = items[i].ID
	}
	return list
}
