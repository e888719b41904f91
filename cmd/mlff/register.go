package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"mlff/model"
	"mlff/structure"
)

func registerCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "register STUDENT NAME",
		Short: "Give a student a name that calculators find it by",
		Long: "Copies a student into the first folder that MLFF_STUDENTS lists, or else into mlff/students in the\n" +
			"user's data folder. Calculators find it there by name, or by the teacher that it learned from.",
		Example: "  mlff register run/student.safetensors water",
		Args:    arguments(2, 2, "a student and a name"),
		RunE: func(_ *cobra.Command, args []string) error {
			name := args[1]
			if name == "" || name != filepath.Base(name) || strings.HasPrefix(name, ".") || strings.HasSuffix(name, studentSuffix) {
				return usageError{structure.Hint(fmt.Errorf("%q is no name for a student", name), "use letters, digits, - and _")}
			}
			m, err := t.load(args[0])
			if err != nil {
				return err
			}
			path, err := register(m, name)
			if err != nil {
				return err
			}
			if t.json {
				return t.printJSON(map[string]string{"name": name, "path": path})
			}
			_, err = fmt.Fprintf(t.out, "%s is %s\n", name, path)
			return err
		},
	}
}

const studentSuffix = ".safetensors"

// register saves a student among those of the user and returns where it lies.
func register(m *model.Model, name string) (string, error) {
	folder, err := studentFolder()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", structure.Hint(err, "name a folder that you may write to in MLFF_STUDENTS")
	}
	path := filepath.Join(folder, name+studentSuffix)
	return path, m.Save(path)
}

// studentFolder is where registered students go: the first folder of MLFF_STUDENTS, else the user's data folder. The
// Python package looks in the same places.
func studentFolder() (string, error) {
	for _, folder := range filepath.SplitList(os.Getenv("MLFF_STUDENTS")) {
		if folder != "" {
			return folder, nil
		}
	}
	data := os.Getenv("XDG_DATA_HOME")
	if data == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", structure.Hint(err, "name a folder in MLFF_STUDENTS")
		}
		data = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(data, "mlff", "students"), nil
}
