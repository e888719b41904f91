package distill

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// journal is log.jsonl: one JSON object a line, append-only. The report and a resumed run read it.
type journal struct{ file *os.File }

// entry is a line of the journal.
type entry struct {
	Time  time.Time       `json:"time"`
	Event string          `json:"event"`
	Value json.RawMessage `json:"value,omitempty"`
}

// openJournal opens the journal at its end; a line that a killed process tore is cut off.
func openJournal(path string) (*journal, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		f.Close()
		return nil, err
	}
	whole := int64(bytes.LastIndexByte(text, '\n') + 1)
	if err := f.Truncate(whole); err != nil {
		f.Close()
		return nil, err
	}
	if _, err := f.Seek(whole, 0); err != nil {
		f.Close()
		return nil, err
	}
	return &journal{f}, nil
}

func (j *journal) close() { j.file.Close() }

// add appends one line.
func (j *journal) add(event string, value any) error {
	v, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("writing %s to the log: %w", event, err)
	}
	line, err := json.Marshal(entry{time.Now().UTC().Round(time.Millisecond), event, v})
	if err != nil {
		return err
	}
	_, err = j.file.Write(append(line, '\n'))
	return err
}

// last finds the newest line of an event and reads its value; false where there is none.
func (j *journal) last(event string, value any) (bool, error) {
	text, err := os.ReadFile(j.file.Name())
	if err != nil {
		return false, err
	}
	var found json.RawMessage
	for line := range bytes.Lines(text) {
		var e entry
		if json.Unmarshal(line, &e) == nil && e.Event == event {
			found = e.Value
		}
	}
	if found == nil {
		return false, nil
	}
	return true, json.Unmarshal(found, value)
}

// clock counts the time that a run has worked, over all the processes that it took.
type clock struct {
	before time.Duration // in earlier processes
	rounds time.Duration // of all of it, in rounds that are finished
	began  time.Time
}

func (c clock) elapsed() time.Duration { return c.before + time.Since(c.began) }

// inRound is what the round has used of its budget.
func (c clock) inRound() time.Duration { return c.elapsed() - c.rounds }

// clock sums, for every process that wrote into the journal, the time from its first to its last line.
func (j *journal) clock() (clock, error) {
	c := clock{began: time.Now()}
	text, err := os.ReadFile(j.file.Name())
	if err != nil {
		return c, err
	}
	var first, last time.Time
	round := 1
	for line := range bytes.Lines(text) {
		var e entry
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		if e.Event == "start" || first.IsZero() { // a licence may be accepted first
			c.before += last.Sub(first)
			first = e.Time
		}
		last = e.Time
		var plan Plan
		if e.Event == "plan" && json.Unmarshal(e.Value, &plan) == nil && plan.Round > round {
			round, c.rounds = plan.Round, c.before+last.Sub(first)
		}
	}
	c.before += last.Sub(first)
	return c, nil
}
