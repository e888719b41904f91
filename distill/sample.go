package distill

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"mlff/sample"
	"mlff/structure"
	"mlff/teacher"
)

// Sample writes the labelled frames that distilling a configuration would begin with to a file, and returns how many
// there are. The file appears when all is done; until then what had its name stays.
func Sample(ctx context.Context, c *Config, out string, o teacher.Options, progress func(stage string, done, total int)) (int, error) {
	c.Complete()
	if err := c.Check(); err != nil {
		return 0, err
	}
	if c.Teacher == "" {
		return 0, structure.Hint(fmt.Errorf("there is no teacher to sample with"), "give a configuration with `teacher:`, or --teacher and --structures")
	}
	if c.Sample.shareOut(c.Sample.Labels) != nil {
		return sampleActively(ctx, c, out, o, progress)
	}
	in, err := c.read(o)
	if err != nil {
		return 0, err
	}
	defer in.close()
	c.Plan = &Plan{Labels: c.Sample.Labels}
	tasks, err := c.tasks(in)
	if err != nil {
		return 0, err
	}
	w, err := structure.CreateWhole(out)
	if err != nil {
		return 0, err
	}
	defer w.Abandon()
	n, err := writeTasks(ctx, in.teacher, tasks, w, progress)
	if err != nil {
		return n, err
	}
	return n, w.Close()
}

func writeTasks(ctx context.Context, t teacher.Teacher, tasks []sample.Task, w *structure.WholeWriter, progress func(stage string, done, total int)) (int, error) {
	total, _ := sample.Cost(tasks)
	done := 0
	for _, task := range tasks {
		items, err := task.Run(ctx, t)
		if err != nil {
			return done, err
		}
		for i := range items {
			if err := w.Write(&items[i].Frame); err != nil {
				return done, err
			}
		}
		done += len(items)
		progress("sample", done, total)
	}
	return done, nil
}

// sampleActively is Sample where students say what is labelled, which takes a run directory, here one that is given up.
func sampleActively(ctx context.Context, c *Config, out string, o teacher.Options, progress func(stage string, done, total int)) (int, error) {
	w, err := structure.CreateWhole(out)
	if err != nil {
		return 0, err
	}
	defer w.Abandon()
	folder, err := os.MkdirTemp(filepath.Dir(out), ".mlff-sample-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	r, err := start(Options{Dir: filepath.Join(folder, "run"), Config: c, Workers: o, Threads: o.Threads, Events: progressOnly(progress)})
	if err != nil {
		return 0, err
	}
	defer r.close()
	c.Plan.Labels, c.Plan.Active = c.Sample.Labels, c.Sample.shareOut(c.Sample.Labels)
	items, err := r.label(ctx)
	if err != nil {
		return 0, err
	}
	for i := range items {
		if err := w.Write(&items[i].Frame); err != nil {
			return i, err
		}
	}
	return len(items), w.Close()
}

// progressOnly are events without messages.
type progressOnly func(stage string, done, total int)

func (p progressOnly) Progress(stage string, done, total int) { p(stage, done, total) }
func (p progressOnly) Message(string)                         {}
