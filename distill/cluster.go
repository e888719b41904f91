package distill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mlff/dataset"
	"mlff/structure"
	"mlff/teacher"
)

// ClusterOptions say how files are labelled by the jobs of a Slurm cluster.
type ClusterOptions struct {
	Flags     string   // for sbatch; empty where jobs were submitted before
	Label     []string // the command that labels one file: program, verb, flags; the file and --out follow
	Python    string   // that reads files of formats that are not read here
	JobFrames int      // frames of a job, at most; 0: 100
	Submit    bool     // return as soon as the jobs are submitted
	Collect   bool     // wait for jobs that were submitted before; never start from files
	Poll      time.Duration
	Progress  func(done, total int)
	Message   func(text string)
}

// Limits of clusters.
const (
	jobFrames = 100
	mostJobs  = 1000 // of an array, by Slurm's default
	mostFails = 3    // of a job in a row that labelled nothing
	mostDeaf  = 30   // polls in a row in which squeue failed
)

// cluster is the work of LabelCluster. Everything lies in a folder beside the file to be written:
//
//	slurm.json                what was submitted: written last, so that it means the shards are there
//	job.sh                    what the jobs run: mlff label for one shard
//	0000/input.extxyz.zst     the frames of a shard
//	0000/labelled.extxyz.zst  with labels, once the job is done; until then its own folder of parts
//	0000/result.json, exit    what mlff label said, and its exit code
//	log-0                     what the job wrote
//
// The front end knows jobs by the name that it gave them and believes nothing but these files and squeue, so that it may
// die and be started again at any instant.
type cluster struct {
	*directory
	ClusterOptions
	out   string
	state clusterState
	queue teacher.Slurm
	fails map[int]int // of shards, in a row
	had   map[int]int // labels of a shard when it was submitted last
	told  string      // message said last
	deaf  int
}

// clusterState is slurm.json.
type clusterState struct {
	Name   string   `json:"name"` // of the jobs
	Flags  string   `json:"flags"`
	Label  []string `json:"label"`
	Shards []shard  `json:"shards"`
}

// LabelCluster is Label by the jobs of a Slurm cluster. With Submit the outcome is nil.
func LabelCluster(ctx context.Context, files []string, out string, o ClusterOptions) (*LabelOutcome, error) {
	c, err := openCluster(ctx, files, out, o)
	if err != nil {
		return nil, err
	}
	defer c.close()
	err = c.follow(ctx)
	switch {
	case errors.Is(err, context.Canceled):
		return nil, structure.Hint(Interrupted("interrupted: the jobs go on"), "wait for them with the same command, or with --collect; scancel --name="+c.state.Name+" ends them")
	case err != nil || o.Submit && !c.finished():
		return nil, err
	}
	return c.merge()
}

// openCluster finds what an earlier call left, or cuts the files into shards.
func openCluster(ctx context.Context, files []string, out string, o ClusterOptions) (*cluster, error) {
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
	structure.SweepWhole(out)
	c := &cluster{directory: d, ClusterOptions: o, out: out, fails: map[int]int{}, had: map[int]int{}}
	if err := c.load(ctx, files); err != nil {
		d.close()
		return nil, err
	}
	if o.Flags != "" {
		c.state.Flags = o.Flags // a longer time, say, for what is left
	}
	c.queue = teacher.Slurm{Name: c.state.Name, Flags: c.state.Flags}
	return c, nil
}

func (c *cluster) load(ctx context.Context, files []string) error {
	text, found, err := c.read(slurmName)
	switch {
	case err != nil:
		return err
	case found:
		if err := json.Unmarshal(text, &c.state); err != nil {
			return structure.Hint(fmt.Errorf("%s: %w", c.file(slurmName), err), "remove "+c.path+" to start again")
		}
		return nil
	case c.Collect:
		return structure.Hint(fmt.Errorf("no jobs were submitted for %s", c.out), "submit them first: mlff label FILE --teacher NAME --out "+c.out+" --slurm FLAGS --submit")
	case c.has(teacherName):
		return structure.Hint(fmt.Errorf("%s has labels of an interrupted mlff label", c.path), "finish it without --slurm, or remove the folder")
	}
	return c.cut(ctx, files)
}

