package distill

import (
	"context"
	"errors"
	"fmt"
	"os"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
	"mlff/teacher"
)

// LabelOutcome is what came of labelling files: the JSON of mlff label.
type LabelOutcome struct {
	Frames  int                `json:"frames"`
	Out     string             `json:"out"`
	Refused dataset.Quarantine `json:"refused"` // frames that the teacher could not label
}

// Label writes a teacher's answers for the frames of files to a file. Labels that were there before are replaced,
// everything else stays. The file appears when all is done and there are labels; until then what had its name stays, and
// the labels made so far lie in a folder beside it: the same call goes on from there, whatever ended the last. Labels of
// this teacher that the file has from an earlier call are not made again. progress hears how many different structures
// are done. A Python with ASE reads files of formats that are not read here.
func Label(ctx context.Context, t teacher.Teacher, files []string, out, python string, progress func(done, total int)) (*LabelOutcome, error) {
	home, ended, err := partsHome(out)
	if err != nil {
		return nil, err
	}
	defer ended()
	l := &labelling{out: out, python: python, identity: t.Info().Identity}
	if err := l.read(ctx, t, files); err != nil {
		return nil, err
	}
	p, err := openParts(home, t.Info())
	if err != nil {
		return nil, err
	}
	defer p.close()
	if home == out {
		p.known(out, l.identity)
	}
	q := p.open(l.frames, l.ids)
	q.workers, q.told = labellersOf(t), progress
	progress(q.finished, q.total)
	if err := p.label(ctx, t, q); err != nil {
		return nil, l.ended(err, p, q)
	}
	return l.write(p, q)
}

// partsHome is the file beside which labels are collected: one of its own, in a folder that ended removes, where out is a
// pipe or a device. A file that could not be written is found here, before there is any work.
func partsHome(out string) (home string, ended func(), err error) {
	if info, err := os.Stat(out); err != nil || info.Mode().IsRegular() || info.IsDir() {
		w, err := structure.CreateWhole(out)
		if err == nil {
			w.Abandon()
		}
		return out, func() {}, err
	}
	folder, err := os.MkdirTemp("", "mlff-label-")
	return folder + "/labels", func() { os.RemoveAll(folder) }, err
}

// labelling is the work of Label.
type labelling struct {
	out, python, identity string
	frames                []structure.Frame
	ids                   []string
	places                []place
}

// place is where a frame was.
type place struct {
	file  string
	frame int
}

// read takes all frames into memory and finds those that no teacher, or not this one, can label.
func (l *labelling) read(ctx context.Context, t teacher.Teacher, files []string) error {
	for _, path := range files {
		err := eachStructure(ctx, path, l.python, func(k int, f *structure.Frame) error {
			if err := f.Check(); err != nil {
				return err
			}
			if err := known(t, &f.Structure); err != nil {
				return err
			}
			l.frames, l.ids, l.places = append(l.frames, *f), append(l.ids, structure.ID(&f.Structure)), append(l.places, place{path, k})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// labellersOf is how many structures a teacher labels at a time.
func labellersOf(t teacher.Teacher) int {
	if n := t.Info().Workers; n > 0 {
		return n
	}
	return model.DefaultThreads()
}

// ended says how far labelling came.
func (l *labelling) ended(err error, p *parts, q *queue) error {
	hint := "the same command goes on; what is done lies in " + p.path
	if errors.Is(err, context.Canceled) {
		return structure.Hint(Interrupted(fmt.Sprintf("interrupted: %d of %d structures are labelled", q.finished, q.total)), hint)
	}
	if structure.HintOf(err) == "" && len(p.labels) > 0 {
		return structure.Hint(err, hint)
	}
	return err
}

// write makes the file of what there is now.
func (l *labelling) write(p *parts, q *queue) (*LabelOutcome, error) {
	w, err := structure.CreateWhole(l.out)
	if err != nil {
		return nil, err
	}
	defer w.Abandon()
	made := &LabelOutcome{Out: l.out, Refused: dataset.Quarantine{}}
	for k := range l.frames {
		f := &l.frames[k]
		labels, ok := p.labels[l.ids[k]]
		if !ok {
			reason := "the teacher says nothing"
			if err := q.failed[l.ids[k]]; err != nil {
				reason = err.Error()
			}
			made.Refused = append(made.Refused, dataset.Rejected{File: l.places[k].file, Frame: l.places[k].frame, ID: l.ids[k], Reason: reason})
			continue
		}
		f.Labels, f.Info = labels, signed(f.Info, l.identity)
		if err := w.Write(f); err != nil {
			return nil, err
		}
		made.Frames++
	}
	if made.Frames > 0 {
		if err := w.Close(); err != nil {
			return nil, err
		}
	}
	return made, p.remove()
}
