package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// logInterval is how often a log that nobody watches hears of progress.
const logInterval = 10 * time.Second

// progress tells stderr how far a command is: a bar with the time left on a terminal, plain lines elsewhere.
// Several goroutines may call it.
type progress struct {
	mu     sync.Mutex
	w      io.Writer
	width  int                      // columns of the terminal; zero for a log
	bar    *progressbar.ProgressBar // nil between stages and in a log
	stage  string
	start  time.Time
	first  int // what was done when the stage began, after a resume
	spoken time.Time
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.width = 80
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			p.width = min(columns, 100)
		}
	}
	return p
}

// Message prints one line above the bar.
func (p *progress) Message(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endBar()
	fmt.Fprintln(p.w, text)
}

// Above prints text to another place, which may be the same terminal, without breaking the bar.
func (p *progress) Above(w io.Writer, text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	_, err := io.WriteString(w, text)
	return err
}

// Progress says that done of total parts of a stage are finished.
func (p *progress) Progress(stage string, done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if stage != p.stage {
		p.endBar()
		p.stage, p.start, p.spoken, p.first = stage, time.Now(), time.Now(), done
	}
	if p.width > 0 {
		p.draw(done, total)
		return
	}
	if done != total && time.Since(p.spoken) < logInterval {
		return
	}
	p.spoken = time.Now()
	if total < 0 {
		fmt.Fprintf(p.w, "%s %d\n", stage, done)
		return
	}
	fmt.Fprintf(p.w, "%s %d/%d%s\n", stage, done, total, p.left(done, total))
}

// Count is Progress of a stage whose end nobody knows.
func (p *progress) Count(stage string) func(done int) {
	return func(done int) { p.Progress(stage, done, -1) }
}

// Done ends the bar, so that the next output begins on a line of its own.
func (p *progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endBar()
	p.stage = ""
}

func (p *progress) draw(done, total int) {
	if p.bar == nil {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(p.w), progressbar.OptionSetDescription(fmt.Sprintf("%-8s", p.stage)),
			progressbar.OptionSetWidth(max(10, p.width-50)), progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond))
	}
	if p.bar.GetMax() != total {
		p.bar.ChangeMax(total)
	}
	_ = p.bar.Set(done) // a terminal that went away is no reason to stop the work
}

func (p *progress) endBar() {
	if p.bar == nil {
		return
	}
	_ = p.bar.Exit()
	fmt.Fprintln(p.w)
	p.bar = nil
}

// left is the time the rest will take at the pace so far.
func (p *progress) left(done, total int) string {
	elapsed := time.Since(p.start)
	if done <= p.first || done >= total || elapsed < time.Second {
		return ""
	}
	rest := elapsed * time.Duration(total-done) / time.Duration(done-p.first)
	return fmt.Sprintf(", %s left", rest.Round(time.Second))
}
