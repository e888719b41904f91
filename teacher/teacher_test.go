package teacher

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mlff/classical"
	"mlff/neighbor"
	"mlff/structure"
)

func open(t testing.TB, name string, o Options) Teacher {
	t.Helper()
	teacher, err := Open(name, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { teacher.Close() })
	return teacher
}

// rattled silicon of different sizes.
func rattled(n int) []structure.Structure {
	const a = 5.431
	cell := structure.Structure{Cell: [3][3]float64{{a, 0, 0}, {0, a, 0}, {0, 0, a}}, PBC: [3]bool{true, true, true}}
	for _, x := range [][3]float64{{0, 0, 0}, {0, 2, 2}, {2, 0, 2}, {2, 2, 0}, {1, 1, 1}, {1, 3, 3}, {3, 1, 3}, {3, 3, 1}} {
		cell.Positions, cell.Numbers = append(cell.Positions, structure.Scale(a/4, x)), append(cell.Numbers, 14)
	}
	out := make([]structure.Structure, n)
	for k := range out {
		out[k] = structure.Supercell(&cell, [3]int{1 + k%2, 1, 1})
		random := structure.Rand(1, "rattle", uint64(k))
		for i := range out[k].Positions {
			for c := range 3 {
				out[k].Positions[i][c] += 0.1 * random.NormFloat64()
			}
		}
	}
	return out
}

func TestLabelsComeInOrderFromAnyNumberOfWorkers(t *testing.T) {
	s := rattled(40)
	s[3].PBC[2] = false
	var first []structure.Labels
	for _, workers := range []int{1, 3, 0, 100} {
		labels, err := open(t, "sw-si", Options{Threads: workers}).Label(context.Background(), s)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = labels
		}
		if !reflect.DeepEqual(labels, first) {
			t.Errorf("%d workers give other labels", workers)
		}
	}
	p := classical.NewStillingerWeber()
	for k := range s {
		var r structure.Result
		if err := p.Evaluate(&s[k], &r); err != nil {
			t.Fatal(err)
		}
		if *first[k].Energy != r.Energy || len(first[k].Forces) != s[k].Len() || first[k].Energies[0] != r.Energies[0] {
			t.Errorf("structure %d has the labels of another", k)
		}
		if (first[k].Stress == nil) == s[k].Periodic() {
			t.Errorf("structure %d: stress %v", k, first[k].Stress)
		}
	}
	if labels, err := open(t, "sw-si", Options{}).Label(context.Background(), nil); err != nil || len(labels) != 0 {
		t.Errorf("nothing to label: %v, %v", labels, err)
	}
}

func TestElementsAreCheckedBeforeAnyWork(t *testing.T) {
	s := rattled(3)
	s[2].Numbers[4], s[2].Numbers[5] = 33, 31
	labels, err := open(t, "sw-si", Options{}).Label(context.Background(), s)
	var e *ElementError
	if labels != nil || !errors.As(err, &e) || err.Error() != "structure 2: the teacher sw-si knows Si, not Ga, As" {
		t.Errorf("%v, labels %v", err, labels)
	}
	if structure.HintOf(err) == "" {
		t.Error("no hint")
	}
}

func TestOneBadStructureSpoilsNoOther(t *testing.T) {
	s := rattled(9)
	for _, k := range []int{4, 7} {
		s[k].Positions[1] = s[k].Positions[0]
	}
	labels, err := open(t, "sw-si", Options{Threads: 3}).Label(context.Background(), s)
	var e *LabelError
	var cause *neighbor.CoincidentError
	if !errors.As(err, &e) || !reflect.DeepEqual(e.Structures, []int{4, 7}) || !errors.As(err, &cause) {
		t.Fatalf("error %v", err)
	}
	if !strings.HasPrefix(err.Error(), "structure 4: ") || !strings.HasSuffix(err.Error(), "(and 1 other failed)") {
		t.Errorf("error %v", err)
	}
	for k, l := range labels {
		if bad := k == 4 || k == 7; (l.Energy == nil) != bad || (l.Forces == nil) != bad {
			t.Errorf("structure %d: %+v", k, l)
		}
	}
}

func TestLabellingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	labels, err := open(t, "sw-si", Options{}).Label(ctx, rattled(9))
	if !errors.Is(err, context.Canceled) || len(labels) != 9 {
		t.Errorf("cancelled: %d labels, %v", len(labels), err)
	}
}

func TestNamesAndTheirErrors(t *testing.T) {
	eam := setfl(t)
	for _, c := range []struct{ name, wrong, hint string }{
		{"sw-is", `no teacher is called "sw-is"`, `did you mean "sw-si"? built in are sw-si, lj-ar, eam:FILE`},
		{"SW-SI", `no teacher is called "SW-SI"`, `did you mean "sw-si"?`},
		{"", `no teacher is called ""`, "built in are sw-si, lj-ar, eam:FILE"},
		{"charmm", `no teacher is called "charmm"`, ""},
		{"sw-si:here", "sw-si takes no file", "it is used as sw-si"},
		{"sw-si?cutof=5", `no argument is called "cutof"`, "it is used as sw-si"},
		{"eam", "eam needs a file", "it is used as eam:FILE"},
		{"lj-ar?cutof=9", `no argument is called "cutof"`, `did you mean "cutoff"?`},
		{"lj-ar?cutoff", "is not key=value", "teachers are named"},
		{"lj-ar?cutoff=9&cutoff=9", "given twice", "teachers are named"},
		{"lj-ar?cutoff=3", `a cutoff of "3"`, "between 5.107 and 100 Å"},
		{"lj-ar?cutoff=NaN", `a cutoff of "NaN"`, "between"},
		{"eam:" + eam + "?commercial=perhaps", "commercial=perhaps", "yes, no or unknown"},
		{"eam:nowhere.alloy", "nowhere.alloy", ""},
	} {
		_, err := Open(c.name, Options{})
		if err == nil || !strings.Contains(err.Error(), c.wrong) || !strings.Contains(structure.HintOf(err), c.hint) {
			t.Errorf("%q: %v\nhint: %s", c.name, err, structure.HintOf(err))
		}
	}
}

