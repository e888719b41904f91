package benchmark

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mlff/structure"
	"mlff/teacher"
)

// Calculator is one of ASE's that is to be measured: a student or a teacher.
type Calculator struct {
	Student   string            `json:"student,omitempty"` // its file
	Precision string            `json:"precision,omitempty"`
	Teacher   string            `json:"teacher,omitempty"` // its kind
	Target    string            `json:"target,omitempty"`
	Arguments map[string]string `json:"arguments,omitempty"`
	Threads   int               `json:"threads"`          // processors that the process may use
	Device    string            `json:"device,omitempty"` // "cuda" or, empty, what the calculator takes
}

// ASE runs dynamics through ASE in a process of its own (python/mlff_distiller/dynamics.py), the same script whatever the
// calculator. One goroutine at a time may use it.
type ASE struct {
	Calculator string // its class
	Version    string // of ASE

	of      Calculator
	folder  string // scripts and structures
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	last    *strings.Builder // what it wrote to stderr
	files   int
}

// AbsentError says what cannot be measured here, which is no failure.
type AbsentError struct{ What string }

func (e *AbsentError) Error() string { return e.What }

// bootstrap runs the script as part of its package.
const bootstrap = `import sys; sys.path.insert(0, sys.argv.pop(1)); from mlff_worker.dynamics import main; main()`

// OpenASE starts the script with a Python (a virtual environment or its interpreter) and makes the calculator. It returns
// an *AbsentError where Python has no ASE, or not what the calculator needs.
func OpenASE(ctx context.Context, python string, c Calculator) (*ASE, error) {
	interpreter, err := teacher.Interpreter(python)
	if err != nil {
		return nil, err
	}
	a := &ASE{of: c, last: new(strings.Builder)}
	if a.folder, err = teacher.Unpack(); err != nil {
		return nil, err
	}
	if err := a.start(ctx, interpreter); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	var hello struct{ Calculator, Ase string }
	if err := a.ask(c, "ready", &hello, nil); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	a.Calculator, a.Version = hello.Calculator, hello.Ase
	return a, nil
}

func (a *ASE) start(ctx context.Context, interpreter string) error {
	a.command = exec.CommandContext(ctx, interpreter, "-W", "ignore", "-c", bootstrap, a.folder)
	n := strconv.Itoa(a.of.Threads)
	a.command.Env = append(os.Environ(), "OMP_NUM_THREADS="+n, "MKL_NUM_THREADS="+n, "OPENBLAS_NUM_THREADS="+n)
	a.command.Stderr = a.last
	a.command.WaitDelay = time.Second
	a.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the command
	var err error
	if a.in, err = a.command.StdinPipe(); err != nil {
		return err
	}
	out, err := a.command.StdoutPipe()
	if err != nil {
		return err
	}
	a.out = bufio.NewReaderSize(out, 1<<16)
	return a.command.Start()
}

// ask sends one line and decodes the answer of that name; progress hears how far it is.
func (a *ASE) ask(question any, name string, answer any, progress func(done int)) error {
	line, err := json.Marshal(question)
	if err != nil {
		return err
	}
	if _, err := a.in.Write(append(line, '\n')); err != nil {
		return a.death()
	}
	for {
		line, err := a.out.ReadBytes('\n')
		if err != nil {
			return a.death()
		}
		var m map[string]json.RawMessage
		if err := json.Unmarshal(line, &m); err != nil {
			return fmt.Errorf("ASE: %w", err)
		}
		switch {
		case m[name] != nil:
			return json.Unmarshal(m[name], answer)
		case m["progress"] != nil:
			var done int
			if json.Unmarshal(m["progress"], &done) == nil && progress != nil {
				progress(done)
			}
		case m["absent"] != nil:
			return &AbsentError{text(m["absent"])}
		default:
			return refusal(text(m["failed"]))
		}
	}
}

// refusal tells what is not installed from what went wrong.
func refusal(text string) error {
	if strings.HasPrefix(text, "ModuleNotFoundError: ") || strings.HasPrefix(text, "TeacherError: ") {
		_, what, _ := strings.Cut(text, ": ")
		return &AbsentError{what}
	}
	return fmt.Errorf("ASE: %s", text)
}

func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return string(raw)
	}
	return s
}

