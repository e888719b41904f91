package validate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"mlff/model"
	"mlff/structure"
	"mlff/teacher"
)

// Properties are what a survey can look at, in its order. Without a wish it looks at what applies to the structure, the
// last four on request only.
var Properties = []string{"crystal", "phonons", "frequencies", "rdf", "adf", "vdos", "diffusion", "transfer", "frames", "density", "vacancy", "surface"}

// onRequest are the properties that cost much, that few ask for, or that the on-policy gate tells as well.
var onRequest = []string{"frames", "density", "vacancy", "surface"}

// Survey compares observables of a student with those of its teacher.
type Survey struct {
	Student    func(model.Options) (structure.Potential, error) // a potential of its own for every call
	Teacher    teacher.Teacher
	Name       string // of the student, for runs that are kept
	Structures []structure.Structure
	Phases     []string // what the structures are called, such as "liquid"; may be nil
	Wanted     []string // Properties; nil: what applies
	Walk       Walk     // of dynamics side by side; its temperature is not used
	// Temperatures of the dynamics, K.
	Temperatures []float64
	Budget       time.Duration // for the teacher's calls; 0: ten minutes
	Calls        int           // of the teacher, at most; 0: as many as the budget allows
	Frames       int           // that the teacher labels where its own dynamics is too dear; 0: 200
	Atoms        int           // to which structures are repeated for dynamics; 0: 64
	TrainingSize int           // atoms of the largest training cell; 0: that of the structure
	Narrow       string        // the warning that every training cell is narrow, where that is so
	Threshold    float64       // grade of a frame that alarms; 0: grades are not looked at
	Progress     func(stage string, done, total int)
}

// Observables are what a survey found.
type Observables struct {
	Teacher string        `json:"teacher"`
	Calls   int           `json:"calls"`   // of the teacher
	Seconds float64       `json:"seconds"` // in them
	List    []Observation `json:"observations"`
	Curves  []Curve       `json:"curves"`
}

// surveyor carries out a survey.
type surveyor struct {
	Survey
	ctx    context.Context
	books  sync.Mutex
	kept   *keptLabels
	result Observables
	share  float64                     // of what is left that the present structure may take
	price  float64                     // of one call for the present structure, s per atom
	known  map[float64][]labelledFrame // of the present structure's dynamics, by temperature
}

// Observe carries out the survey. What cannot be had is Unknown with its reason; errors are those of ctx and of a
// folder that cannot be written to.
func (s Survey) Observe(ctx context.Context) (*Observables, error) {
	if s.Budget == 0 {
		s.Budget = 10 * time.Minute
	}
	if s.Frames == 0 {
		s.Frames = 200
	}
	if s.Atoms == 0 {
		s.Atoms = 64
	}
	if s.Progress == nil {
		s.Progress = func(string, int, int) {}
	}
	v := &surveyor{Survey: s, ctx: ctx}
	v.result.Teacher = s.Teacher.Info().Name
	var err error
	if v.kept, err = openLabels(s.Walk.Folder, s.Teacher.Info().Identity); err != nil {
		return nil, err
	}
	names := s.names()
	for k := range s.Structures {
		v.share = 1 / float64(len(s.Structures)-k)
		v.structure(&s.Structures[k], names[k])
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return &v.result, nil
}

// names tells structures apart: by their phases, else by their formulas where there are several.
func (s *Survey) names() []string {
	return phaseNames(len(s.Structures), s.Phases, func(k int) string {
		if len(s.Structures) == 1 {
			return ""
		}
		return formula(s.Structures[k].Numbers)
	})
}

// wants tells whether a property is asked for.
func (s *Survey) wants(property string) bool {
	if s.Wanted == nil {
		return !slices.Contains(onRequest, property)
	}
	return slices.Contains(s.Wanted, property)
}

func (v *surveyor) add(o ...Observation) { v.result.List = append(v.result.List, o...) }

// structure surveys one structure.
func (v *surveyor) structure(s *structure.Structure, label string) {
	v.known = map[float64][]labelledFrame{}
	if err := v.timeTeacher(s); err != nil {
		v.add(broken("the teacher's answer", label, err.Error()))
		return
	}
	if s.PBC == [3]bool{} {
		if v.wants("frequencies") {
			v.vibrations(s, label)
		}
	} else if s.Periodic() {
		v.crystal(s, label)
	}
	for k, t := range v.Temperatures {
		if v.ctx.Err() == nil {
			v.dynamics(s, join(label, fmt.Sprintf("%g K", t)), t, 1/float64(len(v.Temperatures)-k))
		}
	}
	if v.wants("transfer") && s.Periodic() && len(v.Temperatures) > 0 && v.ctx.Err() == nil {
		v.transfer(s, label, v.Temperatures[len(v.Temperatures)/2])
	}
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), ", ")
}

// timeTeacher measures the price of a call: the second, for the first may compile.
func (v *surveyor) timeTeacher(s *structure.Structure) error {
	for range 2 {
		before := v.result.Seconds
		if _, err := v.ask([]structure.Structure{*s}); err != nil {
			return err
		}
		v.price = (v.result.Seconds - before) / float64(s.Len())
	}
	return nil
}

// ask lets the teacher label structures, and books the calls.
func (v *surveyor) ask(list []structure.Structure) ([]structure.Labels, error) {
	begin := time.Now()
	labels, err := v.Teacher.Label(v.ctx, list)
	v.book(len(list), time.Since(begin))
	return labels, err
}

func (v *surveyor) book(calls int, t time.Duration) {
	v.books.Lock() // several runs may ask at once
	defer v.books.Unlock()
	v.result.Calls += calls
	v.result.Seconds += t.Seconds()
}

// affordable is how many calls of a structure of so many atoms the budget still allows, a share of what is left.
func (v *surveyor) affordable(atoms int, share float64) int {
	share *= v.share
	left := share * (v.Budget.Seconds() - v.result.Seconds)
	n := int(math.Max(0, left/math.Max(1e-7, v.price*float64(atoms))))
	if v.Calls > 0 {
		n = min(n, int(share*float64(max(0, v.Calls-v.result.Calls))))
	}
	return n
}

// booked is the teacher as a potential whose calls are counted.
type booked struct {
	structure.Potential
	v *surveyor
}

func (b booked) Evaluate(s *structure.Structure, out *structure.Result) error {
	if err := b.v.ctx.Err(); err != nil {
		return err
	}
	begin := time.Now()
	err := b.Potential.Evaluate(s, out)
	b.v.book(1, time.Since(begin))
	return err
}

func (v *surveyor) teacher() structure.Potential { return booked{teacher.AsPotential(v.Teacher), v} }
