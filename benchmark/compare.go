package benchmark

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"runtime/debug"
	"strconv"

	"mlff/md"
	"mlff/structure"
)

// Comparison holds a student's run against a teacher's with as many atoms in the same ensemble, on as many threads unless the
// teacher has a GPU.
type Comparison struct {
	Ensemble     string   `json:"ensemble"`
	Atoms        int      `json:"atoms"`
	Threads      int      `json:"threads"`
	Through      string   `json:"through"`          // both through this program, or both through ASE
	Device       string   `json:"device,omitempty"` // of the teacher, where that is not the processor; the student runs on its threads
	Teacher      float64  `json:"teacher_ms"`       // mean time of a step
	Student      float64  `json:"student_ms"`
	TeacherSteps int      `json:"teacher_steps"` // timed
	StudentSteps int      `json:"student_steps"`
	SpeedUp      Interval `json:"speed_up"`
	Median       float64  `json:"median_speed_up"`  // of the median steps: without those that other programs, or a rebuilt neighbour list, made long
	BreakEven    *float64 `json:"break_even_steps"` // steps after which making the student has paid; null if that time is not known or never comes
}

// Interval is a figure and where it lies with 95 % confidence.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Compare takes two runs and the seconds it took to make the student, labels and training; 0: not known. The interval
// takes the scatter between the repeats of each run, with its steps in turn, for that of independent numbers.
func Compare(teacher, student *Run, invested float64) Comparison {
	c := Comparison{Ensemble: student.Ensemble, Atoms: student.Atoms, Threads: student.Threads, Through: student.Through, Device: teacher.Device,
		Teacher: teacher.Latency.Mean, Student: student.Latency.Mean, TeacherSteps: teacher.Steps, StudentSteps: student.Steps}
	c.Median = teacher.Latency.P50 / student.Latency.P50
	r := c.Teacher / c.Student
	off := math.Exp(1.96 * math.Hypot(relativeError(teacher.means), relativeError(student.means)))
	c.SpeedUp = Interval{r, r / off, r * off}
	if saved := (c.Teacher - c.Student) / 1e3; saved > 0 && invested > 0 {
		c.BreakEven = number(math.Ceil(invested / saved))
	}
	return c
}

// relativeError is the standard error of the mean of v over the mean.
func relativeError(v []float64) float64 {
	n := float64(len(v))
	var sum, square float64
	for _, x := range v {
		sum += x
	}
	for _, x := range v {
		square += (x - sum/n) * (x - sum/n)
	}
	return math.Sqrt(square/max(1, n*(n-1))) / (sum / n)
}

// WriteCSV writes one line a run below a line of names.
func WriteCSV(w io.Writer, runs []*Run) error {
	c := csv.NewWriter(w)
	c.Write([]string{"potential", "ensemble", "atoms", "threads", "neighbors", "kernel", "steps", "timestep_fs", "us_per_atom_step_min", "us_per_atom_step_median",
		"first_call_ms", "step_ms_mean", "step_ms_p50", "step_ms_p95", "step_ms_p99", "ns_per_day",
		"rss_mib", "conserved_drift_meV_atom_ps", "conserved_drift_error", "rebuilds_per_step",
		"through", "device", "integrator", "warm_up_steps", "call_ms_mean", "overhead_us"})
	for _, r := range runs {
		line := []string{r.Potential, r.Ensemble, strconv.Itoa(r.Atoms), strconv.Itoa(r.Threads), cell(r.Neighbors), r.Kernel, strconv.Itoa(r.Steps)}
		for _, x := range []float64{r.Timestep, r.Time.Min, r.Time.Median, r.FirstCall, r.Latency.Mean, r.Latency.P50, r.Latency.P95, r.Latency.P99, r.NsPerDay} {
			line = append(line, cell(&x))
		}
		line = append(line, cell(r.RSS), cell(r.Drift), cell(r.DriftError), cell(r.Rebuilds), r.Through, r.Device, r.Integrator, strconv.Itoa(r.WarmUp))
		c.Write(append(line, cell(&r.Call.Mean), cell(r.Overhead)))
	}
	c.Flush()
	return c.Error()
}

func cell(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'g', 6, 64)
}

// Memory is what the process held after so many steps.
type Memory struct {
	Steps int     `json:"steps"`
	RSS   float64 `json:"rss_mib"`
}

// Soak runs dynamics and notes memory at each power of ten from 1000 steps on, and at the end. What earlier work left
// behind goes back to the system before the first step: else it trickles away during the run and hides what that takes.
func Soak(ctx context.Context, p Subject, s structure.Structure, o Options, steps int, tell func(done, total int)) ([]Memory, error) {
	o = o.withDefaults(&s)
	m, err := md.New(p.Potential, s, md.Options{Timestep: o.Timestep, Ensemble: md.NVT, Temperature: o.Temperature, Seed: o.Seed})
	if err != nil {
		return nil, err
	}
	debug.FreeOSMemory()
	var all []Memory
	note := 1000
	for m.Steps() < steps {
		next := min(note, steps, (m.Steps()/10_000+1)*10_000)
		if err := m.Run(ctx, next-m.Steps()); err != nil {
			return all, fmt.Errorf("soak: %w", err)
		}
		tell(m.Steps(), steps)
		if m.Steps() == note || m.Steps() == steps {
			all = append(all, Memory{m.Steps(), RSS()})
		}
		if m.Steps() == note {
			note *= 10
		}
	}
	return all, nil
}