const slurmName = "slurm.json"

// follow submits what is neither done nor in the queue, and waits, until all shards are done.
func (c *cluster) follow(ctx context.Context) error {
	for first := true; ; first = false {
		jobs, err := c.queue.Jobs(ctx)
		if err != nil {
			if c.deaf++; ctx.Err() != nil || first || c.deaf >= mostDeaf {
				return err
			}
			c.say("squeue does not answer: " + err.Error())
		} else {
			c.deaf = 0
			if err := c.submitMissing(ctx, jobs, first); err != nil {
				return err
			}
			if c.Submit || c.finished() {
				return nil
			}
			c.describeJobs(jobs)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(c.Poll):
		}
	}
}

// submitMissing submits shards that are neither done nor in the queue: all at first, later those whose job failed, ran out
// of time or was cancelled. A job that labels nothing three times in a row ends the work.
func (c *cluster) submitMissing(ctx context.Context, jobs map[int]string, first bool) error {
	var open []int
	done, total := 0, 0
	for k, s := range c.state.Shards {
		labels := c.labels(k)
		done, total = done+labels, total+s.Frames
		if _, waits := jobs[k]; waits || c.done(k) {
			continue
		}
		if had, submitted := c.had[k]; submitted && labels <= had {
			c.fails[k]++
		} else {
			c.fails[k] = 0
		}
		if c.fails[k] >= mostFails {
			return c.failure(k)
		}
		open = append(open, k)
		c.had[k] = labels
	}
	if c.Progress != nil {
		c.Progress(done, total)
	}
	if len(open) == 0 {
		return nil
	}
	if !first {
		c.say(fmt.Sprintf("jobs submitted again: %d", len(open)))
	}
	log, err := filepath.Abs(c.file("log-%a"))
	if err != nil {
		return err
	}
	return c.queue.Submit(ctx, c.file(scriptName), log, open)
}

// failure says what the job of a shard wrote last.
func (c *cluster) failure(k int) error {
	log := filepath.Join(c.path, fmt.Sprintf("log-%d", k))
	text, _ := os.ReadFile(log) // it may not even have started
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	last := strings.Join(lines[max(0, len(lines)-2):], "; ")
	if last == "" {
		last = "it wrote nothing"
	}
	return structure.Hint(fmt.Errorf("job %d failed %d times: %s", k, mostFails, last), "look at "+log+", then start the same command again: what is labelled stays")
}

// done tells whether a shard has all labels that its teacher can give.
func (c *cluster) done(k int) bool {
	text, err := os.ReadFile(c.shardFile(k, exitName))
	if err != nil || strings.TrimSpace(string(text)) != "0" {
		return false
	}
	_, err = os.Stat(c.shardFile(k, labelledName))
	return err == nil
}

func (c *cluster) finished() bool {
	for k := range c.state.Shards {
		if !c.done(k) {
			return false
		}
	}
	return true
}

// labels counts the labels of a shard that are on disk.
func (c *cluster) labels(k int) int {
	if c.done(k) {
		return c.state.Shards[k].Frames
	}
	return dataset.CountFrames(c.shardFile(k, labelledName) + PartsEnd)
}

func (c *cluster) describeJobs(jobs map[int]string) {
	count := map[string]int{}
	for _, state := range jobs {
		count[state]++
	}
	var parts []string
	for state, n := range count {
		parts = append(parts, fmt.Sprintf("%d %s", n, strings.ToLower(state)))
	}
	slices.Sort(parts)
	if len(parts) > 0 {
		c.say("jobs: " + strings.Join(parts, ", "))
	}
}

// say tells what is new.
func (c *cluster) say(text string) {
	if text != c.told && c.Message != nil {
		c.Message(text)
	}
	c.told = text
}
