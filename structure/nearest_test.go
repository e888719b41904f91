package structure

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"teacher", "student", "seed", "structures"}
	for _, c := range []struct {
		word, want string
		near       bool
	}{
		{"studnet", "student", true},
		{"student", "student", true},
		{"structure", "structures", true},
		{"sed", "seed", true},
		{"cutoff", "", false},
		{"", "", false},
	} {
		if got, near := Nearest(c.word, known); got != c.want || near != c.near {
			t.Errorf("nearest to %q is %q, %v, want %q, %v", c.word, got, near, c.want, c.near)
		}
	}
}
