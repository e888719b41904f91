package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mlff/kernel"
	"mlff/model"
	"mlff/teacher"
)

// build tells which program this is.
type build struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Commit   string `json:"commit,omitempty"`
}

func thisBuild() build {
	b := build{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				b.Commit = s.Value
			}
		}
	}
	return b
}

func versionCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print which mlff this is",
		Args:  arguments(0, 0, "nothing"),
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			if t.json {
				return t.printJSON(b)
			}
			_, err := fmt.Fprintf(t.out, "mlff %s (%s, %s)\n", b.Version, b.Go, b.Platform)
			return err
		},
	}
}

// health is what mlff doctor finds.
type health struct {
	build
	Processors int      `json:"processors"`
	Threads    int      `json:"threads"`
	Kernels    []string `json:"kernels"`
	Teachers   []string `json:"teachers"` // that need nothing else
}

func doctorCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Print what this machine offers",
		Args:  arguments(0, 0, "nothing"),
		RunE: func(*cobra.Command, []string) error {
			h := health{build: thisBuild(), Processors: runtime.NumCPU(), Threads: model.DefaultThreads()}
			for _, k := range kernel.All() {
				h.Kernels = append(h.Kernels, k.Name)
			}
			for _, k := range teacher.Kinds() {
				if k.BuiltIn {
					h.Teachers = append(h.Teachers, k.Name)
				}
			}
			if t.json {
				return t.printJSON(h)
			}
			w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
			fmt.Fprintf(w, "mlff\t%s (%s, %s)\n", h.Version, h.Go, h.Platform)
			fmt.Fprintf(w, "processors\t%d, %d of them used\n", h.Processors, h.Threads)
			fmt.Fprintf(w, "kernels\t%s\n", strings.Join(h.Kernels, ", "))
			fmt.Fprintf(w, "teachers\t%s\n", strings.Join(h.Teachers, ", "))
			return w.Flush()
		},
	}
}

// printJSON writes the one JSON object of a command.
func (t *terminal) printJSON(v any) error {
	e := json.NewEncoder(t.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
