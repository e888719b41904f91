// Package report turns a run directory into one HTML page.
//
// The page is drawn only from the files of the run directory, so that it can be drawn again at any time:
//
//	config.yaml            shown as it is
//	history.json           the course of training (train.History)
//	validation.json        what was measured of the student (validate.Validation)
//	economics.json         what labels cost and buy (Economics)
//	student.safetensors    or candidate.safetensors: teacher, domain and licence as the student states them
//	log.jsonl              its lines; errors on frames that are only reported stand in its "valid" events
//	report.html            written
//
// A file that is not there leaves its section out; one that cannot be read is an error. The page needs no network and
// no script, follows the reader's light or dark colours, and fits a phone and paper. The numbers of every plot can be saved
// from it as CSV.
package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
)

// The files of a run directory that belong to a report.
const (
	File          = "report.html"
	ConfigFile    = "config.yaml"
	HistoryFile   = "history.json"
	LogFile       = "log.jsonl"
	StudentFile   = "student.safetensors"
	CandidateFile = "candidate.safetensors"
)

//go:embed page.html
var pageText string

//go:embed style.css
var style string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// Write draws the report of a run directory into it and returns its path. The page appears whole or not at all.
func Write(dir string) (string, error) {
	run, err := Read(dir)
	if err != nil {
		return "", err
	}
	var page bytes.Buffer
	if err := run.Render(&page); err != nil {
		return "", err
	}
	path := filepath.Join(dir, File)
	if err := replace(path, page.Bytes()); err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	return path, nil
}

// Render writes the page.
func (r *Run) Render(w io.Writer) error {
	if err := pageTemplate.Execute(w, r.view()); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// replace puts content where the file was, in one step.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
