package validate

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
)

// defaultPoints keeps a parity plot under 100 kB while its cloud still shows its shape.
const defaultPoints = 3000

// fewest frames say what errors to expect elsewhere; accuracies need as many.
const fewest = 10

// worstFrames is how many of the frames with the largest force errors are named.
const worstFrames = 5

// Comparison is a potential against the labels of a set of frames. Some of them may be walls: frames around the domain, from
// which a student is to be pushed back. They are few, and so far from the others in energies and forces that the errors of all
// would be ruled by those that chance put among them: for better, as labels that spread wide make for high accuracies, or for
// worse, as where a single dimer is off by 7 eV/Å. Hence Errors, against which bars are held, and the plots are those of the
// domain; the tables and the reference are of all frames.
type Comparison struct {
	Set       string                  `json:"set"` // what the frames are called
	Errors    structure.Errors        `json:"test"`
	Walls     *structure.Errors       `json:"walls,omitempty"` // null without any
	BySpecies []dataset.SpeciesErrors `json:"by_species"`
	ByType    []dataset.TypeErrors    `json:"by_config_type"`
	Energy    *Scatter                `json:"energy_scatter"` // per atom, relative to the mean label of the composition
	Forces    *Scatter                `json:"forces_scatter"` // components
	Stress    *Scatter                `json:"stress_scatter"` // six components, frames periodic in all directions
	Worst     []WorstFrame            `json:"worst"`          // largest force errors first
	Reference *model.Reference        `json:"reference"`      // null with fewer than ten frames, or without forces
}

// WorstFrame names a frame whose forces are far off.
type WorstFrame struct {
	Index int     `json:"index"` // position in the set, from 0
	Type  string  `json:"config_type"`
	Atoms int     `json:"atoms"`
	RMSE  float64 `json:"rmse"` // of the force components, meV/Å
	Max   float64 `json:"max"`  // largest error of a force vector, meV/Å
}

// CompareOptions of Compare; the zero value is ready.
type CompareOptions struct {
	Points   int    // kept for each parity plot; 0: 3000
	Walls    int    // so many of the frames, the last, are walls
	Seed     uint64 // of the choice of points
	Progress func(done, total int)
}

// FrameError is an error about one of several frames.
type FrameError struct {
	Frame int // its index
	Err   error
}

func (e *FrameError) Error() string { return "frame " + strconv.Itoa(e.Frame) + ": " + e.Err.Error() }

// Unwrap gives what is wrong with the frame.
func (e *FrameError) Unwrap() error { return e.Err }

// Compare evaluates p on every frame, in order, and sets the answers against the labels. Equal input gives equal
// output. What p says of a frame is a *FrameError.
func Compare(ctx context.Context, p structure.Potential, frames []structure.Frame, o CompareOptions) (*Comparison, error) {
	points := cmp.Or(o.Points, defaultPoints)
	var tables, domain, walls dataset.Comparison
	energy := newGathering("energy", "meV/atom", "meV/atom", 1, points, o.Seed)
	forces := newGathering("forces", "eV/Å", "meV/Å", 1e3, points, o.Seed)
	stress := newGathering("stress", "GPa", "MPa", 1e3, points, o.Seed)
	var worst []WorstFrame
	var lengths []float64 // of the errors of all forces, meV/Å
	var out structure.Result
	for k := range frames {
		f := &frames[k]
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := p.Evaluate(&f.Structure, &out); err != nil {
			return nil, &FrameError{k, err}
		}
		part := &walls
		if k < len(frames)-o.Walls {
			part = &domain
			gatherEnergy(energy, f, &out)
			gatherForces(forces, f, &out)
			gatherStress(stress, f, &out)
		}
		err := tables.Add(f, &out)
		if err == nil {
			err = part.Add(f, &out)
		}
		if err != nil {
			return nil, &FrameError{k, err}
		}
		worst = appendWorst(worst, k, f, &out)
		for i := range f.Forces {
			lengths = append(lengths, 1e3*structure.Norm(structure.Sub(out.Forces[i], f.Forces[i])))
		}
		if o.Progress != nil {
			o.Progress(k+1, len(frames))
		}
	}
	c := &Comparison{
		Errors: domain.Errors(), BySpecies: tables.BySpecies(), ByType: tables.ByType(),
		Energy: energy.scatter(), Forces: forces.scatter(), Stress: stress.scatter(), Worst: worst,
	}
	if o.Walls > 0 {
		e := walls.Errors()
		c.Walls = &e
	}
	if all := tables.Errors(); all.Forces != nil && all.Frames >= fewest {
		slices.Sort(lengths)
		c.Reference = &model.Reference{MAE: all.Forces.MAE, Median: lengths[len(lengths)/2], Atoms: len(lengths)}
	}
	return c, nil
}

func gatherEnergy(g *gathering, f *structure.Frame, out *structure.Result) {
	if f.Energy == nil || f.Len() == 0 {
		return
	}
	perAtom := 1e3 / float64(f.Len())
	g.add(perAtom**f.Energy, perAtom*out.Energy, dataset.Composition(f.Numbers), 0)
}

func gatherForces(g *gathering, f *structure.Frame, out *structure.Result) {
	for i := range f.Forces {
		for a := range f.Forces[i] {
			g.add(f.Forces[i][a], out.Forces[i][a], "", f.Numbers[i])
		}
	}
}

func gatherStress(g *gathering, f *structure.Frame, out *structure.Result) {
	if f.Stress == nil || !f.Periodic() {
		return
	}
	predicted := structure.StressOf(out.Virial, f.Volume())
	for k := range predicted {
		g.add(f.Stress[k]/structure.GPa, predicted[k]/structure.GPa, "", 0)
	}
}

// appendWorst keeps the frames with the largest RMSE, the earlier of equals first.
func appendWorst(worst []WorstFrame, index int, f *structure.Frame, out *structure.Result) []WorstFrame {
	if len(f.Forces) == 0 {
		return worst
	}
	w := WorstFrame{Index: index, Atoms: f.Len()}
	w.Type, _ = f.Get("config_type")
	sum := 0.0
	for i := range f.Forces {
		d := structure.Sub(out.Forces[i], f.Forces[i])
		sum += structure.Dot(d, d)
		w.Max = max(w.Max, 1e3*structure.Norm(d))
	}
	w.RMSE = 1e3 * math.Sqrt(sum/float64(3*f.Len()))
	worst = append(worst, w)
	slices.SortStableFunc(worst, func(a, b WorstFrame) int { return cmp.Compare(b.RMSE, a.RMSE) })
	return worst[:min(len(worst), worstFrames)]
}
