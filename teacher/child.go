package teacher

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlff/python"
	"mlff/structure"
)

const pythonHint = "--python and teacher_python take a virtual environment or its interpreter"

// ready is what a worker tells of its teacher.
type ready struct {
	Licence      string            `json:"licence"`
	Commercial   string            `json:"commercial"`
	Citation     string            `json:"citation"`
	Note         string            `json:"note"`
	Elements     []int             `json:"elements"`
	Energy       bool              `json:"energy"`
	Forces       bool              `json:"forces"`
	Stress       bool              `json:"stress"`
	Energies     bool              `json:"energies"`
	Arguments    map[string]string `json:"arguments"`
	Parameters   string            `json:"parameters"`
	Conservative bool              `json:"conservative"`
	Package      string            `json:"package"`
	Version      string            `json:"version"`
	Device       string            `json:"device"`
	Batch        int               `json:"batch"`
}

// child is a kind that runs in a child process.
func child(kind, usage, summary string) Kind {
	return Kind{Name: kind, Usage: usage, Summary: summary, open: openChild}
}

// openChild starts the first worker, which says who the teacher is; the others follow when there is work for them.
func openChild(n name, o Options) (Teacher, error) {
	if n.target == "" {
		return nil, structure.Hint(fmt.Errorf("teacher %s: which one?", n.full), n.usage)
	}
	t := &workers{options: o, info: Info{Name: n.full}, spread: math.Inf(1), backoff: time.Second, patient: 10 * time.Minute}
	if err := t.prepare(n); err != nil {
		return nil, err
	}
	r, err := t.start(o.context(), t.all[0])
	if err != nil {
		t.Close()
		var death *deathError
		if errors.As(err, &death) {
			err = fmt.Errorf("the teacher %s cannot be opened: %w", n.full, err)
		}
		return nil, err
	}
	t.describe(n, r)
	return t, nil
}

// prepare settles everything that needs no process.
func (t *workers) prepare(n name) error {
	arguments := maps.Clone(n.arguments)
	if text, ok := arguments["max_spread"]; ok {
		var err error
		if t.spread, err = strconv.ParseFloat(text, 64); err != nil || !(t.spread > 0) {
			return structure.Hint(fmt.Errorf("teacher %s: max_spread=%s", n.full, text), "it is a force in eV/Å")
		}
		delete(arguments, "max_spread")
	}
	var err error
	if t.python, err = interpreter(t.options.Python); err != nil {
		return err
	}
	t.limits = limits{t.options.Limit, t.options.Memory}
	if t.limits.time <= 0 {
		t.limits.time = 10 * time.Minute
	}
	n.target = absoluteFiles(n.target)
	count := t.options.childWorkers()
	t.threads = max(1, t.options.processors()/count)
	t.request, err = json.Marshal(map[string]any{"open": n.kind, "target": n.target, "arguments": arguments, "threads": t.threads})
	if err != nil {
		return err
	}
	if t.trace, err = openTrace(t.options.Trace); err != nil {
		return err
	}
	t.free = make(chan struct{}, count)
	for k := range count {
		t.all = append(t.all, &worker{index: k})
	}
	for k := range count {
		t.release(t.all[count-1-k]) // the first goes first
	}
	t.scripts, err = unpackScripts()
	return err
}

// absoluteFiles keeps file names in reach for a teacher that changes its working directory.
func absoluteFiles(target string) string {
	names := strings.Split(target, ",")
	for k, name := range names {
		if _, err := os.Stat(name); err == nil {
			if path, err := filepath.Abs(name); err == nil {
				names[k] = path
			}
		}
	}
	return strings.Join(names, ",")
}

// describe completes the info with what the worker said.
func (t *workers) describe(n name, r *ready) {
	t.batch = max(1, r.Batch)
	t.info = Info{
		Name: n.full, Licence: r.Licence, Commercial: r.Commercial, Elements: r.Elements, Energy: r.Energy, Forces: r.Forces, Stress: r.Stress,
		Energies: r.Energies, Arguments: r.Arguments, Citation: r.Citation, Note: r.Note, Direct: !r.Conservative,
		Package: strings.TrimSpace(r.Package + " " + r.Version), Device: r.Device, Workers: len(t.all), Batch: t.batch,
	}
	if t.info.Elements == nil { // nobody knows
		for z := 1; z <= structure.MaxNumber; z++ {
			t.info.Elements = append(t.info.Elements, z)
		}
	}
	slices.Sort(t.info.Elements)
	t.info.Identity = childIdentity(n.kind, r.Parameters, t.info)
}

// childIdentity is identity for parameters of which only the digest is known.
func childIdentity(kind, parameters string, info Info) string {
	h := hasher{sha256.New()}
	h.text(kind)
	h.text(parameters)
	h.settings(info)
	return hex.EncodeToString(h.Sum(nil))
}

// interpreter finds the Python of a virtual environment or checks one that was named.
func interpreter(name string) (string, error) {
	if name == "" {
		path, err := exec.LookPath("python3")
		if err != nil {
			return "", structure.Hint(fmt.Errorf("no python3 is in reach"), pythonHint)
		}
		return path, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		if path, err := exec.LookPath(name); err == nil && !strings.Contains(name, string(filepath.Separator)) {
			return path, nil
		}
		return "", structure.Hint(fmt.Errorf("there is no Python at %s", name), pythonHint)
	}
	if !info.IsDir() {
		return filepath.Abs(name) // not resolved: the link's place tells Python its environment
	}
	path, err := filepath.Abs(filepath.Join(name, "bin", "python"))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", structure.Hint(fmt.Errorf("%s is no virtual environment: it has no bin/python", name), pythonHint)
	}
	return path, nil
}

// unpackScripts writes worker.py and the factories to a folder of their own.
func unpackScripts() (string, error) {
	folder, err := os.MkdirTemp("", "mlff-worker-")
	if err != nil {
		return "", err
	}
	if err := os.CopyFS(filepath.Join(folder, "mlff_worker"), python.Scripts()); err != nil {
		os.RemoveAll(folder)
		return "", err
	}
	return folder, nil
}

// processors that all workers share.
func (o Options) processors() int {
	if o.Threads > 0 {
		return o.Threads
	}
	return runtime.GOMAXPROCS(0)
}

// Each worker imports its packages anew; more than a few seldom pay where nobody asked for them.
const (
	defaultWorkers = 4
	workerMemory   = 3e9 // bytes of a large package with its model
)

// childWorkers is how many processes hold the teacher.
func (o Options) childWorkers() int {
	if o.Workers > 0 {
		return o.Workers
	}
	n := min(o.processors(), defaultWorkers)
	if free := freeMemory(); free > 0 {
		n = min(n, int(free/workerMemory))
	}
	return max(1, n)
}

// freeMemory is what the system can give, in bytes; 0 where nobody knows.
func freeMemory() float64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kilobytes float64
		if _, err := fmt.Sscanf(line, "MemAvailable: %f kB", &kilobytes); err == nil {
			return 1024 * kilobytes
		}
	}
	return 0
}
