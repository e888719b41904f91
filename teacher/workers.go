package teacher

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"time"

	"mlff/structure"
)

// workers is a teacher in child processes, several of them where it pays.
type workers struct {
	info    Info
	options Options
	request []byte // that opens the teacher
	python  string
	scripts string // folder of the scripts
	limits  limits
	threads int     // of each
	batch   int     // structures a call
	spread  float64 // eV/Å above which a structure is refused; +Inf: none
	trace   *trace

	backoff time.Duration // before a worker is started that died twice
	patient time.Duration // to open the teacher: packages are imported and models compiled
	all     []*worker
	free    chan struct{} // one for each of idle
	mutex   sync.Mutex    // guards the three below
	idle    []*worker     // those that are not labelling; the last to finish is the first to go on, for it is warm
	deaths  int           // in a row, over all workers
	failure error         // that made the teacher unusable
}

// worker is a place for a process, which may not have been started yet, or no longer run.
type worker struct {
	index   int
	process *process
	deaths  int // in a row
}

// Limits of patience.
const (
	kills      = 2  // workers that one structure may kill
	mostDeaths = 12 // of workers in a row before the teacher is given up
	mostPause  = 30 * time.Second
)

func (t *workers) Info() Info { return t.info }

// Close ends all workers. It must not be called while Label runs.
func (t *workers) Close() error {
	var group sync.WaitGroup
	for _, w := range t.all {
		if w.process != nil {
			group.Go(w.process.close)
			w.process = nil
		}
	}
	group.Wait()
	t.trace.close()
	return os.RemoveAll(t.scripts)
}

// Label gives each worker a batch at a time. A batch that killed its worker is tried again structure by structure; a
// structure that killed two has no labels, and the error says how they died.
func (t *workers) Label(ctx context.Context, s []structure.Structure) ([]structure.Labels, error) {
	labels, _, err := t.LabelSpread(ctx, s)
	return labels, err
}

