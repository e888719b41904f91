package validate

import (
	"strings"
	"testing"

	"mlff/model"
	"mlff/structure"
)

func TestNarrowCells(t *testing.T) {
	if w := Narrowest(diamond(5.43)); w != 5.43 {
		t.Errorf("a cube of 5.43 Å is %g Å wide", w)
	}
	if w := Narrowest(&structure.Structure{Cell: [3][3]float64{{5}, {0, 5}, {0, 0, 5}}, PBC: [3]bool{true, true, false}}); w != 0 {
		t.Errorf("a slab is %g Å wide", w)
	}
	m, err := model.New(model.Config{Shape: model.Shape{Radial: 4, Channels: 4, Mixed: 4, Hidden: 4, LMax: 2, LT: 2, Layers: 1, Intervals: 16},
		Numbers: []int{14}, Cutoff: 5, Nu: 0.2, Eps: 1, CoreR: []float64{2}})
	if err != nil {
		t.Fatal(err)
	}
	for width, want := range map[float64]bool{0: false, 9.99: true, 10: false} { // 0: not known
		m.Meta().Domain.Width = width
		if text := Narrow(m); strings.Contains(text, "twice the cutoff") != want {
			t.Errorf("%g Å: %q", width, text)
		}
	}
}
