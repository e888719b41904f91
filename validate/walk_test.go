package validate

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"mlff/classical"
	"mlff/structure"
)

func stillinger() (structure.Potential, error) { return classical.NewStillingerWeber(), nil }

// A run that was interrupted goes on where it was, with the samples that it would have had, whatever a kill left behind.
func TestAWalkGoesOn(t *testing.T) {
	w := Walk{Duration: 0.2, Settling: 0.02, Seeds: 2, Seed: 7}
	whole, err := w.Run(context.Background(), "whole", stillinger, diamond(5.431), silent)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(whole[0].Samples); n != 50 || whole[0].Interval != 4 {
		t.Fatalf("%d samples every %g fs", n, whole[0].Interval)
	}
	w.Folder = t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	_, err = w.Run(ctx, "kept", stillinger, diamond(5.431), func(done, total int) {
		if done > total/3 {
			cancel()
		}
	})
	if err == nil {
		t.Fatal("it was not interrupted")
	}
	// records that were written after the last state, one of them torn
	f, err := os.OpenFile(filepath.Join(w.Folder, "kept-0.samples"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(make([]byte, 12345)); err != nil {
		t.Fatal(err)
	}
	f.Close()
	for range 2 { // the second finds everything there
		again, err := w.Run(context.Background(), "kept", stillinger, diamond(5.431), silent)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(again, whole) {
			t.Fatal("other samples than without interruption")
		}
	}
	w.Duration = 0.1 // of a longer run that was kept, the beginning
	short, err := w.Run(context.Background(), "kept", stillinger, diamond(5.431), silent)
	if err != nil || !reflect.DeepEqual(short[1].Samples, whole[1].Samples[:25]) {
		t.Errorf("a shorter run is not its beginning: %v", err)
	}
	w.Temperature = 400 // another run of the same name begins anew
	other, err := w.Run(context.Background(), "kept", stillinger, diamond(5.431), silent)
	if err != nil || len(other[0].Samples) != 25 || reflect.DeepEqual(other[0].Samples, short[0].Samples) {
		t.Errorf("another temperature: %v", err)
	}
}

func TestAWalkThatFails(t *testing.T) {
	_, err := Walk{Duration: 0.1}.Run(context.Background(), "", func() (structure.Potential, error) { return refuser{}, nil }, diamond(5.4), silent)
	if err == nil {
		t.Error("a potential that refuses walked")
	}
}

// The distribution of uniformly random atoms is one everywhere; each pair of N is met once of N/(N-1).
func TestRadialOfAnIdealGas(t *testing.T) {
	random := structure.Rand(1, "test", 0)
	s := structure.Structure{Cell: [3][3]float64{{12}, {3, 12}, {-2, 1, 14}}, PBC: [3]bool{true, true, true}}
	for i := range 40 {
		s.Numbers, s.Positions = append(s.Numbers, 1+7*(i%2)), append(s.Positions, [3]float64{})
	}
	d := radial(&s)
	var frames [][]float64
	for range 4000 {
		for i := range s.Positions {
			s.Positions[i] = structure.Mul([3]float64{random.Float64(), random.Float64(), random.Float64()}, s.Cell)
		}
		frames = append(frames, d.frame(&s))
	}
	mean := averaged(frames)
	if len(d.list) != 3 || d.list[1].Name != "g(r) H–O" {
		t.Fatalf("%+v", d.list)
	}
	for i, want := range []float64{19. / 20, 1, 19. / 20} {
		g := d.of(mean, i)
		for _, from := range []int{20, 60} { // bins 1 to 2 Å and 3 to 4 Å: 1e5 and 1e6 pairs, 0.3 % and 0.1 %
			if m := sumOf(g[from:from+20]) / 20; math.Abs(m-want) > 0.015 {
				t.Errorf("%s around %.1f Å: %.4f, want %.4f", d.list[i].Name, d.list[i].X[from+10], m, want)
			}
		}
	}
}

// In diamond every atom has four neighbours at a sqrt(3)/4, and all six angles are tetrahedral.
func TestDistributionsOfDiamond(t *testing.T) {
	s := structure.Supercell(diamond(5.43), [3]int{2, 2, 2})
	d := radial(&s)
	g := d.frame(&s)
	neighbours := 0.0
	for k, r := range d.list[0].X {
		if r < 3 {
			neighbours += g[k] * 4 * math.Pi * (r*r + distanceBin*distanceBin/12) * distanceBin * 64 / s.Volume()
		}
	}
	wanted(t, "neighbours", neighbours, 4, 1e-9)
	a := angular(&s)
	h := a.frame(&s)
	for k, x := range a.list[0].X {
		want := 0.0
		if math.Abs(x-109.47) < angleBin/2 {
			want = 64 * 6
		}
		if h[k] != want {
			t.Errorf("%g angles at %g°, want %g", h[k], x, want)
		}
	}
	// twice the atoms at every distance: 100 % away; as shares of angles nothing
	double, twice := append([]float64(nil), g...), append([]float64(nil), h...)
	scale(double, 2)
	scale(twice, 2)
	wanted(t, "difference", d.list[0].apart(double, g, false), 1, 1e-12)
	if x := a.list[0].apart(twice, h, true); x > 1e-12 {
		t.Errorf("the same shares are %g apart", x)
	}
}

// oscillation is a run of one atom of velocity cos(2πνt) along x.
func oscillation(thz float64, samples int) *Trajectory {
	t := &Trajectory{Numbers: []int{14}, Interval: 4}
	for k := range samples {
		v := float32(math.Cos(2 * math.Pi * thz * float64(k) * 4e-3))
		t.Samples = append(t.Samples, Sample{Positions: make([][3]float32, 1), Velocities: [][3]float32{{v, 0, 0}}})
	}
	return t
}

func TestSpectrumOfAnOscillation(t *testing.T) {
	f, blocks := vibrational(oscillation(15.5, 1600))
	if len(blocks) != 3 {
		t.Fatalf("%d blocks", len(blocks))
	}
	s := averaged(blocks)
	wanted(t, "integral", sumOf(s)*f[1], 1, 1e-12)
	top, mean := 0, 0.0
	for k := range s {
		if s[k] > s[top] {
			top = k
		}
		mean += f[k] * s[k] * f[1]
	}
	// bins are 0.5 THz wide; a sharp line keeps its mean but for the window's wings
	if f[top] != 15.5 || math.Abs(mean-15.5) > 0.05 {
		t.Errorf("peak at %g THz, mean %g", f[top], mean)
	}
}

// A random walk of independent steps of variance 2 D dt.
func TestDiffusionOfARandomWalk(t *testing.T) {
	const d, atoms = 0.23, 200 // Å²/ps: water
	random := structure.Rand(1, "test", 0)
	run := &Trajectory{Interval: 20}
	x := make([][3]float32, atoms)
	for range atoms {
		run.Numbers = append(run.Numbers, 8)
	}
	step := math.Sqrt(2 * d * 0.02)
	for range 1000 {
		for i := range x {
			for a := range 3 {
				x[i][a] += float32(step*random.NormFloat64()) + 0.01 // a drift of all, which is no diffusion
			}
		}
		run.Samples = append(run.Samples, Sample{Positions: append([][3]float32(nil), x...)})
	}
	v := blocked(diffusion(run, 8))
	// 600 walks of which each part has about two independent lags: 3 % for each of four parts
	if v.Error == nil || math.Abs(v.Mean-d) > 4**v.Error || *v.Error > 0.02 {
		t.Errorf("%g ± %v, want %g", v.Mean, v.Error, d)
	}
}

// Springs of other stiffness: the canonical averages of x² are kT/k, and the effective share of frames is
// sqrt(k (2k' - k))/k' for one coordinate that was sampled with k and is wanted with k'.
func TestReweightingSprings(t *testing.T) {
	const student, teacher, temperature, n = 5.0, 6.0, 300.0, 200000
	kT := structure.KB * temperature
	random := structure.Rand(1, "test", 0)
	excess, vectors := make([]float64, n), make([]weighted, n)
	for k := range vectors {
		x := math.Sqrt(kT/student) * random.NormFloat64()
		excess[k], vectors[k].vector = (teacher-student)/2*x*x, []float64{x * x}
	}
	weights, effective := boltzmann(excess, temperature)
	wanted(t, "effective share", effective, math.Sqrt(student*(2*teacher-student))/teacher, 0.005)
	for k := range vectors {
		vectors[k].weight = weights[k]
	}
	ways := []way{{runs: [][]weighted{vectors}, share: 1}}
	plain, heavy := ends(ways, whole(ways))
	wanted(t, "mean of the student", plain[0], kT/student, 0.01) // sqrt(2/n) = 0.3 %
	wanted(t, "mean of the teacher", heavy[0], kT/teacher, 0.01)
	ways[0].runs[0] = vectors[:2000]
	ratio := bootstrap(ways, [][]lump{ways[0].blocks(100)}, func(student, teacher []float64) float64 { return teacher[0] / student[0] })
	if math.Abs(ratio.Mean-student/teacher) > 4**ratio.Error || *ratio.Error > 0.01 {
		t.Errorf("ratio %g ± %g, want %g", ratio.Mean, *ratio.Error, student/teacher)
	}
}

// For a mean the jackknife is the usual standard error.
func TestJackknifeOfAMean(t *testing.T) {
	a, b := []float64{1, 4, 2, 8}, []float64{3, 5, 4}
	v := jackknife(a, b, func(a, b []float64) float64 { return mean(a) - mean(b) })
	wanted(t, "error", *v.Error, math.Hypot(*blocked(a).Error, *blocked(b).Error), 1e-12)
	wanted(t, "difference", v.Mean, 3.75-4, 1e-12)
	if blocked(a[:2]).Error != nil {
		t.Error("two blocks have an error")
	}
}