// LabelSpread also returns how much the members of an ensemble disagree: the largest standard deviation of a force in
// each structure, eV/Å; NaN where the teacher is no ensemble.
func (t *workers) LabelSpread(ctx context.Context, s []structure.Structure) ([]structure.Labels, []float64, error) {
	if err := Check(t.info, s); err != nil {
		return nil, nil, err
	}
	out := &outcome{make([]structure.Labels, len(s)), make([]float64, len(s)), make([]error, len(s))}
	fill(out.spreads)
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	batches := make(chan []int, len(s))
	for b := range slices.Chunk(indices(len(s)), t.batchSize(len(s))) {
		batches <- b
	}
	close(batches)
	var group sync.WaitGroup
	for range min(len(t.all), len(batches)) {
		group.Go(func() {
			for batch := range batches {
				if err := t.work(inner, s, batch, out); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	group.Wait()
	if err := context.Cause(inner); err != nil {
		return out.labels, out.spreads, err
	}
	return out.labels, out.spreads, failures(out.errs)
}

// outcome of labelling, by structure. Workers write to different elements at the same time.
type outcome struct {
	labels  []structure.Labels
	spreads []float64
	errs    []error
}

func indices(n int) []int {
	list := make([]int, n)
	for k := range list {
		list[k] = k
	}
	return list
}

// batchSize is at most what the teacher likes, and small enough to occupy every worker.
func (t *workers) batchSize(n int) int {
	return max(1, min(t.batch, (n+len(t.all)-1)/len(t.all)))
}

// work labels a batch whatever it takes. Its error means that the teacher cannot go on.
func (t *workers) work(ctx context.Context, s []structure.Structure, batch []int, out *outcome) error {
	w, err := t.acquire(ctx)
	if err != nil {
		return err
	}
	defer t.release(w)
	queue, killed := [][]int{batch}, map[int]int{}
	for len(queue) > 0 {
		batch, queue = queue[0], queue[1:]
		err := t.try(ctx, w, s, batch, out)
		var death *deathError
		if !errors.As(err, &death) {
			if err != nil {
				return err
			}
			continue
		}
		if err := t.mourn(w, death); err != nil {
			return err
		}
		for _, k := range batch {
			if killed[k]++; killed[k] >= kills {
				out.errs[k] = fmt.Errorf("%d workers failed on it, the last time because %w", kills, death)
			} else {
				queue = append(queue, []int{k})
			}
		}
	}
	return nil
}

// acquire waits for a worker.
func (t *workers) acquire(ctx context.Context) (*worker, error) {
	select {
	case <-t.free:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	last := len(t.idle) - 1
	w := t.idle[last]
	t.idle = t.idle[:last]
	return w, nil
}

func (t *workers) release(w *worker) {
	t.mutex.Lock()
	t.idle = append(t.idle, w)
	t.mutex.Unlock()
	t.free <- struct{}{}
}

// mourn counts deaths; too many in a row mean that the teacher, not a structure, is to blame.
func (t *workers) mourn(w *worker, death error) error {
	w.process = nil
	w.deaths++
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.deaths++; t.deaths >= mostDeaths {
		t.failure = structure.Hint(fmt.Errorf("the teacher %s failed %d times in a row: %w", t.info.Name, t.deaths, death),
			"try it on one structure: mlff teachers check "+t.info.Name+" --structures FILE --trace trace.txt")
	}
	return t.failure
}

// try labels a batch once.
func (t *workers) try(ctx context.Context, w *worker, s []structure.Structure, batch []int, out *outcome) error {
	if err := t.ensure(ctx, w); err != nil {
		return err
	}
	var body bytes.Buffer
	batch = slices.DeleteFunc(slices.Clone(batch), func(k int) bool {
		out.errs[k] = structure.WriteFrame(&body, &structure.Frame{Structure: s[k]})
		return out.errs[k] != nil
	})
	if len(batch) == 0 {
		return nil
	}
	request, err := json.Marshal(map[string]int{"label": len(batch), "bytes": body.Len()})
	if err != nil {
		return err
	}
	l := t.limits
	l.time *= time.Duration(len(batch))
	a, err := w.process.exchange(ctx, l, request, body.Bytes())
	if err == nil && len(a.frames)+len(a.Errors) != len(batch) {
		err = w.process.end(fmt.Sprintf("the worker answered %d frames and %d errors to %d structures", len(a.frames), len(a.Errors), len(batch)))
	}
	if err != nil {
		if ctx.Err() != nil {
			w.process = nil
		}
		return err
	}
	w.deaths = 0
	t.mutex.Lock()
	t.deaths = 0
	t.mutex.Unlock()
	t.take(a, batch, out)
	if t.limits.memory > 0 && a.Resident > t.limits.memory*3/4 { // it leaks: a fresh one before anything is lost
		w.process.close()
		w.process = nil
	}
	return nil
}

// take hands the answers to their structures.
func (t *workers) take(a *answer, batch []int, out *outcome) {
	next := 0
	for n, k := range batch {
		if text, failed := a.Errors[n]; failed {
			out.errs[k] = errors.New(text)
			continue
		}
		l := a.frames[next].Labels
		next++
		spread, ensemble := a.Spread[n]
		if ensemble {
			out.spreads[k] = spread
		}
		if ensemble && spread > t.spread {
			out.errs[k] = fmt.Errorf("the members of the ensemble disagree by %.3g eV/Å, more than %.3g", spread, t.spread)
			continue
		}
		out.labels[k] = l
	}
}

// ensure starts the worker's process if there is none. One that died before is given a pause, each time twice as long.
func (t *workers) ensure(ctx context.Context, w *worker) error {
	for w.process == nil {
		t.mutex.Lock()
		failure := t.failure
		t.mutex.Unlock()
		if failure != nil {
			return failure
		}
		select {
		case <-time.After(t.pause(w.deaths)):
		case <-ctx.Done():
			return ctx.Err()
		}
		_, err := t.start(ctx, w)
		var death *deathError
		if errors.As(err, &death) {
			if err := t.mourn(w, death); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pause before a worker is started again that died so many times in a row. One death may be chance.
func (t *workers) pause(deaths int) time.Duration {
	if deaths < 2 {
		return 0
	}
	return time.Duration(min(float64(t.backoff)*math.Pow(2, float64(deaths-2)), float64(mostPause)))
}

// start runs a process and opens the teacher in it.
func (t *workers) start(ctx context.Context, w *worker) (*ready, error) {
	p, err := startProcess(t.python, t.scripts, w.index, t.threads, t.trace)
	if err != nil {
		return nil, structure.Hint(fmt.Errorf("the teacher's Python %s does not start: %w", t.python, err), pythonHint)
	}
	hello, err := p.exchange(ctx, limits{time: t.patient}, nil, nil)
	if err == nil && hello.Worker != protocol {
		err = fmt.Errorf("the worker speaks version %d of the protocol, not %d", hello.Worker, protocol)
	}
	if err != nil {
		p.kill()
		return nil, err
	}
	a, err := p.exchange(ctx, limits{t.patient, t.limits.memory}, t.request, nil)
	switch {
	case err != nil:
		return nil, err
	case a.Ready == nil:
		p.close()
		err := fmt.Errorf("the teacher %s cannot be opened: %s", t.info.Name, a.Failed)
		if a.Hint == "" {
			return nil, structure.Hint(err, "the teacher's own messages: "+p.stderr.last())
		}
		return nil, structure.Hint(err, a.Hint)
	}
	w.process = p
	return a.Ready, nil
}
