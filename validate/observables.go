package validate

// checks are the observations as a certificate keeps them.
func (o *Observables) checks() []Check {
	if o == nil {
		return nil
	}
	var checks []Check
	for k := range o.List {
		checks = append(checks, o.List[k].Check())
	}
	return checks
}

// Over is the validation that remains when v was measured after an earlier one of the same student: what was measured
// again replaces the old, and what was not stays.
func (v *Validation) Over(before *Validation) *Validation {
	all := *before
	all.Version, all.Bars = v.Version, v.Bars
	if v.Comparison.Errors.Frames > 0 {
		all.Comparison, all.ByPhase, all.ByTemperature, all.ByGrade = v.Comparison, v.ByPhase, v.ByTemperature, v.ByGrade
	}
	if v.NVE != nil {
		all.NVE, all.Compression = v.NVE, v.Compression
	}
	if len(v.Dimers) > 0 {
		all.Dimers = v.Dimers
	}
	if v.Gate != nil {
		all.Gate = v.Gate
	}
	if v.Guard != nil {
		all.Guard = v.Guard
	}
	if v.Observables != nil {
		all.Observables = v.Observables
	}
	c := v.Certificate().Over(before.Certificate())
	all.Checks, all.Bars, all.Passed = c.Checks, c.Bars, c.Passed
	return &all
}
