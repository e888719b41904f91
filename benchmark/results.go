package benchmark

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"mlff/model"
)

// Results are all that mlff bench measured: its JSON.
type Results struct {
	Runs        []*Run       `json:"runs"`
	Comparisons []Comparison `json:"comparisons,omitempty"`
	Scaling     []Scaling    `json:"scaling,omitempty"`
	Batches     []Batch      `json:"batches,omitempty"`
	Memory      []Memory     `json:"memory,omitempty"`     // of the soak
	MemoryASE   []Memory     `json:"memory_ase,omitempty"` // of the same through ASE
	Absent      []string     `json:"not_measured,omitempty"`
	Machine     Machine      `json:"machine"`
}

// Machine is where it was measured.
type Machine struct {
	Processor string `json:"processor,omitempty"`
	Cores     int    `json:"cores"` // that this process may use
	System    string `json:"system"`
}

// ThisMachine names the processor where the system tells.
func ThisMachine() Machine {
	m := Machine{Cores: model.DefaultThreads(), System: runtime.GOOS + "/" + runtime.GOARCH}
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return m
	}
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			m.Processor = strings.TrimSpace(value)
			break
		}
	}
	return m
}

// Brief is the name of a potential for tables: files lose their folders, and of several the first stands for all.
func Brief(name string) string {
	kind, target, ok := strings.Cut(name, ":")
	if !ok {
		return name
	}
	target, options, asked := strings.Cut(target, "?")
	files := strings.Split(target, ",")
	text := kind + ":" + filepath.Base(files[0])
	if more := len(files) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if asked {
		text += "?" + options
	}
	return text
}
