// Package sample turns start structures into labelled frames that are worth learning from.
//
// A student must know more than the states its user will simulate: the walls around them, so that it is pushed back
// rather than lost when it leaves them. The budget of labels is therefore shared out:
//
//	share      part  frames
//	atoms      -     one isolated atom of every element, before anything else: the zero of the energy
//	md         54 %  snapshots of the teacher's own Langevin dynamics, each temperature of the ladder in turn, at volumes
//	                 within half the strain (or at pressures of the domain)
//	melt        8 %  the same after melting at 2.5 times the highest temperature, cooling from 1.6 times to it: broken
//	                 and new bonds
//	rattle     12 %  Gaussian displacements of a fifth of to the full `rattle`, under random strain of up to half `strain`
//	strain     16 %  of the start cells as they are: a scan of the volume, and random strain of all six components, both up
//	                 to `strain`; every third of supercells, slightly rattled. Of molecules (no periodicity) instead:
//	  torsions       bonds in no ring turned the whole circle, relaxed a little with the turned bond held, and
//	  minima         dynamics at 0.3 times the lowest temperature and small displacements about minima, of turned
//	                 molecules too
//	compressed  5 %  volumes from 95 down to 60 %, slightly rattled
//	contacts    3 %  two neighbours pushed together, to 95 down to 80 % of their distance
//	dimers      2 %  two atoms alone, every pair of elements in turn, from 0.8 of the sum of their covalent radii outwards
//
// On request, 8 % each, taken from all others alike: families of rattled structures (relaxed), vacancies, slabs, swaps of
// species, quenches of the melt, and images between two structures (paths). Structures are repeated until they are wider
// than twice the cutoff, as far as MaxAtoms allows. The trajectories of a molecule begin with its bonds turned, but for
// the first of each temperature.
//
// Walks are the other source: a student's own dynamics, of which train.Select chooses what is worth a label.
//
// Snapshots of dynamics have their labels already, for the teacher drove the atoms; but the steps between them cost
// evaluations that leave no label: with the usual 20 steps from snapshot to snapshot, 19 evaluations for every label of
// the whole plan. Task.Evaluations says how many exactly, and Config.Evaluations bounds the sum.
//
// Frames carry the phase of the start structure that they come from, as its key phase or config_type calls it, but for those
// that left it: melts and quenches.
//
// All frames count alike. Walls at a tenth and minima tenfold are a trade, not a gain: silicon (200 labels, three seeds) is
// known 20-30 % better in its domain and 50-170 % worse in melts and dimers; ethanol's forces (1600 labels) are off by the
// same 19.7 meV/Å, its 21 wavenumbers by 12 instead of 17/cm, a torsion by 0.07 instead of 0.06 kcal/mol.
//
// Walls are shown where they begin, not where they are steepest: frames drawn at random with a force above 12 eV/Å would
// rule the loss, and are drawn again with half the displacement. (Silicon, 400 labels, 2500 updates: with forces up to
// 30 eV/Å, distances down to 70 % and half the volume, the error in dynamics at 900 K was 1.6 times as large.)
package sample

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"mlff/dataset"
	"mlff/structure"
	"mlff/teacher"
)

// Config says what to sample. Zero values of Cutoff, MaxAtoms and Evaluations stand for their defaults.
type Config struct {
	Labels       int                      // frames wanted
	Later        int                      // frames that are chosen elsewhere, among those of dynamics
	Temperatures []float64                // the ladder, K
	Pressure     [2]float64               // of the domain, from, to, GPa; both zero: volumes are drawn by strain
	Rattle       float64                  // standard deviation of displacements, Å
	Strain       float64                  // largest component of strains
	Cutoff       float64                  // the student's, Å; 0: 5
	Extra        []string                 // of Extras: what is sampled on request only
	Paths        [][2]structure.Structure // pairs between which images are sampled
	MaxAtoms     int                      // to which structures may be repeated; 0: 80
	Evaluations  int                      // of the teacher, steps of dynamics included, that the plan may cost; 0: no bound
	Seed         uint64
}

