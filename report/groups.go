package report

import (
	"fmt"

	"mlff/validate"
)

// groupTables break the errors down by what a frame's phase, temperature and grade are; single groups are left out.
func groupTables(d *validate.Validation) []table {
	var out []table
	for _, g := range []struct {
		caption, head string
		groups        []validate.Group
	}{
		{"By phase: that of the start structure a frame comes from, or what the frame says. Mean absolute errors.", "Phase", d.ByPhase},
		{"By temperature, as frames or their config_type say it. Mean absolute errors.", "Temperature", d.ByTemperature},
		{"By the extrapolation grade of the frame. Mean absolute errors.", "Frame grade", d.ByGrade},
	} {
		if len(g.groups) < 2 {
			continue
		}
		t := table{Caption: g.caption, Head: []string{g.head, "Frames", "Energy (meV/atom)", "e* (meV)", "Forces (meV/Å)", "Stress (MPa)"}}
		for _, r := range g.groups {
			e := r.Errors
			t.Rows = append(t.Rows, []string{r.Name, fmt.Sprint(e.Frames), mae(e.Energy), optional(e.EStar, 3), mae(e.Forces), mae(e.Stress)})
		}
		out = append(out, t)
	}
	return out
}
