package main

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"

	"mlff/benchmark"
)

// printResults prints the table of runs and a line for everything else.
func printResults(w io.Writer, r *benchmark.Results) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "potential\tensemble\tatoms\tthreads\tthrough\tneighbours\tkernel\tµs/atom/step\tleast\tp99 ms\toverhead µs\tns/day\tsteps/rebuild\tRSS MiB\tdrift meV/atom/ps\t")
	for _, r := range r.Runs {
		rebuild := "-"
		if r.Rebuilds != nil && *r.Rebuilds > 0 {
			rebuild = fmt.Sprintf("%.3g", 1 / *r.Rebuilds)
		}
		drift := orDash("%.2g", r.Drift)
		if r.Drift != nil {
			drift += " ± " + orDash("%.1g", r.DriftError)
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\t%s\t%s\t%.3f\t%.3f\t%.3g\t%s\t%.3g\t%s\t%s\t%s\t\n", benchmark.Brief(r.Potential), r.Ensemble, r.Atoms, r.Threads, through(r),
			orDash("%.1f", r.Neighbors), r.Kernel, r.Time.Median, r.Time.Min, r.Latency.P99, orDash("%.3g", r.Overhead), r.NsPerDay, rebuild, orDash("%.1f", r.RSS), drift)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, c := range r.Comparisons {
		fmt.Fprintln(w, comparison(&c))
	}
	for _, s := range r.Scaling {
		fmt.Fprintf(w, "%s, %s, threads %d, %s: time of a step grows as atoms to the power %.2f\n", benchmark.Brief(s.Potential), s.Ensemble, s.Threads, cmp.Or(s.Device, s.Through), s.Exponent)
	}
	for _, b := range r.Batches {
		fmt.Fprintf(w, "%d structures of %d atoms, threads %d, %s: %.4g a second one by one, %.4g at once: %.3g times\n", b.Structures, b.Atoms, b.Threads, b.Through,
			b.Single, b.Together, b.Ratio)
	}
	for _, m := range r.Memory {
		fmt.Fprintf(w, "%9d steps: %.2f MiB\n", m.Steps, m.RSS)
	}
	for _, m := range r.MemoryASE {
		fmt.Fprintf(w, "%9d steps through ASE: %.2f MiB\n", m.Steps, m.RSS)
	}
	for _, text := range r.Absent {
		fmt.Fprintf(w, "not measured: %s\n", text)
	}
	return nil
}

func through(r *benchmark.Run) string {
	if r.Device != "" {
		return r.Through + " " + r.Device
	}
	return r.Through
}

// comparison is a speed-up in words.
func comparison(c *benchmark.Comparison) string {
	text := fmt.Sprintf("%s, %d atoms, threads %d", c.Ensemble, c.Atoms, c.Threads)
	if c.Through == benchmark.ThroughASE {
		text += ", through ASE"
	}
	if c.Device != "" {
		text += ", teacher on a GPU"
	}
	text += fmt.Sprintf(": %.4g times faster (%.4g to %.4g; median steps %.4g; %d and %d steps)", c.SpeedUp.Value, c.SpeedUp.Low, c.SpeedUp.High, c.Median, c.TeacherSteps, c.StudentSteps)
	if c.BreakEven != nil {
		text += fmt.Sprintf("; pays after %.4g steps", *c.BreakEven)
	}
	return text
}

func orDash(format string, x *float64) string {
	if x == nil {
		return "-"
	}
	return fmt.Sprintf(format, *x)
}
