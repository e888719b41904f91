package report

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"slices"
	"strings"

	"mlff/benchmark"
	"mlff/structure"
)

//go:embed bench.html
var benchText string

var benchTemplate = template.Must(template.Must(pageTemplate.Clone()).New("bench").Parse(benchText))

// ReadBench reads what mlff bench --out wrote.
func ReadBench(path string) (*benchmark.Results, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(benchmark.Results)
	err = json.Unmarshal(text, r)
	if err == nil && r.Machine.System == "" {
		err = errors.New("it names no machine")
	}
	if err != nil {
		return nil, structure.Hint(fmt.Errorf("%s is no result of a benchmark: %w", path, err), "name the file that mlff bench --out wrote, or a run directory")
	}
	return r, nil
}

// Bench writes a page about what mlff bench measured, drawn only from that.
func Bench(w io.Writer, r *benchmark.Results) error {
	view := struct {
		Style    template.CSS
		Machine  string
		Sections []section
		Absent   []string
	}{Style: template.CSS(style), Machine: machineLine(r.Machine), Absent: r.Absent}
	for _, part := range []func(*benchmark.Results) *section{speedSection, stepSection, conservationSection, batchSection, memorySection} {
		if s := part(r); s != nil {
			view.Sections = append(view.Sections, *s)
		}
	}
	if err := benchTemplate.Execute(w, view); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func machineLine(m benchmark.Machine) string {
	text := fmt.Sprintf("%d cores, %s", m.Cores, m.System)
	if m.Processor != "" {
		text = m.Processor + ", " + text
	}
	return text
}

// speedSection holds the student against the teacher.
func speedSection(r *benchmark.Results) *section {
	if len(r.Comparisons) == 0 {
		return nil
	}
	t := table{Caption: "Time of a step", Head: []string{"", "Atoms", "Threads", "Teacher (ms)", "Student (ms)", "Speed-up (95 %)", "Median steps", "Timed", "Pays after"}}
	var l lines
	for _, c := range r.Comparisons {
		name := strings.ToUpper(c.Ensemble) + " " + where(c.Through, c.Device)
		pays := "–"
		if c.BreakEven != nil {
			pays = group(fmt.Sprintf("%.0f", *c.BreakEven)) + " steps"
		}
		t.Rows = append(t.Rows, []string{name, fmt.Sprint(c.Atoms), fmt.Sprint(c.Threads), number(c.Teacher, 3), number(c.Student, 3),
			number(c.SpeedUp.Value, 3) + " (" + number(c.SpeedUp.Low, 3) + " to " + number(c.SpeedUp.High, 3) + ")", number(c.Median, 3), fmt.Sprintf("%d, %d", c.TeacherSteps, c.StudentSteps), pays})
		l.add(fmt.Sprintf("%s, %d threads", name, c.Threads), float64(c.Atoms), c.SpeedUp.Value)
	}
	return &section{Title: "Speed-up over the teacher", Tables: []table{t}, Figures: l.charts("speedup", "Speed-up", "teacher over student",
		"How many steps the student makes while the teacher makes one."),
		Method: "Whole steps of molecular dynamics, the mean of the teacher over that of the student on as many threads. The interval takes the scatter between parts of each run for that of independent numbers; the ratio of the median steps leaves out those that other programs beside, or a rebuilt neighbour list, made long. A student pays once the steps it saved are worth the time of its labels and its training."}
}

func where(through, device string) string {
	text := "by itself"
	if through == benchmark.ThroughASE {
		text = "through ASE"
	}
	if device != "" {
		text += ", teacher on a GPU"
	}
	return text
}

// stepSection tells what a step costs and of what it consists.
func stepSection(r *benchmark.Results) *section {
	if len(r.Runs) == 0 {
		return nil
	}
	t := table{Caption: "Milliseconds", Head: []string{"", "Atoms", "Threads", "Steps", "Warm-up", "First call", "Mean", "p50", "p95", "p99", "Overhead (µs)", "ns/day"}}
	var l lines
	for _, run := range r.Runs {
		name := fmt.Sprintf("%s, %s, %s", benchmark.Brief(run.Potential), strings.ToUpper(run.Ensemble), where(run.Through, run.Device))
		t.Rows = append(t.Rows, []string{name, fmt.Sprint(run.Atoms), fmt.Sprint(run.Threads), fmt.Sprint(run.Steps), fmt.Sprint(run.WarmUp), number(run.FirstCall, 3),
			number(run.Latency.Mean, 3), number(run.Latency.P50, 3), number(run.Latency.P95, 3), number(run.Latency.P99, 3), optional(run.Overhead, 3), number(run.NsPerDay, 3)})
		l.add(fmt.Sprintf("%s, %d threads", name, run.Threads), float64(run.Atoms), run.Latency.P50)
	}
	tables := []table{t}
	if len(r.Scaling) > 0 {
		s := table{Caption: "Growth with the number of atoms", Head: []string{"", "Threads", "Sizes", "Exponent"}}
		for _, x := range r.Scaling {
			s.Rows = append(s.Rows, []string{fmt.Sprintf("%s, %s, %s", benchmark.Brief(x.Potential), strings.ToUpper(x.Ensemble), where(x.Through, x.Device)), fmt.Sprint(x.Threads), fmt.Sprint(x.Sizes), number(x.Exponent, 3)})
		}
		tables = append(tables, s)
	}
	return &section{Title: "What a step costs", Tables: tables, Figures: l.charts("step", "Median step", "time of a step (ms)", "Median over the timed steps."),
		Method: "A step is everything that a user waits for: neighbour list, forces, integrator. Steps of warm-up come first and are not timed; the first call is the evaluation before them. Overhead is the mean step less what was spent in the engine (for a teacher: in its calculator). The exponent is fitted to the logarithms; 1 means that twice the atoms take twice the time."}
}

// conservationSection tells what became of the conserved quantity.
func conservationSection(r *benchmark.Results) *section {
	t := table{Caption: "Drift of the conserved quantity", Head: []string{"", "Atoms", "Integrator", "Time (ps)", "Drift (meV/atom/ps)"}}
	for _, run := range r.Runs {
		if run.Drift != nil && run.DriftError != nil {
			t.Rows = append(t.Rows, []string{fmt.Sprintf("%s, %s", benchmark.Brief(run.Potential), strings.ToUpper(run.Ensemble)), fmt.Sprint(run.Atoms), run.Integrator,
				number(float64(run.Steps)*run.Timestep/1000, 3), uncertain(*run.Drift, *run.DriftError)})
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return &section{Title: "Conservation", Tables: []table{t},
		Method: "Size of the least-squares slope over the last 80 % of a run, with its standard error: total energy, with a thermostat or barostat less the heat and work that it gave. Short runs say little: see the standard error."}
}

// batchSection holds many structures at once against one by one.
func batchSection(r *benchmark.Results) *section {
	if len(r.Batches) == 0 {
		return nil
	}
	t := table{Caption: "Structures a second", Head: []string{"", "Structures", "Atoms each", "Threads", "One by one", "At once", "Ratio"}}
	for _, b := range r.Batches {
		t.Rows = append(t.Rows, []string{where(b.Through, ""), fmt.Sprint(b.Structures), fmt.Sprint(b.Atoms), fmt.Sprint(b.Threads), number(b.Single, 3), number(b.Together, 3), number(b.Ratio, 3)})
	}
	return &section{Title: "Batches", Tables: []table{t}, Method: "The same structures, in turns: one call each, on all threads, and one call for all, a structure to a thread."}
}

// memorySection draws memory over the steps of the soak, else of the runs.
func memorySection(r *benchmark.Results) *section {
	var l lines
	if len(r.Memory) > 0 || len(r.MemoryASE) > 0 {
		l.memory("by itself", r.Memory)
		l.memory("through ASE", r.MemoryASE)
	} else {
		for _, run := range r.Runs {
			l.memory(fmt.Sprintf("%s, %s, %s, %d atoms, %d threads", benchmark.Brief(run.Potential), strings.ToUpper(run.Ensemble), where(run.Through, run.Device), run.Atoms, run.Threads), run.Growth)
		}
	}
	if len(l.names) == 0 {
		return nil
	}
	t := table{Caption: "Memory (MiB)", Head: []string{"", "Steps", "First", "Last", "Growth"}}
	for k, name := range l.names {
		y := l.y[k]
		t.Rows = append(t.Rows, []string{name, group(fmt.Sprint(int(last(l.x[k])))), number(y[0], 4), number(last(y), 4), number(last(y)-y[0], 2)})
	}
	c := &chart{title: "Memory", height: wideHeight, x: span("steps", l.x...), y: span("in memory (MiB)", append(l.y, []float64{0})...), about: "memory over steps"}
	if len(r.Memory) > 0 || len(r.MemoryASE) > 0 {
		c.x = logSpan("steps", l.x...)
	}
	l.draw(c)
	return &section{Title: "Memory", Tables: []table{t}, Figures: []figure{c.figure("memory", "What of the process lies in the machine's memory (RSS).")}}
}

// lines collects points of named series.
type lines struct {
	names []string
	x, y  [][]float64
}

func (l *lines) add(name string, x, y float64) {
	for k, n := range l.names {
		if n == name {
			l.x[k], l.y[k] = append(l.x[k], x), append(l.y[k], y)
			return
		}
	}
	l.names, l.x, l.y = append(l.names, name), append(l.x, []float64{x}), append(l.y, []float64{y})
}

func (l *lines) memory(name string, v []benchmark.Memory) {
	for _, m := range v {
		if m.RSS == m.RSS { // NaN where the system does not tell
			l.add(name, float64(m.Steps), m.RSS)
		}
	}
}

// charts draws the series over the number of atoms, both logarithmic: one chart, or none where there is but one number.
func (l *lines) charts(id, title, axisName, caption string) []figure {
	if !slices.ContainsFunc(l.x, func(x []float64) bool { return slices.Min(x) < slices.Max(x) }) {
		return nil
	}
	c := &chart{title: title, height: wideHeight, x: logSpan("atoms", l.x...), y: logSpan(axisName, l.y...), about: axisName + " over atoms"}
	l.draw(c)
	return []figure{c.figure(id, caption)}
}

// draw gives the first series colours of their own; the others are in the table, and in the numbers below the chart.
func (l *lines) draw(c *chart) {
	for k, name := range l.names {
		class := fmt.Sprintf("s%d", min(k, colours-1))
		c.line(class, l.x[k], l.y[k])
		c.dots(class, l.x[k], l.y[k])
		switch {
		case k < colours-1 || len(l.names) == colours:
			c.key(class, name)
		case k == colours-1:
			c.key(class, "others")
		}
	}
}
