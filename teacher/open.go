package teacher

import (
	"fmt"
	"slices"
	"strings"

	"mlff/structure"
)

// Kind is a family of teachers.
type Kind struct {
	Name    string // what stands before the colon
	Usage   string // how one of them is named
	Summary string
	BuiltIn bool // needs no child process

	open func(n name, o Options) (Teacher, error)
}

// Kinds are all that have a name here, built in or not, in the order to be shown.
func Kinds() []Kind { return slices.Clone(kinds) }

var kinds = []Kind{
	{"sw-si", "sw-si", "Stillinger-Weber silicon (1985)", true, openSilicon},
	{"lj-ar", "lj-ar[?cutoff=8.5125]", "Lennard-Jones argon, smooth cutoff in Å", true, openArgon},
	{"eam", "eam:FILE[?licence=SPDX&commercial=yes|no]", "embedded-atom or Finnis-Sinclair potential from a setfl file", true, openEAM},
	child("orb", "orb:NAME|FILE[?precision=...]", "Orb"),
	child("fennol", "fennol:FILE[,FILE...][?energy_terms=a,b]", "FeNNol; several files are an ensemble"),
	child("chgnet", "chgnet:0.3.0", "CHGNet"),
	child("sevennet", "sevennet:7net-0|FILE[?modal=...]", "SevenNet"),
	child("mace", "mace:FILE[?head=...]", "MACE"),
	child("graphpes", "graphpes:FILE", "graph-pes"),
	child("ase", "ase:module:factory[?key=value]", "any ASE calculator"),
}

// Open finds a teacher by name. An unknown name or argument is an error with the nearest known one as its hint.
func Open(full string, o Options) (Teacher, error) {
	n, err := parseName(full)
	if err != nil {
		return nil, err
	}
	k := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == n.kind })
	if k < 0 {
		return nil, structure.Hint(fmt.Errorf("no teacher is called %q", full), suggestion(n.kind, kindNames(), "built in are "+builtIn()))
	}
	n.usage = "it is used as " + kinds[k].Usage
	return kinds[k].open(n, o)
}

func kindNames() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.Name)
	}
	return names
}

func builtIn() string {
	var usages []string
	for _, k := range kinds {
		if k.BuiltIn {
			usage, _, _ := strings.Cut(k.Usage, "[")
			usages = append(usages, usage)
		}
	}
	return strings.Join(usages, ", ")
}

// name is kind[:target][?key=value[&key=value...]].
type name struct {
	full, kind, target string
	arguments          map[string]string
	usage              string // of the kind, for hints
}

func parseName(full string) (name, error) {
	n := name{full: full, arguments: map[string]string{}}
	rest, query, _ := strings.Cut(full, "?")
	n.kind, n.target, _ = strings.Cut(rest, ":")
	for query != "" {
		var argument string
		argument, query, _ = strings.Cut(query, "&")
		key, value, ok := strings.Cut(argument, "=")
		if _, twice := n.arguments[key]; !ok || key == "" || twice {
			err := fmt.Errorf("teacher %s: argument %q is not key=value, or given twice", full, argument)
			return n, structure.Hint(err, "teachers are named KIND[:FILE][?key=value[&key=value]]")
		}
		n.arguments[key] = value
	}
	return n, nil
}

// expect refuses arguments that are not among the allowed, and a target where there must be none, or none where one
// is needed.
func (n name) expect(target bool, allowed ...string) error {
	if target != (n.target != "") {
		what := map[bool]string{true: "needs a file", false: "takes no file"}[target]
		return structure.Hint(fmt.Errorf("teacher %s: %s %s", n.full, n.kind, what), n.usage)
	}
	for key := range n.arguments {
		if !slices.Contains(allowed, key) {
			return structure.Hint(fmt.Errorf("teacher %s: no argument is called %q", n.full, key), suggestion(key, allowed, n.usage))
		}
	}
	return nil
}

// suggestion names the nearest of the known words if it is near, and otherwise all there is.
func suggestion(word string, known []string, otherwise string) string {
	best, near := structure.Nearest(strings.ToLower(word), known)
	if !near {
		return otherwise
	}
	return fmt.Sprintf("did you mean %q? %s", best, otherwise)
}
