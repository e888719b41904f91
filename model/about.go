package model

import "mlff/structure"

// About is what a student says about itself: the JSON of mlff info and of the C library.
type About struct {
	Species     []string     `json:"species"`
	Cutoff      float64      `json:"cutoff"` // Å
	Shapes      Shape        `json:"shapes"`
	Teacher     *Teacher     `json:"teacher"`
	Mixed       []string     `json:"mixed_teachers,omitempty"` // identities, where labels of several teachers were mixed on request
	Domain      Domain       `json:"domain"`
	Certificate *Certificate `json:"certificate"`
	Licence     string       `json:"licence"`
	Threshold   float64      `json:"threshold"`
	Calibration string       `json:"calibration,omitempty"` // what frames that was found on
	Graded      bool         `json:"graded"`                // whether it has extrapolation grades
	Data        string       `json:"data"`
	Bytes       int64        `json:"bytes"` // of the file, where there is one
	Run         *Run         `json:"run"`
	Caveat      string       `json:"caveat,omitempty"` // what to know before using it; empty where its certificate passed
}

// About collects what the model says about itself.
func (m *Model) About() *About {
	c, meta := m.config, &m.meta
	a := &About{Cutoff: c.Cutoff, Shapes: c.Shape, Teacher: meta.Teacher, Mixed: meta.Mixed, Domain: meta.Domain, Certificate: meta.Certificate,
		Licence: meta.Licence, Threshold: meta.Threshold, Calibration: meta.Calibration, Graded: m.grade != nil, Data: meta.DataHash, Run: meta.Run, Caveat: m.Caveat()}
	for _, z := range c.Numbers {
		a.Species = append(a.Species, structure.Symbol(z))
	}
	return a
}