// setfl writes the smallest file: copper atoms that repel each other linearly up to 4 Å.
func setfl(t testing.TB) string {
	text := "a made-up potential\nof two lines\n\n1 Cu\n6 1 6 1 4\n29 63.5 3.6 fcc\n" +
		"0 0 0 0 0 0\n1 1 1 1 0 0\n0 3 4 3 0 0\n"
	path := filepath.Join(t.TempDir(), "Cu.eam.alloy")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestInfo(t *testing.T) {
	silicon := open(t, "sw-si", Options{}).Info()
	if silicon.Commercial != "yes" || !silicon.Energy || !silicon.Forces || !silicon.Stress || !silicon.Energies || !reflect.DeepEqual(silicon.Elements, []int{14}) {
		t.Errorf("%+v", silicon)
	}
	argon := open(t, "lj-ar?cutoff=10", Options{}).Info()
	if argon.Arguments["cutoff"] != "10" || argon.Name != "lj-ar?cutoff=10" {
		t.Errorf("%+v", argon)
	}
	path := setfl(t)
	copper := open(t, "eam:"+path, Options{}).Info()
	if copper.Licence != "unknown" || copper.Commercial != "unknown" || copper.Citation != "a made-up potential of two lines" {
		t.Errorf("%+v", copper)
	}
	if free := open(t, "eam:"+path+"?licence=CC0-1.0&commercial=yes", Options{}).Info(); free.Licence != "CC0-1.0" || free.Commercial != "yes" {
		t.Errorf("%+v", free)
	}
}

func TestIdentity(t *testing.T) {
	of := func(name string) string { return open(t, name, Options{}).Info().Identity }
	seen := map[string]string{}
	path := setfl(t)
	for _, name := range []string{"sw-si", "lj-ar", "lj-ar?cutoff=10", "eam:" + path, "eam:" + path + "?licence=MIT", "eam:" + path + "?commercial=no"} {
		id := of(name)
		if len(id) != 64 || id != of(name) {
			t.Errorf("%s has the identity %q, then %q", name, id, of(name))
		}
		if other, ok := seen[id]; ok {
			t.Errorf("%s and %s have the same identity", name, other)
		}
		seen[id] = name
	}
	if of("lj-ar") != of("lj-ar?cutoff=8.5125") {
		t.Error("stating the default changes the identity")
	}
	if of("eam:"+path) != of("eam:"+setfl(t)) {
		t.Error("the place of a file changes the identity")
	}
	// Labels on disk carry this: it must not change while the potential does not.
	const silicon = "5d62563a629d06dbf47b12fe44e1f3c28e2c7cab12f51c1d6eceff76b1693980"
	if id := of("sw-si"); id != silicon {
		t.Errorf("sw-si has become %s", id)
	}
}

// told is a teacher that says what it is told.
type told struct {
	labels structure.Labels
	err    error
}

func (f *told) Info() Info   { return Info{Name: "told"} }
func (f *told) Close() error { return nil }
func (f *told) Label(context.Context, []structure.Structure) ([]structure.Labels, error) {
	return []structure.Labels{f.labels}, f.err
}

func TestAsPotential(t *testing.T) {
	s := rattled(1)[0]
	silicon := open(t, "sw-si", Options{})
	labels, err := silicon.Label(context.Background(), []structure.Structure{s})
	if err != nil {
		t.Fatal(err)
	}
	var direct, adapted structure.Result
	if err := AsPotential(silicon).Evaluate(&s, &direct); err != nil {
		t.Fatal(err)
	}
	if err := AsPotential(&told{labels: labels[0]}).Evaluate(&s, &adapted); err != nil {
		t.Fatal(err)
	}
	for a := range 3 {
		for b := range 3 {
			// Through the stress and back: two roundings of virials of some eV.
			if math.Abs(direct.Virial[a][b]-adapted.Virial[a][b]) > 1e-13 {
				t.Errorf("virial %g, not %g", adapted.Virial, direct.Virial)
			}
		}
	}
	adapted.Virial = direct.Virial
	if !reflect.DeepEqual(direct, adapted) {
		t.Errorf("%+v is not %+v", adapted, direct)
	}

	labels[0].Stress, labels[0].Energies = nil, nil
	if err := AsPotential(&told{labels: labels[0]}).Evaluate(&s, &adapted); err != nil || !math.IsNaN(adapted.Virial[0][0]) || !math.IsNaN(adapted.Energies[7]) {
		t.Errorf("what is not said is not NaN: %+v, %v", adapted, err)
	}
	labels[0].Forces = nil
	if err := AsPotential(&told{labels: labels[0]}).Evaluate(&s, &adapted); err == nil {
		t.Error("no forces, no error")
	}
	broken := errors.New("broken")
	if err := AsPotential(&told{err: broken}).Evaluate(&s, &adapted); !errors.Is(err, broken) {
		t.Errorf("broken: %v", err)
	}
}

func BenchmarkLabel(b *testing.B) {
	s := rattled(200)
	teacher := open(b, "sw-si", Options{})
	for b.Loop() {
		if _, err := teacher.Label(context.Background(), s); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(s)*b.N)/b.Elapsed().Seconds(), "frames/s")
}
