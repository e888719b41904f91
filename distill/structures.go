package distill

import (
	"context"
	"fmt"

	"mlff/structure"
	"mlff/teacher"
)

// eachStructure calls do for every frame of a file of structures: of the formats that are read here, or with the help of a
// Python that has ASE, of its formats.
func eachStructure(ctx context.Context, path, python string, do func(k int, f *structure.Frame) error) error {
	frames, err := teacher.ReadStructures(ctx, path, python, structure.Keys{})
	if err != nil {
		return readable(err)
	}
	for k := range frames {
		err := ctx.Err()
		if err == nil {
			err = do(k, &frames[k])
		}
		if err != nil {
			return fmt.Errorf("%s frame %d: %w", path, k, err)
		}
	}
	return nil
}
