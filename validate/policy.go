package validate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"mlff/md"
	"mlff/model"
	"mlff/structure"
)

// OnPolicy says how a student is judged where its own dynamics takes it: at the lowest, the middle and the highest
// temperature of its domain, in frames that the teacher labels afterwards. Zero values are the defaults.
type OnPolicy struct {
	Starts       []structure.Structure
	Phases       []string  // what the starts are called, such as "liquid"; may be nil
	Temperatures []float64 // K, of the domain, in any order
	Frames       int       // at each temperature, shared by the starts; 50
	Atoms        int       // to which periodic starts are repeated, about; 80, as in training
	Settling     float64   // ps before the first frame; 1
	Seed         uint64
	Fluctuations bool // measure the compressibility by the fluctuations of the volume, instead of from the compression curve
	// Label asks the teacher. A structure that it could not label has empty labels.
	Label func(ctx context.Context, s []structure.Structure) ([]structure.Labels, error)
}

const (
	policyFriction = 10.0 // 1/ps, of the Langevin thermostat: velocities are forgotten after 0.1 ps
	leastInterval  = 0.05 // ps between frames
	mostInterval   = 0.5
	policyBatch    = 32 // frames that the teacher is asked for at a time
)

// Gate is what the teacher said of frames that the student went to by itself.
type Gate struct {
	Reference *model.Reference  `json:"reference"` // the errors that those here are held against; null where nobody measured them
	States    []State           `json:"states"`
	Frames    []structure.Frame `json:"-"` // with the teacher's labels: worth learning from
}

// stable tells whether the student's dynamics went to its end everywhere; where it broke down, frames are not of the domain.
func (g *Gate) stable() bool {
	return g != nil && !slices.ContainsFunc(g.States, func(s State) bool { return s.Failure != "" })
}

// State is one temperature of one start.
type State struct {
	Name        string    `json:"name"` // such as "300 K" or "liquid, 1500 K"
	Formula     string    `json:"formula"`
	Atoms       int       `json:"atoms"`
	Temperature float64   `json:"temperature"` // K
	Timestep    float64   `json:"timestep"`    // fs
	Steps       int       `json:"steps"`
	Correlation float64   `json:"correlation"` // ps, integrated autocorrelation time of the potential energy
	Interval    float64   `json:"interval"`    // ps between frames
	Frames      int       `json:"frames"`      // that the teacher labelled
	Refused     int       `json:"refused,omitempty"`
	MAE         *float64  `json:"mae"`     // of force components, meV/Å
	Median      *float64  `json:"median"`  // length of the error of a force, meV/Å
	Largest     *float64  `json:"largest"` // the same, of the worst atom
	Where       string    `json:"where"`   // frame and atom of it
	Molecules   bool      `json:"molecules,omitempty"`
	Broken      []string  `json:"broken,omitempty"` // bonds that the student broke and the teacher would keep
	Pressure    *float64  `json:"pressure"`         // mean of student less teacher, GPa
	PressureErr *float64  `json:"pressure_error"`   // its standard error
	Stiffness   *float64  `json:"compressibility"`  // isothermal, 1/GPa
	From        string    `json:"from,omitempty"`   // how the compressibility was come by
	Time        []float32 `json:"time"`             // ps, of the labelled frames
	Errors      []float32 `json:"errors"`           // force MAE of each, meV/Å
	Failure     string    `json:"failure,omitempty"`
}

// Density is by how much the student's density is off at the teacher's pressure, as a fraction: -kappa_T (P_student -
// P_teacher); nil where one of them is not known.
func (s *State) Density() (density, deviation *float64) {
	if s.Pressure == nil || s.Stiffness == nil {
		return nil, nil
	}
	d, e := -*s.Stiffness**s.Pressure, *s.Stiffness**s.PressureErr
	return &d, &e
}

func (o OnPolicy) withDefaults() OnPolicy {
	o.Frames = cmp.Or(o.Frames, 50)
	o.Atoms = cmp.Or(o.Atoms, 80)
	o.Settling = cmp.Or(o.Settling, 1)
	return o
}

// Extremes are the lowest, the middle and the highest of some temperatures, each once.
func Extremes(temperatures []float64) []float64 {
	if len(temperatures) == 0 {
		return nil
	}
	t := slices.Sorted(slices.Values(temperatures))
	return slices.Compact([]float64{t[0], t[len(t)/2], t[len(t)-1]})
}

