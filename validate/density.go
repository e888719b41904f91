package validate

import (
	"context"
	"math"

	"mlff/md"
	"mlff/structure"
)

// The run that measures how the volume fluctuates, ps, and how fast its volume follows.
const (
	breathing  = 20.0
	settlingIn = 5.0
	cellTime   = 0.2
)

// pressure fills in the mean difference of the pressures, and the compressibility where fluctuations are asked for.
func (w *walker) pressure(ctx context.Context) {
	n := float64(len(w.pressures))
	if n == 0 {
		return
	}
	average, square := mean(w.pressures), 0.0
	for _, p := range w.pressures {
		square += (p - average) * (p - average)
	}
	bias, deviation := average/structure.GPa, math.Sqrt(square/max(1, n-1)/n)/structure.GPa
	w.state.Pressure, w.state.PressureErr = &bias, &deviation
	if w.Fluctuations && w.state.Failure == "" {
		if kappa := w.fluctuations(ctx); finite(kappa) && kappa > 0 {
			w.state.Stiffness, w.state.From = &kappa, "fluctuations of the volume"
		}
	}
}

// fluctuations is kappa_T = var(V)/(k_B T <V>) of a run at the mean pressure of the state, so that the volume stays;
// 1/GPa, NaN where the run breaks down.
func (w *walker) fluctuations(ctx context.Context) float64 {
	at, volume := 0.0, w.start.Volume()
	for k := range w.visits {
		at += w.visits[k].pressure / float64(len(w.visits))
	}
	at += float64(w.start.Len()) * structure.KB * w.state.Temperature / volume // the kinetic part
	o := md.Options{Ensemble: md.NPT, Temperature: w.state.Temperature, Pressure: at, CellRelaxation: cellTime, Seed: w.seed}
	sim, err := md.New(w.potential, w.visits[len(w.visits)-1].structure, o)
	if err != nil {
		return math.NaN()
	}
	step := sim.Options().Timestep / 1000
	if err := sim.Run(ctx, int(settlingIn/step)); err != nil {
		return math.NaN()
	}
	var volumes []float64
	look := md.Observer{Every: 10, Observe: func(m *md.Simulation) error {
		volumes = append(volumes, m.Structure().Volume())
		return nil
	}}
	if err := sim.Run(ctx, int(breathing/step), look); err != nil {
		return math.NaN()
	}
	average, square := mean(volumes), 0.0
	for _, v := range volumes {
		square += (v - average) * (v - average) / float64(len(volumes))
	}
	return square / (structure.KB * w.state.Temperature * average) * structure.GPa
}

// stiffness is -d ln V / dP at the example's own volume from its compression curve, 1/GPa; nil where that does not rise.
func (c *Compression) stiffness() *float64 {
	if c == nil || len(c.Pressure) < 2 {
		return nil
	}
	kappa := -math.Log(c.Volume[1]/c.Volume[0]) / (c.Pressure[1] - c.Pressure[0])
	if !finite(kappa) || kappa <= 0 {
		return nil
	}
	return &kappa
}

// takeStiffness gives the states without a compressibility that of the compression curve.
func (g *Gate) takeStiffness(c *Compression) {
	kappa := c.stiffness()
	for k := range g.States {
		if s := &g.States[k]; s.Stiffness == nil && s.Pressure != nil && kappa != nil {
			s.Stiffness, s.From = kappa, "the compression curve"
		}
	}
}
