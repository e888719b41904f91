package train

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestRate(t *testing.T) {
	p := DefaultPlan()
	p.Steps = 4000
	at := func(s int) float64 { return p.rate(s, schedule{Total: p.Steps}.progress(s)) / p.Rate }
	for _, c := range []struct {
		step int
		want float64
	}{{0, 1.0 / 101}, {99, 100.0 / 101}, {100, 1}, {2050, 0.003 + 0.997/2}, {4000, 0.003}} {
		if got := at(c.step); math.Abs(got-c.want) > 1e-12 { // rounding
			t.Errorf("rate at %d: %v of the peak, want %v", c.step, got, c.want)
		}
	}
	p.Steps = 50 // warm-up shrinks to a tenth
	if got := at(5); math.Abs(got-1) > 1e-12 {
		t.Errorf("rate after a short warm-up: %v", got)
	}
}

func TestWeightsRise(t *testing.T) {
	p := DefaultPlan()
	if p.weights(0.69) != p.Weights || p.weights(0.7).Energy != 3*p.Weights.Energy || p.weights(1).Forces != p.Weights.Forces {
		t.Error(p.weights(0.69), p.weights(0.7), p.weights(1))
	}
}

func TestScheduleSqueezed(t *testing.T) {
	s := schedule{Total: 1000}.squeeze(400, 700)
	if got := s.progress(400); got != 0.4 {
		t.Error("progress jumps to", got)
	}
	if got := s.progress(550); math.Abs(got-0.7) > 1e-15 {
		t.Error("half of the rest in half of the time, not", got)
	}
	if s.progress(700) != 1 || s.squeeze(650, 600).progress(650) != 1 {
		t.Error("does not end")
	}
}

func TestPlanWithinBudget(t *testing.T) {
	p := DefaultPlan()
	timing := Timing{Step: 10 * time.Millisecond, Check: time.Millisecond, Start: time.Second}
	p.Within(time.Minute, timing, 5000, 500)
	cost := timing.Start + time.Duration(p.Steps)*timing.Step + time.Duration(p.Checks*p.CheckFrames)*timing.Check
	if cost > 60*time.Second || cost < 50*time.Second {
		t.Errorf("%d steps and %d frames checked cost %v", p.Steps, p.CheckFrames, cost)
	}
	p.Within(time.Hour, timing, 100, 10)
	if p.Steps != MostEpochs*100/p.Batch {
		t.Errorf("%d steps for 100 frames, want each seen %d times", p.Steps, MostEpochs)
	}
	p.Within(time.Second, Timing{Step: time.Second, Start: 2 * time.Second}, 100, 0)
	if p.Steps != 1 || p.Validate() != nil {
		t.Error("a budget that allows nothing:", p.Steps, p.Validate())
	}
}

func TestPlanValidate(t *testing.T) {
	good := DefaultPlan()
	good.Steps = 1
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*Plan){
		"steps":   func(p *Plan) { p.Steps = 0 },
		"batch":   func(p *Plan) { p.Batch = 0 },
		"rate":    func(p *Plan) { p.Rate = math.NaN() },
		"loss":    func(p *Plan) { p.Loss = "mse" },
		"weights": func(p *Plan) { p.Weights = Weights{} },
		"average": func(p *Plan) { p.Average = 1 },
	} {
		p := good
		spoil(&p)
		if p.Validate() == nil {
			t.Errorf("%s: %+v passes", name, p)
		}
	}
}

func TestOrderDealsEveryFrameOncePerEpoch(t *testing.T) {
	o := newOrder(7, 10)
	var dealt []int
	for s := range 10 {
		dealt = o.batch(s, 3, dealt)
	}
	for e := range 3 {
		epoch := slices.Clone(dealt[10*e : 10*e+10])
		slices.Sort(epoch)
		if !slices.Equal(epoch, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
			t.Errorf("epoch %d: %v", e, epoch)
		}
	}
	if again := newOrder(7, 10).batch(6, 3, nil); !slices.Equal(again, dealt[18:21]) {
		t.Errorf("a fresh start deals %v, not %v", again, dealt[18:21])
	}
}
