package train

import "slices"

// History is the course of a training: what a report draws and a log keeps.
type History struct {
	Points       []Point `json:"points"`
	Checks       []Check `json:"checks"`
	Best         int     `json:"best"`              // update whose averaged parameters were kept
	Stopped      int     `json:"stopped,omitempty"` // update at which an early stop went back to the best; 0: none
	Reproducible bool    `json:"reproducible"`      // false where the clock cut the plan short
	Note         string  `json:"note,omitempty"`    // why not
}

// Then is the history of a training that went on with other data after update from.
func (h *History) Then(next *History, from int) *History {
	all := *h
	all.Points, all.Checks = slices.Clone(h.Points), slices.Clone(h.Checks)
	for _, p := range next.Points {
		p.Step += from
		all.Points = append(all.Points, p)
	}
	for k := range all.Checks {
		all.Checks[k].Best = false // of other frames
	}
	for _, c := range next.Checks {
		c.Step += from
		all.Checks = append(all.Checks, c)
	}
	all.Best = from + next.Best
	if all.Stopped = 0; next.Stopped > 0 {
		all.Stopped = from + next.Stopped
	}
	if !next.Reproducible {
		all.Reproducible, all.Note = false, next.Note
	}
	return &all
}

// Point is the mean loss of the batches since the point before.
type Point struct {
	Step int     `json:"step"`
	Rate float64 `json:"rate"`
	Loss float64 `json:"loss"` // with the weights of the moment
	Terms
}

// Check is an evaluation of the averaged parameters on held-out frames.
type Check struct {
	Step   int     `json:"step"`
	Loss   float64 `json:"loss"`   // with the weights of the end of training: comparable over all updates
	Score  float64 `json:"score"`  // what decides: the same with absolute residuals, which single odd frames do not rule
	Energy float64 `json:"energy"` // mean absolute error, meV/atom; 0 without labels
	Forces float64 `json:"forces"` // mean absolute error of components, meV/Å
	Best   bool    `json:"best"`   // the smallest score so far: these parameters are kept
}

// Progress is what a running training tells its caller after every update.
type Progress struct {
	Step, Steps int
	Loss        float64 // of the last batch
	Check       *Check  // set right after an evaluation
	Point       *Point  // set when one was added to the history
}

// points is how many points a history has.
const points = 400

// bestScore is the smallest held-out score so far.
func (h *History) bestScore() (score float64, ok bool) {
	for _, c := range h.Checks {
		if c.Best {
			score, ok = c.Score, true
		}
	}
	return score, ok
}
