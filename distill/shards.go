package distill

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mlff/dataset"
	"mlff/structure"
)

// shard is what one job labels, and where that was.
type shard struct {
	Frames int    `json:"frames"`
	Spans  []span `json:"spans"`
}

// span is frames of a file, one after the other.
type span struct {
	File   string `json:"file"`
	First  int    `json:"first"`
	Frames int    `json:"frames"`
}

// add lengthens a shard by a frame.
func (s *shard) add(file string, frame int) {
	s.Frames++
	if last := len(s.Spans) - 1; last >= 0 && s.Spans[last].File == file {
		s.Spans[last].Frames++
		return
	}
	s.Spans = append(s.Spans, span{file, frame, 1})
}

// origin is where a frame of the shard was.
func (s *shard) origin(frame int) (string, int) {
	for _, p := range s.Spans {
		if frame < p.Frames {
			return p.File, p.First + frame
		}
		frame -= p.Frames
	}
	return "", frame
}

// cut writes the shards.
func (c *cluster) cut(ctx context.Context, files []string) error {
	var frames []structure.Frame
	var places []place
	for _, path := range files {
		err := eachStructure(ctx, path, c.Python, func(k int, f *structure.Frame) error {
			frames, places = append(frames, *f), append(places, place{path, k})
			return f.Check()
		})
		if err != nil {
			return err
		}
	}
	size := c.JobFrames
	if size <= 0 {
		size = jobFrames
	}
	size = max(size, (len(frames)+mostJobs-1)/mostJobs)
	for part := range slices.Chunk(frames, size) {
		if err := c.writeShard(len(c.state.Shards), part); err != nil {
			return err
		}
		var s shard
		for _, p := range places[:len(part)] {
			s.add(p.file, p.frame)
		}
		places = places[len(part):]
		c.state.Shards = append(c.state.Shards, s)
	}
	c.state.Name = "mlff-label-" + strings.ToLower(rand.Text()[:10])
	c.state.Label, c.state.Flags = c.Label, c.ClusterOptions.Flags
	script, err := c.script()
	if err == nil {
		err = c.write(scriptName, script)
	}
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(c.state, "", " ")
	if err != nil {
		return err
	}
	return c.write(slurmName, append(text, '\n'))
}

func (c *cluster) shardFile(k int, name string) string {
	return filepath.Join(c.path, fmt.Sprintf("%04d", k), name)
}

const (
	inputName    = "input.extxyz.zst"
	labelledName = "labelled.extxyz.zst"
	scriptName   = "job.sh"
	exitName     = "exit"
	answerName   = "result.json"
)

func (c *cluster) writeShard(k int, frames []structure.Frame) error {
	if err := os.MkdirAll(filepath.Dir(c.shardFile(k, inputName)), 0o777); err != nil {
		return err
	}
	w, err := structure.CreateWhole(c.shardFile(k, inputName))
	if err != nil {
		return err
	}
	defer w.Abandon()
	for i := range frames {
		if err := w.Write(&frames[i]); err != nil {
			return err
		}
	}
	return w.Close()
}

// script is what a job runs. The shell passes on what Slurm tells it, and mlff label then ends with everything on disk.
func (c *cluster) script() ([]byte, error) {
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	folder, err := filepath.Abs(c.path)
	if err != nil {
		return nil, err
	}
	var words []string
	for _, word := range c.Label {
		words = append(words, quoted(word))
	}
	return fmt.Appendf(nil, `#!/bin/sh
# Labels one shard; made by mlff label --slurm.
cd %s || exit 1
shard=%s/$(printf %%04d "$SLURM_ARRAY_TASK_ID")
rm -f "$shard/exit"
pid= told=
trap 'told=1; [ -z "$pid" ] || kill -TERM $pid' TERM USR1
%s "$shard/input.extxyz.zst" --out "$shard/labelled.extxyz.zst" --threads "${SLURM_CPUS_ON_NODE:-1}" --json >"$shard/result.json" &
pid=$!
[ -z "$told" ] || kill -TERM $pid
while :; do
	wait $pid
	code=$?
	kill -0 $pid 2>/dev/null || break
done
echo $code >"$shard/exit.tmp" && mv "$shard/exit.tmp" "$shard/exit"
exit $code
`, quoted(here), quoted(folder), strings.Join(words, " ")), nil
}

// quoted is a word for the shell.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// merge makes the file of what the jobs made, in the order of the input. All labels must be of one teacher.
func (c *cluster) merge() (*LabelOutcome, error) {
	w, err := structure.CreateWhole(c.out)
	if err != nil {
		return nil, err
	}
	defer w.Abandon()
	made := &LabelOutcome{Out: c.out, Refused: dataset.Quarantine{}}
	identity := ""
	for k := range c.state.Shards {
		frames, err := structure.ReadFile(c.shardFile(k, labelledName), structure.Keys{})
		if err != nil {
			return nil, readable(err)
		}
		for i := range frames {
			by, _ := frames[i].Get(identityKey)
			if identity == "" {
				identity = by
			}
			if by != identity {
				return nil, structure.Hint(fmt.Errorf("job %d labelled with another teacher (%.12s) than those before (%.12s)", k, by, identity),
					"nodes must have the same model and package; remove "+filepath.Dir(c.shardFile(k, exitName))+"/labelled.extxyz.zst and exit there, and start the same command again")
			}
			if err := w.Write(&frames[i]); err != nil {
				return nil, err
			}
			made.Frames++
		}
		made.Refused = append(made.Refused, c.refused(k)...)
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return made, (&parts{directory: c.directory}).remove()
}

// refused are the frames that the teacher could not label, as the job said.
func (c *cluster) refused(k int) dataset.Quarantine {
	var said LabelOutcome
	text, err := os.ReadFile(c.shardFile(k, answerName))
	if err != nil || json.Unmarshal(text, &said) != nil {
		return nil // a warning less: the frames are missing all the same
	}
	for i := range said.Refused {
		r := &said.Refused[i]
		r.File, r.Frame = c.state.Shards[k].origin(r.Frame)
	}
	return said.Refused
}
