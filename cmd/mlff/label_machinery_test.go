//go:build label

package main

import (
	"context"
	"slices"
	"testing"
	"time"

	"mlff/structure"
	"mlff/teacher"
)

// TestBenchLabelMachinery prints what labelling a structure of about 200 atoms costs beside the teacher's own work, in
// milliseconds and as a part of what ANI-1ccx needs, and how much faster two workers of one processor each label than one.
func TestBenchLabelMachinery(t *testing.T) {
	alcohol := ethanol()
	for k := range 3 {
		alcohol.Cell[k][k], alcohol.PBC[k] = 6.5, true // Å, no contacts
	}
	s := structure.Supercell(&alcohol, [3]int{4, 3, 2})
	nothing := openTeacher(t, "ase:../../teacher/testdata/noop.py:make", teacherPython(t, "newest"), 1)
	python := teacherPython(t, "fennol")
	one, two := openTeacher(t, ani(t), python, 1), openTeacher(t, ani(t), python, 2)
	const repeats = 7
	var machinery, alone, both [repeats]time.Duration
	for k := range repeats { // in turns, so that noise of the machine meets all of them
		machinery[k], alone[k], both[k] = perStructure(t, nothing, s, 400), perStructure(t, one, s, 24), perStructure(t, two, s, 48)
	}
	m, a := median(machinery[:]), median(alone[:])
	tellAtMost("machinery, 216 atoms, a teacher that does nothing", "ms", 1e3*m, 1)
	tellAtMost("machinery, part of the time of ANI-1ccx", "%", 100*m/a, 2)
	tellAtLeast("ANI-1ccx, two workers over one", "times", a/median(both[:]), 1.8)
}

// median of an odd number of times, in seconds.
func median(times []time.Duration) float64 {
	slices.Sort(times)
	return times[len(times)/2].Seconds()
}

// openTeacher opens a teacher in workers of one processor each; all of them have labelled something when it returns.
func openTeacher(t *testing.T, name, python string, workers int) teacher.Teacher {
	t.Helper()
	by, err := teacher.Open(name, teacher.Options{Python: python, Workers: workers, Threads: workers})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { by.Close() })
	return by
}

// perStructure is how long a teacher takes for one of n copies of a structure, after some that are not counted.
func perStructure(t *testing.T, by teacher.Teacher, s structure.Structure, n int) time.Duration {
	t.Helper()
	all := make([]structure.Structure, n)
	for k := range all {
		all[k] = s
	}
	var began time.Time
	for _, part := range [][]structure.Structure{all[:n/4], all} {
		began = time.Now()
		if _, err := by.Label(context.Background(), part); err != nil {
			t.Fatal(err)
		}
	}
	return time.Since(began) / time.Duration(n)
}