// Count is how many frames the teacher is asked for.
func (o OnPolicy) Count() int {
	o = o.withDefaults()
	return len(Extremes(o.Temperatures)) * len(moving(o.Starts)) * o.share()
}

// share is how many frames each start makes at a temperature.
func (o *OnPolicy) share() int {
	n := max(1, len(moving(o.Starts)))
	return (o.Frames + n - 1) / n
}

// moving are the starts other than isolated atoms, which do nothing.
func moving(starts []structure.Structure) []structure.Structure {
	return slices.DeleteFunc(slices.Clone(starts), func(s structure.Structure) bool { return !moves(&s) })
}

func moves(s *structure.Structure) bool { return s.Len() > 1 || s.Periodic() }

// Run lets the student go and the teacher judge. A run that breaks down says so in its State; errors are those of ctx and
// of a teacher that answers nothing at all.
func (o OnPolicy) Run(ctx context.Context, p structure.Potential, reference *model.Reference, progress func(done, total int)) (*Gate, error) {
	o = o.withDefaults()
	g := &Gate{Reference: reference}
	names := phaseNames(len(o.Starts), o.Phases, func(k int) string {
		if len(moving(o.Starts)) == 1 {
			return ""
		}
		return fmt.Sprintf("start %d", k+1)
	})
	done, total := 0, o.Count()
	for k, s := range o.Starts {
		if !moves(&s) {
			continue
		}
		if s.Periodic() {
			s = structure.Supercell(&s, Repeats(&s, o.Atoms))
		}
		for _, t := range Extremes(o.Temperatures) {
			st := State{Name: join(names[k], fmt.Sprintf("%g K", t)), Formula: formula(s.Numbers), Atoms: s.Len(), Temperature: t}
			w := &walker{OnPolicy: &o, state: &st, potential: p, start: &s, seed: o.Seed + uint64(len(g.States))}
			frames, err := w.walk(ctx, func(n int) { progress(done+n, total) })
			if err != nil {
				return nil, err
			}
			done += o.share()
			g.States, g.Frames = append(g.States, st), append(g.Frames, frames...)
		}
	}
	return g, nil
}

// walker makes one state.
type walker struct {
	*OnPolicy
	state     *State
	potential structure.Potential
	start     *structure.Structure
	seed      uint64

	visits    []visit
	pressures []float64 // student less teacher, eV/Å³
}

// visit is a frame on the way, as the student sees it.
type visit struct {
	structure structure.Structure
	forces    [][3]float64
	energy    float64
	pressure  float64 // of the virial alone, eV/Å³
	time      float64 // ps
}

func (w *walker) walk(ctx context.Context, progress func(done int)) ([]structure.Frame, error) {
	if err := w.dynamics(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		w.state.Failure = err.Error()
	}
	var frames []structure.Frame
	var j judgement
	bonds := bondsOf(w.start)
	w.state.Molecules = bonds != nil
	for batch := range slices.Chunk(w.visits, policyBatch) {
		labelled, err := w.label(ctx, batch, &j)
		if err != nil {
			return nil, err
		}
		frames = append(frames, labelled...)
		progress(len(frames) + w.state.Refused)
	}
	j.conclude(w.state)
	if bonds != nil && len(frames) > 0 {
		if err := w.judgeBonds(ctx, bonds, frames); err != nil {
			return nil, err
		}
	}
	w.pressure(ctx)
	return frames, ctx.Err()
}

