package distill

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mlff/report"
	"mlff/validate"
)

// Record adds what was measured later to a run directory's validation.json and draws its report again. What was not
// measured again stays. A folder without a validation is no run directory, and is left alone.
func Record(dir string, v *validate.Validation) error {
	text, err := os.ReadFile(filepath.Join(dir, validationName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var before validate.Validation
	if err := json.Unmarshal(text, &before); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(dir, validationName), err)
	}
	d := directory{path: dir}
	text, err = json.Marshal(v.Over(&before))
	if err != nil {
		return err
	}
	if err := d.write(validationName, text); err != nil {
		return err
	}
	_, err = report.Write(dir)
	return err
}
