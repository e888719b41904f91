package distill

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"mlff/structure"
)

// Plan is what a run fixed once, so that it can be resumed and repeated.
type Plan struct {
	Round       int     `yaml:"round" json:"round"`                                   // from 1; each --add is a new one
	Labels      int     `yaml:"labels,omitempty" json:"labels,omitempty"`             // frames to label
	Active      []int   `yaml:"active,flow,omitempty" json:"active,omitempty"`        // labels of the sampler, then of each round of active selection
	Evaluations int     `yaml:"evaluations,omitempty" json:"evaluations,omitempty"`   // of the teacher at most; zero: no bound
	Cutoff      float64 `yaml:"cutoff,omitempty" json:"cutoff,omitempty"`             // Å; zero until the labels are there
	Steps       int     `yaml:"steps,omitempty" json:"steps,omitempty"`               // optimiser steps; zero until the labels are there
	CheckFrames int     `yaml:"check_frames,omitempty" json:"check_frames,omitempty"` // held-out frames of one evaluation during training
	Stress      string  `yaml:"stress,omitempty" json:"stress,omitempty"`             // learned, none, or why the labels are not learned; empty: not decided yet
	// PolicyFrames is how many frames of the student's own dynamics the teacher labels at each temperature; zero until then.
	PolicyFrames int `yaml:"policy_frames,omitempty" json:"policy_frames,omitempty"`
	// GuardFrames is how many strange frames of each kind it labels; zero until then.
	GuardFrames int `yaml:"guard_frames,omitempty" json:"guard_frames,omitempty"`

	Teacher string            `yaml:"teacher,omitempty" json:"teacher,omitempty"` // identity
	Inputs  map[string]string `yaml:"inputs" json:"inputs"`                       // SHA-256 of every file that is read
	Added   []Source          `yaml:"added,omitempty" json:"added,omitempty"`     // files of --add
}

// changes lists what differs in a later state of the same plan; what was still open may have been filled in.
func (p *Plan) changes(later *Plan) []string {
	var list []string
	a, b := reflect.ValueOf(*p), reflect.ValueOf(*later)
	for i := range a.NumField() {
		if !a.Field(i).IsZero() && !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			list = append(list, fmt.Sprintf("plan.%s from %v to %v", keyOf(a.Type().Field(i)), a.Field(i), b.Field(i)))
		}
	}
	return list
}

// differences lists the keys that differ between two configurations, plans aside, as "train.rate from 0.007 to 0.01".
func differences(from, to *Config) []string {
	a, b := from.absolute(), to.absolute()
	return fieldDifferences("", reflect.ValueOf(*a), reflect.ValueOf(*b))
}

func fieldDifferences(path string, a, b reflect.Value) []string {
	if a.Kind() != reflect.Struct {
		if reflect.DeepEqual(a.Interface(), b.Interface()) || a.Kind() == reflect.Slice && a.Len() == 0 && b.Len() == 0 {
			return nil
		}
		return []string{fmt.Sprintf("%s from %s to %s", strings.TrimPrefix(path, "."), shown(a), shown(b))}
	}
	var list []string
	for i := range a.NumField() {
		if key := keyOf(a.Type().Field(i)); key != "" {
			list = append(list, fieldDifferences(path+"."+key, a.Field(i), b.Field(i))...)
		}
	}
	return list
}

func shown(v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "null"
		}
		v = v.Elem()
	}
	return fmt.Sprint(v.Interface())
}

// absolute is the configuration without its plan and with paths that do not depend on where it is read.
func (c *Config) absolute() *Config {
	d := c.mapped(func(path string) string {
		if absolute, err := filepath.Abs(path); err == nil {
			return absolute
		}
		return path
	})
	d.Plan = nil
	return d
}

// digests hashes every file that a configuration reads, by the path as written.
func digests(c *Config) (map[string]string, error) {
	var paths []string
	for _, d := range slices.Concat(c.Data, c.Finetune) {
		paths = append(paths, d.File)
	}
	paths = append(append(paths, c.Valid...), c.Structures...)
	paths = append(paths, c.Sample.Pool...)
	for _, ends := range c.Sample.Paths {
		paths = append(paths, ends...)
	}
	if c.Plan != nil {
		for _, a := range c.Plan.Added {
			paths = append(paths, a.File)
		}
	}
	_, files, _ := splitTeacher(c.Teacher)
	paths = append(paths, files...)
	sums := map[string]string{}
	for _, path := range paths {
		sum, err := digest(path)
		if err != nil {
			return nil, err
		}
		sums[path] = sum
	}
	return sums, nil
}

func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if s, err := f.Stat(); err == nil && s.IsDir() {
		return "", structure.Hint(fmt.Errorf("%s is a folder", path), "name a file")
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func noRun(dir string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return structure.Hint(fmt.Errorf("%s holds no run to resume", dir), "start one with --out "+dir)
	}
	return err
}
