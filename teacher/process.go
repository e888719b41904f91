package teacher

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"mlff/structure"
)

// protocol is the version of the conversation with worker.py, which has a description of it.
const protocol = 1

// bootstrap runs worker.py from the folder that is its first argument. The user's own modules stay in reach, for
// Python looks in the working directory too.
const bootstrap = `import sys; sys.path.insert(0, sys.argv.pop(1)); from mlff_worker.worker import main; main()`

// process is one worker: an interpreter that holds the teacher.
type process struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	stderr  *tail
	trace   *trace
	index   int
	exited  chan struct{} // closed once the process is gone
	status  error         // of the exit, valid after exited
}

// deathError says that a worker ended or was ended before it answered.
type deathError struct {
	reason string
	tail   string // what it wrote to stderr last
}

func (e *deathError) Error() string {
	if e.tail == "" {
		return e.reason
	}
	return e.reason + "; it wrote last: " + e.tail
}

// startProcess runs a worker without waiting for its first word.
func startProcess(python, scripts string, index, threads int, t *trace) (*process, error) {
	p := &process{stderr: &tail{}, trace: t, index: index, exited: make(chan struct{})}
	p.command = exec.Command(python, "-c", bootstrap, scripts, strconv.Itoa(os.Getpid()), strconv.Itoa(index), strconv.Itoa(threads))
	p.command.Env = append(os.Environ(), threadVariables(threads)...)
	p.command.Stderr = p.stderr
	p.command.WaitDelay = time.Second                           // grandchildren may hold stderr open
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the command, which ends its workers itself
	var err error
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	read, write, err := os.Pipe() // not StdoutPipe, which Wait closes before everything is read
	if err != nil {
		return nil, err
	}
	p.command.Stdout = write
	err = p.command.Start()
	write.Close()
	if err != nil {
		read.Close()
		return nil, err
	}
	p.out = bufio.NewReaderSize(read, 1<<16)
	go func() {
		p.status = p.command.Wait()
		close(p.exited)
	}()
	return p, nil
}

// threadVariables hold the usual thread pools to a worker's share of the processors.
func threadVariables(threads int) []string {
	n := strconv.Itoa(threads)
	var list []string
	for _, name := range []string{"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"} {
		list = append(list, name+"="+n)
	}
	return append(list, "PYTHONUNBUFFERED=1")
}

// limits of one exchange.
type limits struct {
	time   time.Duration
	memory int64 // bytes; 0: none
}

// exchange writes a request and reads the answer, a line and as many bytes as it announces. A worker that ends, takes too
// long or grows too large is killed, and the error is a *deathError; it is killed too when ctx ends.
func (p *process) exchange(ctx context.Context, l limits, request, body []byte) (*answer, error) {
	type result struct {
		answer *answer
		err    error
	}
	done := make(chan result, 1)
	go func() {
		a, err := p.converse(request, body)
		done <- result{a, err}
	}()
	timer := time.NewTimer(l.time)
	defer timer.Stop()
	memory := time.NewTicker(100 * time.Millisecond)
	defer memory.Stop()
	for {
		select {
		case r := <-done:
			if r.err != nil {
				return nil, p.death(r.err)
			}
			return r.answer, nil
		case <-ctx.Done():
			p.kill()
			return nil, ctx.Err()
		case <-timer.C:
			return nil, p.end(fmt.Sprintf("the worker took longer than %s", l.time))
		case <-memory.C:
			if used := p.memory(); l.memory > 0 && used > l.memory {
				return nil, p.end(fmt.Sprintf("the worker used %s of memory, more than %s", bytesText(used), bytesText(l.memory)))
			}
		}
	}
}

// answer is whatever a worker says.
type answer struct {
	Worker   int               `json:"mlff_worker"`
	Python   string            `json:"python"`
	Ready    *ready            `json:"ready"`
	List     []Package         `json:"list"`
	Failed   string            `json:"failed"`
	Hint     string            `json:"hint"`
	Unknown  bool              `json:"unknown"` // a file's format
	Label    int               `json:"label"`
	Bytes    int               `json:"bytes"`
	Errors   map[int]string    `json:"errors"`
	Spread   map[int]float64   `json:"spread"`
	Resident int64             `json:"resident"`
	frames   []structure.Frame // read from the bytes that follow
}

// largestAnswer bounds what is read into memory at a time: a million atoms take 100 MB.
const largestAnswer = 1 << 30

func (p *process) converse(request, body []byte) (*answer, error) {
	if request != nil {
		p.trace.add(p.index, '>', request, body)
		if _, err := p.in.Write(append(append(request, '\n'), body...)); err != nil {
			return nil, err
		}
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	var a answer
	if err := json.Unmarshal(line, &a); err != nil || a.Bytes < 0 || a.Bytes > largestAnswer {
		return nil, fmt.Errorf("the worker answered %.100q", line)
	}
	text := make([]byte, a.Bytes)
	if _, err := io.ReadFull(p.out, text); err != nil {
		return nil, err
	}
	p.trace.add(p.index, '<', bytes.TrimSuffix(line, []byte("\n")), text)
	if len(text) == 0 {
		return &a, nil
	}
	r := structure.NewReader(bytes.NewReader(text), "the worker's answer", structure.Keys{})
	for {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return &a, nil
		}
		if err != nil {
			return nil, err
		}
		a.frames = append(a.frames, *f)
	}
}

// end kills the worker for a reason.
func (p *process) end(reason string) error {
	p.kill()
	return &deathError{reason, p.stderr.last()}
}

// death explains why reading failed.
func (p *process) death(err error) error {
	select {
	case <-p.exited:
	case <-time.After(500 * time.Millisecond): // alive, but talks nonsense
		return p.end(err.Error())
	}
	reason := "the worker ended"
	if p.status != nil {
		reason = fmt.Sprintf("the worker died (%v)", p.status)
	}
	return &deathError{reason, p.stderr.last()}
}

// kill ends the worker and its children at once and waits for it.
func (p *process) kill() {
	if pid := p.command.Process.Pid; syscall.Kill(-pid, syscall.SIGKILL) != nil {
		p.command.Process.Kill()
	}
	p.in.Close()
	<-p.exited
}

// close lets the worker end by itself, for a second.
func (p *process) close() {
	p.in.Close()
	select {
	case <-p.exited:
	case <-time.After(time.Second):
	}
	p.kill()
}

// memory is what the worker holds resident, in bytes; 0 where nobody knows.
func (p *process) memory() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.command.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

func bytesText(n int64) string { return fmt.Sprintf("%.2g GB", float64(n)/1e9) }

// tail keeps the end of what is written to it.
type tail struct {
	mutex sync.Mutex
	kept  []byte
}

const tailBytes = 4096

func (t *tail) Write(b []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - tailBytes; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(b), nil
}

// last is the end of it in one line: the last three lines that say something.
func (t *tail) last() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var lines []string
	for _, line := range strings.Split(string(t.kept), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-3):], " | ")
}

// trace writes the whole conversation to a file.
type trace struct {
	mutex sync.Mutex
	file  *os.File
	began time.Time
}

func openTrace(path string) (*trace, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Create(path)
	return &trace{file: file, began: time.Now()}, err
}

func (t *trace) add(worker int, direction byte, line, body []byte) {
	if t == nil {
		return
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	fmt.Fprintf(t.file, "%.6f worker %d %c %s\n%s", time.Since(t.began).Seconds(), worker, direction, line, body)
}

func (t *trace) close() {
	if t != nil {
		t.file.Close()
	}
}
