package report

import (
	"bytes"
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"

	"mlff/validate"
)

func TestObservablesHaveTheirChapter(t *testing.T) {
	bar, deviation := 5.0, 0.2
	v := sample()
	v.Observables = &validate.Observables{Teacher: "sw-si", Calls: 123,
		List: []validate.Observation{
			{Name: "bulk modulus", Unit: "GPa", Student: &validate.Value{Mean: 104}, Teacher: &validate.Value{Mean: 101.4, Error: &deviation}, Bar: &bar, Verdict: validate.Green, Reason: "2.6 GPa, within 5", Method: "Birch-Murnaghan"},
			{Name: "diffusion", State: "300 K", Verdict: validate.Unknown, Reason: "too dear"},
		},
		Curves: []validate.Curve{
			{Name: "energy over volume", XUnit: "Å³/atom", Unit: "meV/atom", X: []float64{18, 20}, Teacher: []float64{5, 0}, StudentX: []float64{17, 19}, Student: []float64{4, 0}},
			{Name: "g(r) Si–Si", State: "300 K", XUnit: "Å", X: []float64{1, 2}, Student: []float64{0, 1}, Teacher: []float64{0, 1.5}, StudentError: []float64{0, 0.1}, TeacherError: []float64{0, 0.1}},
		}}
	var b bytes.Buffer
	if err := (&Run{Validation: v}).Render(&b); err != nil {
		t.Fatal(err)
	}
	text := html.UnescapeString(b.String())
	for _, want := range []string{"Observables", "123 calls of the teacher", "101.40 ± 0.20 GPa", "not established", "too dear", "volume (Å³/atom)", "g(r) Si–Si, 300 K", "Bands are standard errors.", `opacity="0.25"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	link := regexp.MustCompile(`download="curve0.csv" href="data:text/csv;charset=utf-8;base64,([^"]*)"`).FindStringSubmatch(text)
	if link == nil {
		t.Fatal("no table of the first curve")
	}
	decoded, err := base64.StdEncoding.DecodeString(link[1])
	want := "series,volume (Å³/atom),energy over volume (meV/atom)\nteacher,18,5\nteacher,20,0\nstudent,17,4\nstudent,19,0\n"
	if err != nil || string(decoded) != want {
		t.Errorf("%q, want %q", decoded, want)
	}
}