// shares of the labels that remain after the isolated atoms; they add up to 1.
var shares = []share{
	{"md", 0.54, (*planner).dynamics},
	{"melt", 0.08, (*planner).melts},
	{"rattle", 0.12, (*planner).rattles},
	{"strain", 0.16, (*planner).softness},
	{"compressed", 0.05, (*planner).compressions},
	{"contacts", 0.03, (*planner).contacts},
	{"dimers", 0.02, (*planner).dimers},
}

// walls are the shares that surround the domain: atoms closer to each other, or more alone, than it ever has them.
var walls = []string{"atoms", "compressed", "contacts", "dimers"}

// Wall tells whether a share shows what pushes a student back that has left its domain, rather than the domain. A source of
// frames that is no share is no wall.
func Wall(share string) bool { return slices.Contains(walls, share) }

type share struct {
	name string
	part float64
	plan func(p *planner, labels int) // appends tasks for so many labels
}

// Task makes the frames of one group. It depends on nothing but the Config, the start structures and the teacher, so
// tasks may run in any order, and one whose group is on disk already need not run again.
type Task struct {
	Group       string // of its frames, unique within the plan
	Source      string // the share
	Labels      int    // frames it makes; fewer where the teacher gives nothing usable
	Evaluations int    // of the teacher; frames that must be drawn again come on top
	phase       string // of the start structure; empty where it has none or the frames left it
	frames      func(ctx context.Context, t teacher.Teacher) ([]structure.Frame, error)
}

// Run makes and labels the frames. It stops with ctx's error when ctx ends.
func (t Task) Run(ctx context.Context, by teacher.Teacher) ([]dataset.Item, error) {
	frames, err := t.frames(ctx, by)
	if err != nil {
		return nil, fmt.Errorf("sampling %s: %w", t.Group, err)
	}
	var items []dataset.Item
	for _, f := range frames {
		items = append(items, dataset.NewItem(inPhase(f, t.phase), t.Source, t.Group))
	}
	return items, nil
}

// inPhase is f, which says what phase it is of.
func inPhase(f structure.Frame, phase string) structure.Frame {
	if phase != "" {
		f.Info = append(f.Info, structure.Entry{Key: dataset.PhaseKey, Value: phase})
	}
	return f
}

// Plan shares the budget out. Equal arguments give equal tasks.
func Plan(c Config, starts []structure.Frame) ([]Task, error) {
	p, err := newPlanner(c, starts)
	if err != nil {
		return nil, err
	}
	p.atoms()
	if len(p.starts) == 0 { // nothing but isolated atoms was given
		p.dimers(c.Labels - len(p.tasks))
		return p.tasks, nil
	}
	all, err := p.withExtras()
	if err != nil {
		return nil, err
	}
	p.wallsOfAll(all)
	parts := p.divide(all)
	p.interval = p.affordable(parts[0], parts[1])
	for k, labels := range parts {
		p.share = all[k].name
		all[k].plan(p, labels)
	}
	return p.tasks, nil
}

// planner gathers the tasks of a plan.
type planner struct {
	Config
	starts    []structure.Structure // as given, without isolated atoms
	large     []structure.Structure // the same, repeated
	phases    []string              // what they are called
	crystals  []int                 // which of them are periodic, in any direction
	molecules []int                 // which are not
	turnable  []int                 // which of those have bonds to be turned
	species   []int                 // ascending
	interval  int                   // steps between snapshots
	share     string
	tasks     []Task
}

