package teacher

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"mlff/classical"
	"mlff/structure"
)

// local is a teacher that is a potential of this program.
type local struct {
	info      Info
	workers   int
	potential classical.Potential // never evaluated, only cloned
	pool      sync.Pool
}

func newLocal(p classical.Potential, info Info, o Options) *local {
	info.Elements = p.Numbers()
	info.Energy, info.Forces, info.Stress, info.Energies = true, true, true, true
	info.Identity = identity(p.Parameters(), info)
	t := &local{info: info, workers: o.processors(), potential: p}
	t.pool.New = func() any { return p.Clone() }
	return t
}

func openSilicon(n name, o Options) (Teacher, error) {
	if err := n.expect(false); err != nil {
		return nil, err
	}
	return newLocal(classical.NewStillingerWeber(), Info{
		Name: n.full, Licence: "MIT", Commercial: "yes",
		Citation: "F. H. Stillinger and T. A. Weber, Phys. Rev. B 31, 5262 (1985)",
	}, o), nil
}

func openArgon(n name, o Options) (Teacher, error) {
	if err := n.expect(false, "cutoff"); err != nil {
		return nil, err
	}
	argon := classical.Argon()
	if text, ok := n.arguments["cutoff"]; ok {
		width := argon.Cutoff - argon.Onset
		cutoff, err := strconv.ParseFloat(text, 64)
		if err != nil || !(cutoff > argon.Sigma+width && cutoff <= 100) {
			err := fmt.Errorf("teacher %s: a cutoff of %q", n.full, text)
			return nil, structure.Hint(err, fmt.Sprintf("it must lie between %.3f and 100 Å", argon.Sigma+width))
		}
		argon.Onset, argon.Cutoff = cutoff-width, cutoff
	}
	p, err := classical.NewLennardJones(argon)
	if err != nil {
		return nil, err
	}
	return newLocal(p, Info{
		Name: n.full, Licence: "MIT", Commercial: "yes",
		Arguments: map[string]string{"cutoff": strconv.FormatFloat(argon.Cutoff, 'g', -1, 64)},
		Citation:  "A. Michels, H. Wijker and H. Wijker, Physica 15, 627 (1949)",
	}, o), nil
}

func openEAM(n name, o Options) (Teacher, error) {
	if err := n.expect(true, "licence", "commercial"); err != nil {
		return nil, err
	}
	commercial := cmp.Or(n.arguments["commercial"], "unknown")
	if !slices.Contains([]string{"yes", "no", "unknown"}, commercial) {
		return nil, structure.Hint(fmt.Errorf("teacher %s: commercial=%s", n.full, commercial), "it is yes, no or unknown")
	}
	p, err := classical.LoadEAM(n.target)
	if err != nil {
		return nil, err
	}
	comment := p.Comment()
	return newLocal(p, Info{
		Name: n.full, Licence: cmp.Or(n.arguments["licence"], "unknown"), Commercial: commercial,
		Citation: strings.Join(strings.Fields(strings.Join(comment[:], " ")), " "),
	}, o), nil
}

func (t *local) Info() Info { return t.info }

func (t *local) Close() error { return nil }

// Potential is one of its own for every call, so that several can be used at once.
func (t *local) Potential() structure.Potential { return t.potential.Clone() }

func (t *local) Label(ctx context.Context, s []structure.Structure) ([]structure.Labels, error) {
	if err := Check(t.info, s); err != nil {
		return nil, err
	}
	labels, errs := make([]structure.Labels, len(s)), make([]error, len(s))
	var next, done atomic.Int64
	var workers sync.WaitGroup
	for range min(t.workers, len(s)) {
		workers.Go(func() {
			p := t.pool.Get().(classical.Potential)
			defer t.pool.Put(p)
			for ctx.Err() == nil {
				k := int(next.Add(1) - 1)
				if k >= len(s) {
					return
				}
				labels[k], errs[k] = label(p, &s[k])
				done.Add(1)
			}
		})
	}
	workers.Wait()
	if int(done.Load()) < len(s) {
		return labels, ctx.Err()
	}
	return labels, failures(errs)
}

func failures(errs []error) error {
	var e *LabelError
	for k, err := range errs {
		if err == nil {
			continue
		}
		if e == nil {
			e = &LabelError{Err: err}
		}
		e.Structures, e.Errs = append(e.Structures, k), append(e.Errs, err)
	}
	if e == nil {
		return nil
	}
	return e
}

func label(p structure.Potential, s *structure.Structure) (structure.Labels, error) {
	var r structure.Result // its memory becomes the labels'
	if err := p.Evaluate(s, &r); err != nil {
		return structure.Labels{}, err
	}
	l := structure.Labels{Energy: &r.Energy, Forces: r.Forces, Energies: r.Energies}
	if s.Periodic() {
		stress := structure.StressOf(r.Virial, s.Volume())
		l.Stress = &stress
	}
	return l, nil
}
