package distill

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mlff/structure"
	"mlff/teacher"
)

// examinationName is what was found of the teacher before its labels were paid for.
const examinationName = "teacher.json"

// The examination takes at most a twentieth of a budget. A teacher whose forces change by more than this when it is
// asked again teaches nothing, eV/Å.
const (
	examinationShare = 20
	examinationCalls = 31
	mostUnrest       = 0.05
)

// examineTeacher measures once whether the teacher's labels belong together, at the smallest start structure that has
// bonds. What is amiss is said; only forces that change from call to call end the run.
func (r *run) examineTeacher(ctx context.Context) error {
	if r.has(examinationName) {
		return nil
	}
	r.tellLicence()
	s := r.smallestStart()
	if s == nil || !r.affordsExamination(ctx, s) {
		return ctx.Err()
	}
	x, err := teacher.Examine(ctx, r.inputs.teacher, []structure.Structure{*s}, func(done, total int) { r.progress("teacher", done, total) })
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		r.say("warning: the teacher could not be examined: %v", err)
		return nil
	}
	if elements := elementsOf(r.inputs.starts); r.affordsDimers(x, len(elements)) {
		if err := x.Dimers(ctx, r.inputs.teacher, elements); err != nil {
			return err
		}
	}
	for _, f := range x.Findings {
		if !f.Pass {
			r.say("warning: %s", f.Text)
		}
	}
	if x.Repeat > mostUnrest {
		return structure.Hint(fmt.Errorf("the teacher %s gives other forces when it is asked again, by %.2g eV/Å", r.config.Teacher, x.Repeat),
			"a student cannot learn from chance; look for dropout or random numbers in the teacher")
	}
	return r.writeJSON(examinationName, x)
}

// smallestStart is nil where there are isolated atoms only.
func (r *run) smallestStart() *structure.Structure {
	var best *structure.Structure
	for i := range r.inputs.starts {
		s := &r.inputs.starts[i].Structure
		if (s.Len() > 1 || s.Periodic()) && (best == nil || s.Len() < best.Len()) {
			best = s
		}
	}
	return best
}

// affordsExamination times one call, after one that compiles what there is to compile.
func (r *run) affordsExamination(ctx context.Context, s *structure.Structure) bool {
	if r.config.Train.Steps != nil {
		return true
	}
	var began time.Time
	for range 2 {
		began = time.Now()
		if _, err := r.inputs.teacher.Label(ctx, []structure.Structure{*s}); err != nil {
			return ctx.Err() == nil // the examination will say what is wrong
		}
	}
	cost := time.Since(began) * examinationCalls / time.Duration(r.labellers())
	if cost <= time.Duration(r.config.Train.Budget)/examinationShare {
		return true
	}
	r.say("the teacher is not examined, which would take %s: mlff teachers check does it", cost.Round(time.Second))
	return false
}

// affordsDimers tells whether dimers, at the cost of the calls before, leave the examination within its share.
func (r *run) affordsDimers(x *teacher.Examination, elements int) bool {
	cost := x.Seconds * (1 + float64(teacher.DimerCalls(elements))/float64(x.Evaluations))
	return r.config.Train.Steps != nil || cost <= time.Duration(r.config.Train.Budget).Seconds()/examinationShare
}

// teacherStress says why the teacher's stress is not to be learned; empty where it is.
func (r *run) teacherStress() string {
	var x teacher.Examination
	if ok, err := r.readJSON(examinationName, &x); !ok || err != nil {
		return ""
	}
	for _, f := range x.Findings {
		if f.Name == "stress" && !f.Pass {
			return "the teacher's " + f.Text
		}
	}
	return ""
}

// tellLicence says what a teacher's licence means for the student, unless commercial use is allowed.
func (r *run) tellLicence() {
	i := r.inputs.teacher.Info()
	if i.Commercial == "yes" {
		return
	}
	allowed := map[string]string{"no": "does not allow commercial use", "unknown": "says nothing known about commercial use"}[i.Commercial]
	r.say("licence: %s of %s, which %s; the student inherits it", i.Licence, i.Name, allowed)
	if i.Note != "" {
		r.say("licence: %s", i.Note)
	}
	if !r.options.Accept {
		r.say("hint: --accept-licence records in the student that you have read it")
	}
}

// accepted tells whether the user accepted the teacher's licence, in this process or an earlier one of the run.
func (r *run) accepted() bool {
	if r.options.Accept {
		return true
	}
	var yes bool
	_, _ = r.journal.last("licence accepted", &yes) // a log that cannot be read accepts nothing
	return yes
}

// splitTeacher takes the name of a teacher apart: before + the files, separated by commas + after. It has no files where
// the teacher is built in or named by its model.
func splitTeacher(name string) (before string, files []string, after string) {
	kind, target, ok := strings.Cut(name, ":")
	if !ok {
		return name, nil, ""
	}
	if i := strings.IndexByte(target, '?'); i >= 0 {
		target, after = target[:i], target[i:]
	}
	before = kind + ":"
	switch kind {
	case "eam", "fennol", "mace", "graphpes":
		if target != "" {
			return before, strings.Split(target, ","), after
		}
	case "ase":
		if i := strings.LastIndexByte(target, ':'); i > 0 && strings.HasSuffix(target[:i], ".py") {
			return before, []string{target[:i]}, target[i:] + after
		}
	case "orb", "chgnet", "sevennet":
		if info, err := os.Stat(target); err == nil && !info.IsDir() || strings.ContainsRune(target, filepath.Separator) {
			return before, []string{target}, after
		}
	}
	return name, nil, ""
}

// TeacherWithoutFolders is the name of a teacher with its files named only: where they lay is nobody's business.
func TeacherWithoutFolders(name string) string {
	before, files, after := splitTeacher(name)
	if files == nil {
		return name
	}
	return before + strings.Join(namesMapped(files, filepath.Base), ",") + after
}
