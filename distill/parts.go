package distill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"mlff/dataset"
	"mlff/structure"
	"mlff/teacher"
)

// PartsEnd is what the name of the folder ends in that holds labels until a file has all of them.
const PartsEnd = ".parts"

// doneEnd follows while the folder is being removed, so that a half removed one is not taken for a damaged one.
const doneEnd = ".done"

// parts is the folder beside a file that is being labelled:
//
//	teacher.json   whose labels these are
//	*.extxyz.zst   structures with their labels (dataset.Store)
//	lock           of the one process that may work here
//
// It knows labels by the structure's id, so that it does not matter in which order, by how many workers or by how many
// processes one after the other they were made.
type parts struct {
	*directory
	store  *dataset.Store
	mutex  sync.Mutex // guards labels
	labels map[string]structure.Labels
}

// owner is teacher.json.
type owner struct {
	Teacher  string `json:"teacher"`
	Identity string `json:"identity"`
}

// openParts opens or makes the folder for a file. Labels of another teacher in it are an error.
func openParts(out string, t teacher.Info) (*parts, error) {
	folder := out + PartsEnd
	if err := os.RemoveAll(folder + doneEnd); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, err
	}
	d, err := lockDirectory(folder)
	if err != nil {
		return nil, err
	}
	d.sweep()
	structure.SweepWhole(out)
	if d.has(slurmName) {
		d.close()
		return nil, structure.Hint(fmt.Errorf("jobs of a cluster label for %s", out), "wait for them with: mlff label --collect --out "+out)
	}
	p := &parts{directory: d, labels: map[string]structure.Labels{}}
	if err = p.belong(owner{t.Name, t.Identity}); err == nil {
		err = p.read()
	}
	if err != nil {
		d.close()
		return nil, err
	}
	return p, nil
}

// belong makes sure that the folder holds labels of one teacher only.
func (p *parts) belong(to owner) error {
	text, found, err := p.directory.read(teacherName)
	if err != nil {
		return err
	}
	if !found {
		text, err := json.Marshal(to)
		if err != nil {
			return err
		}
		return p.write(teacherName, append(text, '\n'))
	}
	var by owner
	if err := json.Unmarshal(text, &by); err != nil {
		return structure.Hint(fmt.Errorf("%s: %w", p.file(teacherName), err), "remove "+p.path+" to label anew")
	}
	if by.Identity != to.Identity {
		return structure.Hint(fmt.Errorf("%s has labels of another teacher, %s (%.12s), than %s (%.12s)", p.path, by.Teacher, by.Identity, to.Teacher, to.Identity),
			"go on with that teacher, remove the folder, or choose another --out")
	}
	return nil
}

const teacherName = "teacher.json"

func (p *parts) read() error {
	var err error
	if p.store, err = dataset.OpenStore(p.path, nil); err != nil {
		return err
	}
	items, err := p.store.Items()
	for i := range items {
		p.labels[items[i].ID] = items[i].Labels
	}
	return err
}

// keep puts labels on disk. Those that are empty were not given and are left out.
func (p *parts) keep(ids []string, s []structure.Structure, labels []structure.Labels) error {
	var items []dataset.Item
	for k := range labels {
		if hasLabels(&structure.Frame{Labels: labels[k]}) {
			items = append(items, dataset.Item{Frame: structure.Frame{Structure: s[k], Labels: labels[k]}, ID: ids[k], Weight: 1})
		}
	}
	if err := p.store.Append(items); err != nil {
		return err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, it := range items {
		p.labels[it.ID] = it.Labels
	}
	return nil
}

// queue hands out what is still to be labelled, in pieces that take a worker about 0.3 s each: that much is lost when
// everything is killed, and writing to disk that often costs next to nothing.
type queue struct {
	mutex    sync.Mutex
	frames   []structure.Structure
	ids      []string
	failed   map[string]error // why there is no label, by id
	workers  int
	finished int // of total different structures
	total    int
	told     func(done, total int)
}

const (
	pieceTime = 300 * time.Millisecond
	pieceMost = 500
)

// next takes up to n structures off the queue, but leaves each worker its share.
func (q *queue) next(n int) ([]structure.Structure, []string) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	n = min(n, (len(q.frames)+q.workers-1)/q.workers)
	s, ids := q.frames[:n], q.ids[:n]
	q.frames, q.ids = q.frames[n:], q.ids[n:]
	return s, ids
}

// label asks the teacher for all labels of the queue that the folder lacks, with several workers.
func (p *parts) label(ctx context.Context, t teacher.Teacher, q *queue) error {
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	for range q.workers {
		workers.Go(func() {
			if err := p.work(inner, t, q); err != nil {
				cancel(err) // of several errors the first counts
			}
		})
	}
	workers.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return context.Cause(inner)
}

func (p *parts) work(ctx context.Context, t teacher.Teacher, q *queue) error {
	least := max(1, t.Info().Batch)
	for n := least; ctx.Err() == nil; {
		s, ids := q.next(n)
		if len(s) == 0 {
			return nil
		}
		began := time.Now()
		labels, err := t.Label(ctx, s)
		var some *teacher.LabelError
		if err != nil && !errors.As(err, &some) && len(labels) != len(s) {
			return err
		}
		if kept := p.keep(ids, s, labels); kept != nil { // what a cancelled teacher has done, too
			return kept
		}
		if err != nil && some == nil {
			return err
		}
		q.done(ids, some)
		n = pieceOf(n, least, time.Since(began))
	}
	return ctx.Err()
}

// pieceOf is how many structures to take next time, if n took so long.
func pieceOf(n, least int, took time.Duration) int {
	fit := int(float64(n) * float64(pieceTime) / float64(max(took, time.Microsecond)))
	return max(least, min(fit, 4*n, pieceMost))
}

// done notes what came of a piece.
func (q *queue) done(ids []string, failures *teacher.LabelError) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if failures != nil {
		for n, k := range failures.Structures {
			q.failed[ids[k]] = failures.Errs[n]
		}
	}
	q.finished += len(ids)
	q.told(q.finished, q.total)
}

// remove deletes the folder once the file has everything.
func (p *parts) remove() error {
	defer p.close()
	done := p.path + doneEnd
	if err := os.Rename(p.path, done); err != nil {
		return err
	}
	return os.RemoveAll(done)
}

// known takes labels of a teacher over from a file that an earlier call finished, as far as it can be read: whoever calls
// again wants what is missing, or was killed before he saw that nothing is.
func (p *parts) known(file, identity string) {
	frames, err := structure.ReadFile(file, structure.Keys{})
	if err != nil {
		return
	}
	for k := range frames {
		f := &frames[k]
		if by, _ := f.Get(identityKey); by == identity && hasLabels(f) {
			p.labels[structure.ID(&f.Structure)] = f.Labels
		}
	}
}

// open lists the structures of frames that have no label here, each once.
func (p *parts) open(frames []structure.Frame, ids []string) *queue {
	q := &queue{failed: map[string]error{}}
	seen := map[string]bool{}
	for k := range frames {
		if _, there := p.labels[ids[k]]; !there && !seen[ids[k]] {
			q.frames, q.ids = append(q.frames, frames[k].Structure), append(q.ids, ids[k])
		}
		seen[ids[k]] = true
	}
	q.total = len(seen)
	q.finished = q.total - len(q.frames)
	return q
}