// dynamics settles, measures how long the potential energy remembers, and collects frames twice as far apart.
func (w *walker) dynamics(ctx context.Context) error {
	o := md.Options{Ensemble: md.NVT, Temperature: w.state.Temperature, Friction: policyFriction, Seed: w.seed}
	sim, err := md.New(w.potential, *w.start, o)
	if err != nil {
		return err
	}
	step := sim.Options().Timestep / 1000
	w.state.Timestep = sim.Options().Timestep
	defer func() { w.state.Steps = sim.Steps() }()
	half := max(1, int(w.Settling/step/2))
	if err := sim.Run(ctx, half); err != nil {
		return fmt.Errorf("while settling: %w", err)
	}
	var energies []float64
	record := md.Observer{Observe: func(m *md.Simulation) error {
		energies = append(energies, m.Potential())
		return nil
	}}
	if err := sim.Run(ctx, half, record); err != nil {
		return fmt.Errorf("while settling: %w", err)
	}
	w.state.Correlation = step * correlation(energies)
	every := max(1, int(math.Round(min(mostInterval, max(leastInterval, 2*w.state.Correlation))/step)))
	w.state.Interval = float64(every) * step
	for range w.share() {
		if err := sim.Run(ctx, every); err != nil {
			return err
		}
		r := sim.Result()
		v := visit{structure: sim.Structure().Clone(), forces: slices.Clone(r.Forces), energy: r.Energy, time: sim.Time() / 1000}
		if v.structure.Periodic() {
			v.pressure = (r.Virial[0][0] + r.Virial[1][1] + r.Virial[2][2]) / (3 * v.structure.Volume())
		}
		w.visits = append(w.visits, v)
	}
	return nil
}

// correlation is the integrated autocorrelation time of a series, in steps: the sum of its autocorrelation up to where
// that first vanishes, at least one half.
func correlation(v []float64) float64 {
	if len(v) < 2 {
		return 0.5
	}
	average := mean(v)
	covariance := func(lag int) float64 {
		sum := 0.0
		for k := range v[lag:] {
			sum += (v[k] - average) * (v[k+lag] - average)
		}
		return sum / float64(len(v)-lag)
	}
	zero, time := covariance(0), 0.5
	for lag := 1; zero > 0 && lag < len(v)/2; lag++ {
		c := covariance(lag) / zero
		if c <= 0 {
			break
		}
		time += c
	}
	return time
}

// label asks the teacher for a batch of frames and counts the errors.
func (w *walker) label(ctx context.Context, batch []visit, j *judgement) ([]structure.Frame, error) {
	asked := make([]structure.Structure, len(batch))
	for k := range batch {
		asked[k] = batch[k].structure
	}
	labels, err := w.Label(ctx, asked)
	if err != nil {
		return nil, err
	}
	if len(labels) != len(asked) {
		return nil, fmt.Errorf("the teacher gave %d labels for %d structures", len(labels), len(asked))
	}
	var frames []structure.Frame
	for k := range batch {
		v, l := &batch[k], &labels[k]
		if l.Energy == nil || len(l.Forces) != v.structure.Len() {
			w.state.Refused++
			continue
		}
		j.add(w.state, v, l)
		if l.Stress != nil && v.structure.Periodic() {
			w.pressures = append(w.pressures, v.pressure+(l.Stress[0]+l.Stress[1]+l.Stress[2])/3)
		}
		info := []structure.Entry{{Key: "config_type", Value: "on-policy"}, {Key: "temperature", Value: fmt.Sprint(w.state.Temperature)}}
		frames = append(frames, structure.Frame{Structure: v.structure, Labels: *l, Info: info})
	}
	return frames, nil
}

// judgement sums the errors of a state.
type judgement struct {
	sum     float64 // of |component|, eV/Å
	count   int
	lengths []float64 // eV/Å
	largest float64   // eV/Å
}

func (j *judgement) add(s *State, v *visit, l *structure.Labels) {
	frame := 0.0
	for i := range l.Forces {
		d := structure.Sub(v.forces[i], l.Forces[i])
		frame += math.Abs(d[0]) + math.Abs(d[1]) + math.Abs(d[2])
		length := structure.Norm(d)
		j.lengths = append(j.lengths, length)
		if length > j.largest {
			j.largest = length
			s.Where = fmt.Sprintf("atom %d at %.2f ps", i, v.time)
		}
	}
	n := 3 * len(l.Forces)
	j.sum, j.count = j.sum+frame, j.count+n
	s.Frames++
	s.Time = append(s.Time, single(v.time))
	s.Errors = append(s.Errors, single(1e3*frame/float64(n)))
}

func (j *judgement) conclude(s *State) {
	if j.count > 0 {
		slices.Sort(j.lengths)
		mae, median, largest := 1e3*j.sum/float64(j.count), 1e3*j.lengths[len(j.lengths)/2], 1e3*j.largest
		s.MAE, s.Median, s.Largest = &mae, &median, &largest
	}
}
