package model

import "mlff/structure"

// Meta is what a student's file says beside its numbers.
type Meta struct {
	Teacher     *Teacher     // nil where labels came from a file
	Mixed       []string     // identities of all teachers, where labels of several were mixed on request; ascending
	DataHash    string       // SHA-256 over the ids of the training frames
	Domain      Domain       // what the student was made for
	Licence     string       // of the student, as far as it follows from the teacher's
	Threshold   float64      // frame grade that alarms; 0: not calibrated
	Calibration string       // what frames the threshold was found on, such as "18 held-out frames and 270 of its own dynamics"
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
	Atoms        int         `json:"atoms,omitempty"`     // of the largest training frame
	Width        float64     `json:"width,omitempty"`     // Å between the nearest faces of the widest periodic training cell
}

// Certificate is what was measured, the bars, and whether they were reached: student against teacher, not teacher against
// nature.
type Certificate struct {
	Passed    bool                `json:"passed"`
	Test      structure.Errors    `json:"test"`
	NVE       *NVE                `json:"nve"`
	Bars      map[string]*float64 `json:"bars,omitempty"`
	Checks    []Check             `json:"checks,omitempty"`    // every figure, with a bar or without
	Engine    string              `json:"engine,omitempty"`    // version of the program that measured
	Reference *Reference          `json:"reference,omitempty"` // what later measurements are held against
}

// Reference is the force error on frames that the student never saw in training.
type Reference struct {
	MAE    float64 `json:"mae"`    // of force components, meV/Å
	Median float64 `json:"median"` // length of the error of the force on an atom, meV/Å
	Atoms  int     `json:"atoms"`
}

// NVE is the drift of the total energy in a microcanonical run.
type NVE struct {
	Drift float64 `json:"drift"` // meV/atom/ps
	Error float64 `json:"error"` // its standard error
	Atoms int     `json:"atoms"`
	Steps int     `json:"steps"`
}

// Check is one figure, and the bar it is held against where there is one.
type Check struct {
	Name    string   `json:"name"`
	State   string   `json:"state,omitempty"` // the phase, temperature or surroundings it speaks of; empty: the whole domain
	Figure  *float64 `json:"figure"`          // null where it could not be had
	Unit    string   `json:"unit,omitempty"`
	Sense   string   `json:"sense,omitempty"` // how the figure must lie: "at least", "at most" or "above" the bar
	Bar     *float64 `json:"bar"`
	Pass    *bool    `json:"passed"`            // null where figure or bar is missing
	Decides bool     `json:"decides,omitempty"` // whether failing it fails the student; the others are warnings
	Note    string   `json:"note,omitempty"`    // method, or why it failed where that is not the figure
}

// Run is where and when a student was made.
type Run struct {
	Date    string  `json:"date"`
	Host    string  `json:"host"`
	Seconds float64 `json:"seconds"`
}
