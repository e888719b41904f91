package model

import "mlff/structure"

// Meta is what a student's file says beside its numbers.
type Meta struct {
	Teacher     *Teacher     // nil where labels came from a file
	DataHash    string       // SHA-256 over the ids of the training frames
	Domain      Domain       // what the student was made for
	Licence     string       // of the student, as far as it follows from the teacher's
	Threshold   float64      // frame grade that alarms; 0: not calibrated
	Certificate *Certificate // nil before validation
	Example     string       // a structure the student knows, as extended XYZ
	Run         *Run         // when and where; the one part that differs between equal runs
}

// Teacher identifies whose answers were learned.
type Teacher struct {
	Name       string            `json:"name"`
	Identity   string            `json:"identity"` // SHA-256 over parameters and arguments
	Arguments  map[string]string `json:"arguments,omitempty"`
	Licence    string            `json:"licence"`
	Commercial string            `json:"commercial"` // yes, no or unknown
	Citation   string            `json:"citation,omitempty"`
	Note       string            `json:"note,omitempty"`             // on the licence
	Accepted   bool              `json:"licence_accepted,omitempty"` // by whoever distilled the student
}

// Domain is the elements, states and surroundings a student was made for.
type Domain struct {
	Elements     []string    `json:"elements"`
	Compositions [][]float64 `json:"compositions,omitempty"` // orthonormal rows spanning the compositions seen
	Temperatures []float64   `json:"temperatures,omitempty"` // K
	Pressure     *[2]float64 `json:"pressure,omitempty"`     // GPa
	Periodic     []string    `json:"periodic,omitempty"`     // such as "TTT", "FFF"
	Charge       int         `json:"charge"`
	Spin         int         `json:"spin"`                // multiplicity
	Neighbors    [][2]int    `json:"neighbors,omitempty"` // [S] fewest and most neighbours of training atoms
}

// Certificate is what was measured, the bars, and whether they were reached.
type Certificate struct {
	Passed bool                `json:"passed"`
	Test   structure.Errors    `json:"test"`
	NVE    *NVE                `json:"nve"`
	Bars   map[string]*float64 `json:"bars,omitempty"`
	Checks []Check             `json:"checks,omitempty"`
}

// NVE is the drift of the total energy in a microcanonical run.
type NVE struct {
	Drift float64 `json:"drift"` // meV/atom/ps
	Error float64 `json:"error"` // its standard error
	Atoms int     `json:"atoms"`
	Steps int     `json:"steps"`
}

// Check is one figure held against its bar.
type Check struct {
	Name   string   `json:"name"`
	Figure *float64 `json:"figure"`
	Bar    *float64 `json:"bar"`
	Unit   string   `json:"unit,omitempty"`
	Passed bool     `json:"passed"`
	Note   string   `json:"note,omitempty"` // why it failed, where that is not the figure
}

// Run is where and when a student was made.
type Run struct {
	Date    string  `json:"date"`
	Host    string  `json:"host"`
	Seconds float64 `json:"seconds"`
}
