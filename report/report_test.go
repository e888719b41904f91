package report

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"html"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mlff/dataset"
	"mlff/model"
	"mlff/structure"
	"mlff/validate"
)

func pointer[T any](v T) *T { return &v }

// sample is a validation with something of everything, and values that are awkward to draw.
func sample() *validate.Validation {
	quality := &structure.Quality{MAE: 12.3, RMSE: 20, R2: pointer(0.99), Accuracy: pointer(0.97)}
	all := structure.Errors{Frames: 12, Energy: quality, Forces: quality, Stress: &structure.Quality{MAE: 3, RMSE: 4}, EStar: pointer(5.0)}
	scatter := func(unit string, numbers []int) *validate.Scatter {
		return &validate.Scatter{Unit: unit, Label: []float32{-1, 0, 2}, Predicted: []float32{-1.1, 0, 2.2}, Numbers: numbers, Of: 9,
			Errors: validate.Histogram{Unit: "meV/Å", From: -3, Width: 2, Counts: []int{1, 5, 2}, Outside: 1, Median: 1, P95: 3, P99: 4, Max: 9}}
	}
	return &validate.Validation{
		Version: 1,
		Comparison: validate.Comparison{
			Set: `<b>"test"</b>`, Errors: all,
			BySpecies: []dataset.SpeciesErrors{{Number: 8, Symbol: "O", Atoms: 20, Forces: *quality}, {Number: 14, Symbol: "Si", Atoms: 10, Forces: *quality}},
			ByType:    []dataset.TypeErrors{{Type: "surface", Errors: all}, {Errors: structure.Errors{Frames: 1}}},
			Energy:    scatter("meV/atom", nil), Forces: scatter("eV/Å", []int{8, 14, 14}), Stress: scatter("GPa", nil),
			Worst: []validate.WorstFrame{{Index: 3, Type: "surface", Atoms: 8, RMSE: 40, Max: 80}},
		},
		NVE: &validate.NVE{Drift: pointer(0.002), Error: pointer(0.001), Slope: -0.002, Atoms: 216, Steps: 5000, Formula: "Si216", Timestep: 1,
			Temperature: 300, MeanTemperature: 295, Thermalised: 0.5, From: 1,
			Trace: validate.Trace{Time: []float32{0, 2, 5}, Energy: []float32{0.1, -0.1, 0}, Temperature: []float32{290, 300, 295}}},
		Dimers: []validate.Dimer{
			{Pair: [2]string{"O", "Si"}, Shortest: 1.5, Distance: []float64{0.2, 2, 5}, Energy: []float64{3000, -2, 0}, Teacher: []float64{2000, -2.1, 0}, Repulsion: pointer(-1.0)},
			{Pair: [2]string{"O", "O"}, Shortest: 2, Failure: "0.20 Å: energy NaN eV"},
		},
		Compression: &validate.Compression{Atoms: 9, Formula: "O6Si3", Volume: []float64{1, 0.75, 0.5}, Energy: []float64{0, 1, 4}, Pressure: []float64{0, 10, 60}, Force: []float64{0, 0, 1}, Rise: pointer(1.0)},
		Gate: &validate.Gate{Reference: &model.Reference{MAE: 12, Median: 15}, States: []validate.State{
			{Name: "300 K", Formula: "O6Si3", Atoms: 9, Temperature: 300, Frames: 2, Interval: 0.05, MAE: pointer(11.0), Median: pointer(14.0), Largest: pointer(70.0), Molecules: true,
				Pressure: pointer(0.1), PressureErr: pointer(0.01), Stiffness: pointer(0.02), Time: []float32{1, 2}, Errors: []float32{10, 12}},
			{Name: "900 K", Failure: "step 7: exploded"}}},
		Guard: &validate.Guard{Threshold: 1.1, Median: 10, FalseAlarms: 0.04, Wrong: 2, Caught: pointer(0.5), CaughtAt5: pointer(1.0), AUROC: pointer(0.98), Spearman: pointer(0.81), PerNs: pointer(780.0),
			Known:  validate.GuardSet{Name: "known frames", Grades: []float32{0.3, 0.4}, Errors: []float32{9, 11}, Flagged: []bool{false, false}},
			Shifts: []validate.GuardSet{{Name: "surface", Grades: []float32{6, 0.9}, Errors: []float32{60, 0}, Flagged: []bool{true, false}}}},
		Bars: validate.Bars{"energy": pointer(0.98), "drift": nil},
		Checks: []validate.Check{
			{Name: "energy accuracy", Figure: pointer(0.97), Sense: "at least", Bar: pointer(0.98), Pass: pointer(false), Decides: true},
			{Name: "O–Si repulsive", Figure: pointer(-1.0), Unit: "eV/Å", Sense: "above", Bar: pointer(0.0), Pass: pointer(false)},
			{Name: "stress accuracy"},
		},
	}
}

