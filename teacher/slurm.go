package teacher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"mlff/structure"
)

// Slurm is the batch system of a cluster, as its commands sbatch and squeue show it. Nothing needs its accounting database.
type Slurm struct {
	Name  string // of all jobs that belong together; nobody else's jobs have it
	Flags string // of the user, for sbatch, such as "--partition=cpu --time=1:00:00"
}

const slurmHint = "run this on a login node of the cluster; sbatch and squeue must be in reach"

// Submit starts a script as an array of jobs with these indices; what they write goes to the files of the pattern log (%a
// is the index). Jobs are told USR1 a minute before their time is up, and started again when their node
// fails.
func (s *Slurm) Submit(ctx context.Context, script, log string, indices []int) error {
	args := append(strings.Fields(s.Flags),
		"--job-name="+s.Name, "--array="+ranges(indices), "--requeue", "--open-mode=append", "--signal=B:USR1@60",
		"--output="+log, "--error="+log, script)
	_, err := s.run(ctx, "sbatch", args...)
	return err
}

// Jobs are the indices that wait or run, with their state and why they wait: "PENDING (Priority)", "RUNNING".
func (s *Slurm) Jobs(ctx context.Context) (map[int]string, error) {
	text, err := s.run(ctx, "squeue", "--noheader", "--array", "--name="+s.Name, "--format=%K|%T|%r")
	if err != nil {
		return nil, err
	}
	jobs := map[int]string{}
	for line := range strings.Lines(text) {
		field := strings.Split(strings.TrimSpace(line), "|")
		if len(field) != 3 {
			continue
		}
		index, err := strconv.Atoi(field[0])
		if err != nil {
			return nil, fmt.Errorf("squeue says %q where an index of an array was expected", field[0])
		}
		if jobs[index] = field[1]; field[2] != "" && field[2] != "None" {
			jobs[index] += " (" + field[2] + ")"
		}
	}
	return jobs, nil
}

func (s *Slurm) run(ctx context.Context, command string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, command, args...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return "", structure.Hint(fmt.Errorf("%s is not here", command), slurmHint)
	case err != nil:
		said := strings.TrimSpace(stderr.String())
		return "", structure.Hint(fmt.Errorf("%s failed (%w): %s", command, err, said), "try it by hand: "+command+" "+strings.Join(args, " "))
	}
	return stdout.String(), nil
}

// ranges writes indices as Slurm likes them: 0-3,7.
func ranges(indices []int) string {
	sorted := slices.Sorted(slices.Values(indices))
	var parts []string
	for k := 0; k < len(sorted); {
		n := k
		for n+1 < len(sorted) && sorted[n+1] == sorted[n]+1 {
			n++
		}
		if text := strconv.Itoa(sorted[k]); n > k {
			parts = append(parts, text+"-"+strconv.Itoa(sorted[n]))
		} else {
			parts = append(parts, text)
		}
		k = n + 1
	}
	return strings.Join(parts, ",")
}
