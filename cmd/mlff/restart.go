package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"mlff/md"
	"mlff/structure"
)

// restart is a restart file of mlff md: all that a run needs to go on.
type restart struct {
	Version   int     `json:"version"`
	Student   string  `json:"student"` // SHA-256 of its file
	Precision string  `json:"precision"`
	Steps     int     `json:"steps"` // asked for, from the start
	Every     int     `json:"every"`
	Out       string  `json:"out"`
	Thermo    string  `json:"thermo"`
	Replicas  []saved `json:"replicas"`
}

// saved is one replica: its state, and how much of its files belongs to the steps up to there.
type saved struct {
	State       *md.State `json:"state"`
	Begin       float64   `json:"begin"` // conserved quantity of the first step, eV
	OutBytes    int64     `json:"out_bytes"`
	ThermoBytes int64     `json:"thermo_bytes"`
}

const restartVersion = 1

// readRestart reads a restart file for a student; another student is refused.
func readRestart(path, student string) (*restart, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(restart)
	if err := json.Unmarshal(text, r); err != nil || len(r.Replicas) == 0 {
		return nil, structure.Hint(fmt.Errorf("%s is no restart file", path), "mlff md writes them, with --save or beside --out")
	}
	if r.Version != restartVersion {
		return nil, structure.Hint(fmt.Errorf("%s: a restart file of version %d", path, r.Version), "use the mlff that wrote it")
	}
	for k, s := range r.Replicas {
		if s.State == nil {
			return nil, structure.Hint(fmt.Errorf("%s: replica %d has no state", path, k), "begin the run anew")
		}
	}
	own, err := digest(student)
	if err != nil {
		return nil, err
	}
	if own != r.Student {
		return nil, structure.Hint(fmt.Errorf("%s belongs to a run with another student than %s", path, student),
			"name the student of that run; to go on with another one, start from the last frame of the trajectory")
	}
	return r, nil
}

// digest is the SHA-256 of a file.
func digest(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:]), nil
}

// keeper keeps a restart file up to date while replicas run.
type keeper struct {
	mu   sync.Mutex
	run  *restart
	path string
}

// note takes the state of a replica.
func (k *keeper) note(replica int, s saved) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.run.Replicas[replica] = s
}

func (k *keeper) write() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.run.write(k.path)
}

// write replaces the file in one step.
func (r *restart) write(path string) error {
	r.Version = restartVersion
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	err = replaceFile(path, func(w io.Writer) error { _, err := w.Write(text); return err })
	if err != nil {
		return fmt.Errorf("restart file: %w", err)
	}
	return nil
}

// numbered is the name of a replica's file: traj-3.extxyz.zst of traj.extxyz.zst, with as many digits as the last of n needs.
func numbered(path string, k, n int) string {
	if path == "" || n == 1 {
		return path
	}
	folder, base := filepath.Split(path)
	stem, ending, dot := strings.Cut(base, ".")
	if dot {
		ending = "." + ending
	}
	return fmt.Sprintf("%s%s-%0*d%s", folder, stem, len(fmt.Sprint(n-1)), k, ending)
}

// beside is the name of the restart file of a trajectory.
func beside(out string) string {
	folder, base := filepath.Split(out)
	stem, _, _ := strings.Cut(base, ".")
	return folder + stem + ".restart"
}