// directory is a run directory with every file a report reads.
func directory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	m, err := model.New(model.Config{Shape: model.Shape{Radial: 4, Channels: 4, Mixed: 4, Hidden: 4, LMax: 2, LT: 2, Layers: 1, Intervals: 16},
		Numbers: []int{8, 14}, Cutoff: 5, Nu: 0.2, Eps: 1, CoreR: []float64{2, 1.5, 1.5, 2}})
	if err != nil {
		t.Fatal(err)
	}
	m.Initialise(1)
	*m.Meta() = model.Meta{Teacher: &model.Teacher{Name: "sw-si", Identity: "c0ffee", Licence: "MIT", Commercial: "yes"}, DataHash: "abc",
		Domain: model.Domain{Elements: []string{"O", "Si"}, Temperatures: []float64{300, 900}, Spin: 1}, Licence: "MIT", Run: &model.Run{Date: "2025-01-31T12:00:00Z", Host: "h", Seconds: 60}}
	if err := m.Save(filepath.Join(dir, CandidateFile)); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, validate.File, string(text))
	put(t, dir, EconomicsFile, `{"seconds_per_label":36,"price_per_hour":2,"curve":[{"labels":40,"mae":44},{"labels":80,"mae":30},{"labels":320,"mae":16}],"fit":{"a":400,"b":0.5,"floor":3},"curve_seconds":12,"by_force":[{"from":0,"to":0.5,"atoms":12345,"mae":3},{"from":5,"to":null,"atoms":2,"mae":40}]}`)
	put(t, dir, ConfigFile, "teacher: sw-si # <not html>\n")
	put(t, dir, LogFile, `{"event":"start"}`+"\n"+`{"event":"valid","value":{"frames":77,"forces":{"mae":1.5,"rmse":2}}}`+"\n"+`{"event":"<end>"}`+"\n"+`{"torn "valid"`)
	put(t, dir, HistoryFile, `{"points":[{"step":1,"loss":10,"rate":0.001},{"step":100,"loss":0.1}],"checks":[{"step":50,"loss":1,"energy":0,"forces":80},{"step":100,"loss":0.5,"forces":60,"best":true}],"best":100,"reproducible":true}`)
	return dir
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func page(t *testing.T, dir string) string {
	t.Helper()
	path, err := Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPageShowsEverything(t *testing.T) {
	text := page(t, directory(t))
	for _, want := range []string{
		"Student for O, Si", "distilled from sw-si", "Failed", "Below the bar: energy accuracy", "as a warning: O–Si repulsive",
		"12.3", "meV/atom", "meV/Å", "MPa", "0.9700", "surface", "(none)",
		"Energy: student against labels", "Stress: distribution of errors", "Held-out errors while training", "parameters of update 100",
		"−0.0020 ± 0.0010 meV/atom/ps", "−7.7 ± 3.9 K/ns", "216 atoms (Si216), 5000 steps of 1 fs", "O–Si", "3000 eV at 0.2 Å",
		"O6Si3, 9 atoms", "0.917", "0.100 ± 0.010", "−0.200 ± 0.020", "step 7: exploded", "at most 5", "0.810", "surface", "50.0",
		"A label took 36 s: a thousand cost 20.00 where an hour costs 2.", "Twice the labels (640) would lower the force error from 16.0 to about 11.9 meV/Å and take 3.2 h more, which costs 6.40.", "12\u2009345", "above 5", "floor 3.0 meV/Å",
		"the error on held-out frames, 12.0 meV/Å", "c0ffee", "31 January 2025, 12:00 UTC", "77 frames (validation files, which decide nothing)", "300, 900 K", "&lt;not html&gt;", "&lt;end&gt;", "&lt;b&gt;",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// The page stands alone: nothing is loaded, nothing runs, and no number went wrong on its way into a drawing.
func TestPageStandsAlone(t *testing.T) {
	text := page(t, directory(t))
	for _, never := range []string{"<script", "http:", "https:", "url(//", "<link rel=\"stylesheet\"", "<img", "<b>", "ZgotmplZ", "%!"} {
		if strings.Contains(text, never) {
			t.Errorf("the page contains %q", never)
		}
	}
	drawings := regexp.MustCompile(`(?s)<svg .*?</svg>`).FindAllString(text, -1)
	if len(drawings) != 16 {
		t.Errorf("%d drawings, want 6 of errors, 2 of training, 2 of drift, 1 dimer, 2 of compression, 1 of the gate, 1 of the guard, 1 of labels", len(drawings))
	}
	for _, d := range drawings {
		checkDrawing(t, d)
	}
	seen := map[string]bool{}
	for _, id := range regexp.MustCompile(`id="[^"]*"`).FindAllString(text, -1) {
		if seen[id] {
			t.Errorf("%s stands twice", id)
		}
		seen[id] = true
	}
}

func checkDrawing(t *testing.T, d string) {
	t.Helper()
	if strings.Contains(d, "NaN") || strings.Contains(d, "Inf") {
		t.Errorf("a number went wrong: %s", d)
	}
	if strings.Count(d, `class="label"`) != 2 || !strings.Contains(d, "<title") || !strings.Contains(d, "<desc") {
		t.Errorf("labels of the axes, title or description are missing: %.200s", d)
	}
	for reader := xml.NewDecoder(strings.NewReader(d)); ; {
		if _, err := reader.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Errorf("not well-formed: %v in %.200s", err, d)
			return
		}
	}
}

// Every plot brings its numbers along: with the units of its axes, and as many rows as it has points.
func TestPlotsCarryTheirNumbers(t *testing.T) {
	text := page(t, directory(t))
	links := regexp.MustCompile(`download="([^"]*)" href="data:text/csv;charset=utf-8;base64,([^"]*)"`).FindAllStringSubmatch(html.UnescapeString(text), -1)
	if drawings := strings.Count(text, "<svg "); len(links) != drawings {
		t.Fatalf("%d tables for %d drawings", len(links), drawings)
	}
	for _, l := range links {
		if l[1] != "parity-Forces.csv" {
			continue
		}
		decoded, err := base64.StdEncoding.DecodeString(l[2])
		if err != nil {
			t.Fatal(err)
		}
		want := "series,label: force component (eV/Å),student: force component (eV/Å)\nO,-1,-1.1\nSi,0,0\nSi,2,2.2\n"
		if got := string(decoded); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSectionsNeedTheirFiles(t *testing.T) {
	for _, c := range []struct{ missing, section string }{
		{HistoryFile, "<h2>Training</h2>"}, {validate.File, "<h2>Errors</h2>"}, {CandidateFile, "Teacher identity"},
		{ConfigFile, "Configuration with its plan"}, {LogFile, "<summary>Log</summary>"},
	} {
		dir := directory(t)
		if !strings.Contains(page(t, dir), c.section) {
			t.Fatalf("no %s to begin with", c.section)
		}
		if err := os.Remove(filepath.Join(dir, c.missing)); err != nil {
			t.Fatal(err)
		}
		text := page(t, dir)
		if strings.Contains(text, c.section) {
			t.Errorf("%s without %s", c.section, c.missing)
		}
		if c.missing == validate.File && !strings.Contains(text, "Not validated") {
			t.Error("it does not say that nothing was validated")
		}
	}
	if _, err := Write(t.TempDir()); err == nil || !strings.Contains(err.Error(), "holds no run") {
		t.Errorf("a directory that is no run: %v", err)
	}
}

func TestEmptyValidationHasAPage(t *testing.T) {
	var b bytes.Buffer
	v := &validate.Validation{Passed: true, NVE: &validate.NVE{Failure: "step 3: too fast"}, Compression: &validate.Compression{Failure: "x"}}
	if err := (&Run{Name: "run", Validation: v, History: &History{}}).Render(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Passed", "No figure had a bar", "step 3: too fast"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestDamagedFilesAreNamed(t *testing.T) {
	for _, name := range []string{HistoryFile, validate.File, CandidateFile} {
		dir := directory(t)
		put(t, dir, name, "{garbled")
		if _, err := Write(dir); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s garbled: %v", name, err)
		}
	}
	if _, err := Write(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("a report of no directory")
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		v      float64
		digits int
		want   string
	}{
		{0, 3, "0"}, {1, 3, "1.00"}, {0.98765, 3, "0.988"}, {-0.0123, 2, "−0.012"}, {123.4, 3, "123"}, {1234.5, 3, "1234"},
		{12345, 3, "12\u2009345"}, {1e6, 1, "10⁶"}, {2.24e-5, 2, "2.2·10⁻⁵"}, {-1e-9, 1, "−1·10⁻⁹"}, {math.Inf(1), 2, "+Inf"},
	} {
		if got := number(c.v, c.digits); got != c.want {
			t.Errorf("number(%g, %d) = %q, want %q", c.v, c.digits, got, c.want)
		}
	}
	for _, c := range []struct {
		v, deviation float64
		want         string
	}{
		{-0.00078, 0.0021, "−0.0008 ± 0.0021"}, {2.24e-5, 3.66e-5, "(2.2 ± 3.7)·10⁻⁵"}, {12.345, 1.2, "12.3 ± 1.2"}, {0.5, 0, "0.50"}, {150, 30, "150 ± 30"}, {0, 0, "0"},
	} {
		if got := uncertain(c.v, c.deviation); got != c.want {
			t.Errorf("uncertain(%g, %g) = %q, want %q", c.v, c.deviation, got, c.want)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		a    axis
		want string
	}{
		{axis{lo: 0, hi: 10}, "0 2 4 6 8 10"}, {axis{lo: -1.1, hi: 1.1}, "−1.0 −0.5 0.0 0.5 1.0"}, {axis{lo: 49, hi: 101}, "50 60 70 80 90 100"},
		{axis{lo: 0, hi: 12345}, "0 5000 10\u2009000"}, {axis{lo: 3e-7, hi: 8e-7}, "3.0·10⁻⁷ 4.0·10⁻⁷ 5.0·10⁻⁷ 6.0·10⁻⁷ 7.0·10⁻⁷ 8.0·10⁻⁷"},
		{axis{lo: 0.8, hi: 30, log: true}, "1 2 5 10 20"}, {axis{lo: 1e-6, hi: 1e3, log: true}, "10⁻⁶ 0.0001 0.01 1 100"},
	} {
		if got := strings.Join(c.a.labels(c.a.ticks(6)), " "); got != c.want {
			t.Errorf("%g to %g: %q, want %q", c.a.lo, c.a.hi, got, c.want)
		}
	}
	for _, a := range []axis{span("x"), span("x", []float64{5, 5}), span("x", []float64{0, 0}), logSpan("x"), logSpan("x", []float64{0, 3})} {
		if !(a.lo < a.hi) || len(a.ticks(6)) < 2 {
			t.Errorf("degenerate axis %+v has %d ticks", a, len(a.ticks(6)))
		}
	}
}

func TestVerdictNamesWhatIsNotDecided(t *testing.T) {
	bar := 0.95
	v := &validate.Validation{Passed: true, Bars: validate.Bars{"forces": &bar}}
	v.Comparison.Errors.Frames = 3
	v.Comparison.Errors.Forces = &structure.Quality{}
	if got := verdictOf(v); got.Word != "No bar decided" || got.Text != "Not decided: forces (3 test frames; 10 are needed)." {
		t.Errorf("%+v", got)
	}
}