// death is why the script ended.
func (a *ASE) death() error {
	err := a.command.Wait()
	lines := strings.Split(strings.TrimSpace(a.last.String()), "\n")
	return fmt.Errorf("the script that runs ASE ended (%v); it wrote last: %s", err, lines[len(lines)-1])
}

// Close ends the process.
func (a *ASE) Close() error {
	if a.command != nil && a.command.Process != nil && a.command.ProcessState == nil {
		a.in.Close()
		a.command.Process.Kill() // it has nothing to lose
		_ = a.command.Wait()     // its error is the kill
	}
	return os.RemoveAll(a.folder)
}

// write keeps structures where the script finds them.
func (a *ASE) write(structures ...structure.Structure) (string, error) {
	a.files++
	path := filepath.Join(a.folder, fmt.Sprintf("%d.extxyz", a.files))
	w, err := structure.Create(path)
	if err != nil {
		return "", err
	}
	for k := range structures {
		if err := w.Write(&structure.Frame{Structure: structures[k]}); err != nil {
			return "", errors.Join(err, w.Close())
		}
	}
	return path, w.Close()
}

// journey is a run as the script is asked for it.
type journey struct {
	File        string  `json:"file"`
	Ensemble    string  `json:"ensemble"`
	Temperature float64 `json:"temperature"`
	Pressure    float64 `json:"pressure"`
	Timestep    float64 `json:"timestep"`
	Steps       int     `json:"steps"`
	WarmUp      int     `json:"warm_up"`
	Seed        uint64  `json:"seed"`
}

func (a *ASE) journey(s structure.Structure, o Options) (journey, error) {
	file, err := a.write(s)
	return journey{file, o.Ensemble, o.Temperature, o.Pressure, o.Timestep, o.Steps, max(0, o.WarmUp), o.Seed}, err
}

// Measure is the function Measure through ASE, with ASE's integrators.
func (a *ASE) Measure(name string, s structure.Structure, o Options, progress func(done int)) (*Run, error) {
	o = o.withDefaults(&s)
	job, err := a.journey(s, o)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Integrator string       `json:"integrator"`
		First      float64      `json:"first_ms"`
		Steps      []float64    `json:"step_ms"`
		Calls      []float64    `json:"call_ms"`
		Engine     *float64     `json:"engine_ms"`
		Conserved  []float64    `json:"conserved"`
		RSS        [][2]float64 `json:"rss"`
	}
	if err := a.ask(map[string]journey{"run": job}, "run", &answer, progress); err != nil {
		return nil, err
	}
	if len(answer.Steps) != o.Steps {
		return nil, fmt.Errorf("ASE made %d steps instead of %d", len(answer.Steps), o.Steps)
	}
	r := &Run{Potential: name, Ensemble: o.Ensemble, Atoms: s.Len(), Threads: a.of.Threads, Steps: o.Steps, Timestep: o.Timestep, FirstCall: answer.First,
		WarmUp: job.WarmUp, Through: ThroughASE, Device: a.of.Device, Integrator: "ase." + answer.Integrator, Growth: memories(answer.RSS)}
	r.timing(durations(answer.Steps), durations(answer.Calls), o)
	if answer.Engine != nil {
		r.Overhead = number(1e3 * (r.Latency.Mean - *answer.Engine))
	}
	if len(answer.Conserved) == o.Steps {
		times := make([]float64, o.Steps)
		for k := range times {
			times[k] = float64(k+1) * o.Timestep
		}
		r.drift(times, answer.Conserved)
	}
	if n := len(r.Growth); n > 0 {
		r.RSS = number(r.Growth[n-1].RSS)
	}
	return r, nil
}

func durations(ms []float64) []time.Duration {
	var d []time.Duration
	for _, x := range ms {
		d = append(d, time.Duration(1e6*x))
	}
	return d
}

func memories(v [][2]float64) []Memory {
	var all []Memory
	for _, x := range v {
		all = append(all, Memory{int(x[0]), x[1]})
	}
	return all
}

// Soak is the function Soak through ASE.
func (a *ASE) Soak(s structure.Structure, o Options, steps int, tell func(done, total int)) ([]Memory, error) {
	o = o.withDefaults(&s)
	o.Steps = steps
	job, err := a.journey(s, o)
	if err != nil {
		return nil, err
	}
	var answer [][2]float64
	err = a.ask(map[string]journey{"soak": job}, "soak", &answer, func(done int) { tell(done, steps) })
	return memories(answer), err
}
