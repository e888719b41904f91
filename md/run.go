package md

import "context"

// Observer looks at a simulation while it runs.
type Observer struct {
	Every   int // steps between two looks; below 1 means every step
	Observe func(*Simulation) error
}

// Run makes the given number of steps. Observers see the state before the first step of a simulation and after every
// step of which the number is a multiple of Every, in the order given, so that a run in two parts is seen as one.
// It stops at the first error of a step or an observer, and between steps when ctx ends, then with ctx's error.
func (m *Simulation) Run(ctx context.Context, steps int, observers ...Observer) error {
	if m.step == 0 {
		if err := m.show(observers); err != nil {
			return err
		}
	}
	for range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := m.Step(); err != nil {
			return err
		}
		if err := m.show(observers); err != nil {
			return err
		}
	}
	return nil
}

func (m *Simulation) show(observers []Observer) error {
	for _, o := range observers {
		if m.step%max(o.Every, 1) != 0 {
			continue
		}
		if err := o.Observe(m); err != nil {
			return err
		}
	}
	return nil
}
