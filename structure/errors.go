package structure

// Quality compares one predicted quantity with its labels, component by component.
// Units: energy meV/atom, forces meV/Å, stress MPa.
type Quality struct {
	MAE      float64  `json:"mae"`
	RMSE     float64  `json:"rmse"`
	R2       *float64 `json:"r2"`       // null where Accuracy is
	Accuracy *float64 `json:"accuracy"` // 1 - MAE/mean|y - mean(y)|; null below 10 frames or where the spread is < 1 meV/atom
}

// Errors says how far a potential is from the labels of a set of frames; nil where nothing was labelled.
type Errors struct {
	Frames int      `json:"frames"`
	Energy *Quality `json:"energy"`
	Forces *Quality `json:"forces"`
	Stress *Quality `json:"stress"`
	EStar  *float64 `json:"estar"` // std over frames of (E - E_label)/sqrt(N), meV
}
