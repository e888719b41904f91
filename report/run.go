package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mlff/model"
	"mlff/structure"
	"mlff/validate"
)

// Run is what a run directory says; nil or empty where it says nothing.
type Run struct {
	Name       string            // of the directory
	Config     string            // text of config.yaml
	Log        string            // the last lines of log.jsonl, long ones cut
	Valid      *structure.Errors // on frames that are only reported: the newest "valid" event of the log
	History    *History
	Validation *validate.Validation
	Student    *Student
	Economics  *Economics
}

// Student is what a student's file says about itself.
type Student struct {
	File   string
	Config model.Config
	Meta   model.Meta
}

// History is the course of training as history.json holds it.
type History struct {
	Points []struct { // means over the batches since the point before
		Step int     `json:"step"`
		Rate float64 `json:"rate"`
		Loss float64 `json:"loss"`
	} `json:"points"`
	Checks []struct { // averaged parameters on held-out frames
		Step   int     `json:"step"`
		Loss   float64 `json:"loss"`
		Energy float64 `json:"energy"` // MAE, meV/atom; 0 without labels
		Forces float64 `json:"forces"` // MAE, meV/Å; 0 without labels
		Best   bool    `json:"best"`
	} `json:"checks"`
	Best         int    `json:"best"` // step whose parameters were kept
	Reproducible bool   `json:"reproducible"`
	Note         string `json:"note"`
}

// How much of the log a page shows.
const (
	logLines   = 300
	lineLength = 300
)

// Read gathers the files of a run directory. A directory without any of them is an error.
func Read(dir string) (*Run, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("report: %s is not a directory", dir)
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	r := &Run{Name: filepath.Base(absolute)}
	config, err := readText(dir, ConfigFile)
	if err != nil {
		return nil, err
	}
	log, err := readText(dir, LogFile)
	if err != nil {
		return nil, err
	}
	r.Config, r.Log, r.Valid = strings.TrimSpace(config), lastLines(log), validOf(log)
	if r.History, err = readJSON[History](dir, HistoryFile); err != nil {
		return nil, err
	}
	if r.Validation, err = readJSON[validate.Validation](dir, validate.File); err != nil {
		return nil, err
	}
	if r.Economics, err = readJSON[Economics](dir, EconomicsFile); err != nil {
		return nil, err
	}
	if r.Student, err = readStudent(dir); err != nil {
		return nil, err
	}
	if *r == (Run{Name: r.Name}) {
		return nil, structure.Hint(fmt.Errorf("%s holds no run to report of", dir), "name the folder that mlff distill wrote with --out")
	}
	return r, nil
}

// readText is "" where the file is not there.
func readText(dir, name string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	return string(b), nil
}

// readJSON is nil where the file is not there.
func readJSON[T any](dir, name string) (*T, error) {
	text, err := readText(dir, name)
	if text == "" || err != nil {
		return nil, err
	}
	v := new(T)
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return nil, fmt.Errorf("report: %s: %w", filepath.Join(dir, name), err)
	}
	return v, nil
}

func readStudent(dir string) (*Student, error) {
	for _, name := range []string{StudentFile, CandidateFile} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		m, err := model.Load(path)
		if err != nil {
			return nil, fmt.Errorf("report: %w", err)
		}
		return &Student{File: name, Config: m.Config(), Meta: *m.Meta()}, nil
	}
	return nil, nil
}

func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	lines = lines[max(0, len(lines)-logLines):]
	for k, line := range lines {
		if runes := []rune(line); len(runes) > lineLength {
			lines[k] = string(runes[:lineLength]) + "…"
		}
	}
	return strings.Join(lines, "\n")
}

// validOf is nil where the log tells of no such frames; a torn line tells nothing.
func validOf(log string) *structure.Errors {
	var found *structure.Errors
	for line := range strings.Lines(log) {
		var entry struct {
			Event string            `json:"event"`
			Value *structure.Errors `json:"value"`
		}
		if strings.Contains(line, `"valid"`) && json.Unmarshal([]byte(line), &entry) == nil && entry.Event == "valid" {
			found = entry.Value
		}
	}
	return found
}