func newPlanner(c Config, starts []structure.Frame) (*planner, error) {
	if len(starts) == 0 {
		return nil, structure.Hint(fmt.Errorf("no start structures"), "give at least one structure of the chemistry to be learned")
	}
	p := &planner{Config: c.withDefaults()}
	for k := range starts {
		s := &starts[k].Structure
		if err := s.Check(); err != nil {
			return nil, fmt.Errorf("start structure %d: %w", k, err)
		}
		p.species = append(p.species, s.Numbers...)
		if s.Len() > 1 || s.PBC != [3]bool{} {
			p.kinds(len(p.starts), s)
			p.starts = append(p.starts, *s)
			p.large = append(p.large, enlarge(s, 2*p.Cutoff, p.MaxAtoms))
			p.phases = append(p.phases, dataset.PhaseOf(&starts[k]))
		}
	}
	slices.Sort(p.species)
	p.species = slices.Compact(p.species)
	for k := range c.Paths {
		if err := checkPath(c.Paths[k]); err != nil {
			return nil, err
		}
	}
	if len(c.Temperatures) == 0 || slices.Min(c.Temperatures) < 0 {
		return nil, structure.Hint(fmt.Errorf("temperatures %v", c.Temperatures), "name at least one temperature in K")
	}
	if c.Labels <= len(p.species) {
		return nil, structure.Hint(fmt.Errorf("%d labels for %d elements", c.Labels, len(p.species)), "ask for more labels: each element takes one, the rest is left to learn from")
	}
	return p, nil
}

// kinds notes what start structure k is.
func (p *planner) kinds(k int, s *structure.Structure) {
	if s.PBC != [3]bool{} {
		p.crystals = append(p.crystals, k)
		return
	}
	p.molecules = append(p.molecules, k)
	if len(torsions(s)) > 0 {
		p.turnable = append(p.turnable, k)
	}
}

func (c Config) withDefaults() Config {
	if c.Cutoff <= 0 {
		c.Cutoff = 5
	}
	if c.MaxAtoms <= 0 {
		c.MaxAtoms = 80
	}
	return c
}

// add appends a task of the present share. Its name tells it apart from the other tasks of the share.
func (p *planner) add(name, phase string, labels, evaluations int, frames func(ctx context.Context, t teacher.Teacher) ([]structure.Frame, error)) {
	p.tasks = append(p.tasks, Task{Group: p.share + "/" + name, Source: p.share, Labels: labels, Evaluations: evaluations, phase: phase, frames: frames})
}

// Cost sums labels and evaluations of the teacher over tasks.
func Cost(tasks []Task) (labels, evaluations int) {
	for _, t := range tasks {
		labels += t.Labels
		evaluations += t.Evaluations
	}
	return labels, evaluations
}

// wallsOfAll gives walls the labels that they would have if all frames were planned here: those chosen later are no walls.
func (p *planner) wallsOfAll(shares []share) {
	if p.Later == 0 {
		return
	}
	grow, around := 1+float64(p.Later)/float64(p.Labels), 0.0
	for _, s := range shares {
		if Wall(s.name) {
			around += s.part
		}
	}
	for k := range shares {
		if Wall(shares[k].name) {
			shares[k].part *= grow
		} else {
			shares[k].part *= (1 - grow*around) / (1 - around)
		}
	}
}

// divide says how many labels each share gets.
func (p *planner) divide(shares []share) []int {
	labels := p.Labels - len(p.species)
	out, order, rest := make([]int, len(shares)), make([]int, len(shares)), make([]float64, len(shares))
	left := labels
	for k, s := range shares { // largest remainders
		exact := s.part * float64(labels)
		out[k] = int(exact + 1e-9) // 0.15 · 400 is 60, rounding or not
		rest[k] = math.Round(1e9 * (exact - float64(out[k])))
		order[k] = k
		left -= out[k]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rest[b], rest[a]) })
	for _, k := range order[:left] {
		out[k]++
	}
	return out
}

// portions cuts n frames into portions of about the given size, smaller where there are many start structures, so that
// each gets its turn.
func portions(n, size, starts int) []int {
	size = max(1, min(size, n/max(starts, 1)))
	var out []int
	for n > 0 {
		out = append(out, min(n, size))
		n -= out[len(out)-1]
	}
	return out
}
