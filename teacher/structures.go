package teacher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mlff/structure"
)

// ReadStructures returns all frames of a file. Extended XYZ and POSCAR are read here, with the labels that keys name; any
// other format, and an unknown one that is neither of them, by ASE in a Python (a virtual environment or an interpreter;
// empty: python3), which then has to have it. What ASE reads has species, positions, cell and periodicity, no labels. A CIF
// with sites that are occupied in part is an error: no single structure is meant.
func ReadStructures(ctx context.Context, path, python string, keys structure.Keys) ([]structure.Frame, error) {
	frames, err := structure.ReadFile(path, keys)
	if info, missing := os.Stat(path); err == nil || missing != nil || info.IsDir() || structure.Native(path) {
		return frames, err
	}
	return readThroughASE(ctx, path, python, err)
}

// foreign says why no one reads a file that is none of our own formats.
func foreign(native error, why, install string) error {
	hint := "other formats than extended XYZ and POSCAR are read by ASE: " + why
	if install != "" {
		hint += "; " + install + ", or name a Python that has it with --python"
	}
	return structure.Hint(native, hint)
}

func readThroughASE(ctx context.Context, path, python string, native error) ([]structure.Frame, error) {
	python, err := interpreter(python)
	if err != nil {
		return nil, foreign(native, err.Error(), "install Python and ase")
	}
	scripts, err := unpackScripts()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scripts)
	p, err := startProcess(python, scripts, 0, 1, nil)
	if err != nil {
		return nil, foreign(native, err.Error(), "")
	}
	defer p.close()
	l := limits{time: 10 * time.Minute}
	if _, err := p.exchange(ctx, l, nil, nil); err != nil {
		return nil, err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	request, err := json.Marshal(map[string]string{"read": absolute})
	if err != nil {
		return nil, err
	}
	a, err := p.exchange(ctx, l, request, nil)
	var death *deathError
	switch {
	case errors.As(err, &death):
		return nil, fmt.Errorf("%s: ASE could not read it: %w", path, err)
	case err != nil:
		return nil, err
	case a.Failed != "" && a.Unknown:
		return nil, foreign(native, a.Failed, a.Hint)
	case a.Failed != "":
		return nil, structure.Hint(fmt.Errorf("%s: %s", path, a.Failed), a.Hint)
	}
	return a.frames, nil
}
