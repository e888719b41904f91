package md

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"mlff/classical"
	"mlff/structure"
)

func silicium() (structure.Potential, error) { return classical.NewStillingerWeber(), nil }

func TestReplicasHaveTheSameBitsHoweverManyRunAtATime(t *testing.T) {
	o := Options{Ensemble: NVT, Temperature: 900, Seed: 5}
	ends := func(at int) [4][][3]float64 {
		states, err := Starts(classical.NewStillingerWeber(), silicon(1), o, 4)
		if err != nil {
			t.Fatal(err)
		}
		var ends [4][][3]float64
		err = Replicas(t.Context(), states, at, silicium, func(ctx context.Context, k int, m *Simulation) error {
			defer func() { ends[k] = slices.Clone(m.Structure().Positions) }()
			return m.Run(ctx, 20)
		})
		if err != nil {
			t.Fatal(err)
		}
		return ends
	}
	one, three := ends(1), ends(3)
	o.Seed += 2
	alone := start(t, classical.NewStillingerWeber(), silicon(1), o)
	run(t, alone, 20)
	for k := range one {
		if !slices.Equal(one[k], three[k]) {
			t.Errorf("replica %d depends on how many run at a time", k)
		}
		if same := slices.Equal(one[k], alone.Structure().Positions); same != (k == 2) {
			t.Errorf("replica %d like a run with its seed by itself: %t", k, same)
		}
	}
}

func TestReplicasGoOnWhenOneFails(t *testing.T) {
	states, err := Starts(classical.NewStillingerWeber(), silicon(1), Options{Temperature: 300}, 3)
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("enough")
	var ran atomic.Int32
	err = Replicas(t.Context(), states, 2, silicium, func(_ context.Context, k int, m *Simulation) error {
		ran.Add(1)
		if k == 1 {
			return stop
		}
		return m.Step()
	})
	if !errors.Is(err, stop) || !strings.HasPrefix(err.Error(), "replica 1: ") || ran.Load() != 3 {
		t.Errorf("%v after %d replicas", err, ran.Load())
	}
	err = Replicas(t.Context(), states, 2, func() (structure.Potential, error) { return nil, stop }, nil)
	if !errors.Is(err, stop) {
		t.Errorf("no potential: %v", err)
	}
}
