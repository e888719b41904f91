package distill

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"mlff/structure"
)

// maxConfig is far above any configuration written by a person; what is larger is some other file.
const maxConfig = 1 << 20

// Load reads a configuration file. Its paths become relative to the working directory, left-out keys have their
// defaults. Errors name the file and the line.
func Load(path string) (*Config, error) {
	c, err := load(path)
	if err != nil {
		return nil, err
	}
	if c.Plan != nil {
		return nil, structure.Hint(fmt.Errorf("%s: plan is written by a run, not by its user", path),
			"take plan out to start anew, or continue the run with --resume RUN")
	}
	return c, nil
}

func load(path string) (*Config, error) {
	file, err := os.Open(path) // not Stat: a file that is not there reads the same everywhere
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() || info.Size() > maxConfig {
		return nil, structure.Hint(fmt.Errorf("%s is no configuration", path), "give a YAML file such as examples/silicon.yaml")
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	c, err := Parse(text)
	if err != nil {
		return nil, prefixed(err, path)
	}
	return c.rebased(filepath.Dir(path), "."), nil
}

// Parse reads a configuration; errors begin with the line they are on. Paths stay as written.
func Parse(text []byte) (c *Config, err error) {
	defer func() { // the YAML reader panics on some garbled input
		if r := recover(); r != nil {
			c, err = nil, fmt.Errorf("not YAML: %v", r)
		}
	}()
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, located(err)
	}
	c = Default()
	given, err := checkKeys(file, reflect.TypeFor[Config]())
	if err != nil {
		return nil, err
	}
	if len(given) > 0 {
		if err := yaml.NodeToValue(file.Docs[0].Body, c); err != nil {
			return nil, located(err)
		}
	}
	c.given = given
	return c, nil
}

// located puts the line in front of an error of the YAML reader.
func located(err error) error {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		return fmt.Errorf("line %d: %s", at.GetToken().Position.Line, at.GetMessage())
	}
	return fmt.Errorf("line 1: %w", err)
}

// prefixed puts a file name before an error and keeps its hint.
func prefixed(err error, path string) error {
	if hint := structure.HintOf(err); hint != "" {
		return structure.Hint(fmt.Errorf("%s %w", path, err), hint)
	}
	return fmt.Errorf("%s %w", path, err)
}

// checkKeys finds keys that the configuration does not have and returns the dotted names of those given.
func checkKeys(file *ast.File, t reflect.Type) (map[string]bool, error) {
	given := map[string]bool{}
	for i, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if i > 0 {
			return nil, fmt.Errorf("line %d: a second document; one file is one run", doc.Body.GetToken().Position.Line)
		}
		if _, ok := doc.Body.(ast.MapNode); !ok && doc.Body.Type() != ast.NullType && doc.Body.Type() != ast.CommentType {
			return nil, structure.Hint(fmt.Errorf("line %d: not a configuration", doc.Body.GetToken().Position.Line),
				"a configuration is lines of `key: value`, such as `teacher: sw-si`")
		}
		if err := checkNode(doc.Body, t, "", given); err != nil {
			return nil, err
		}
	}
	return given, nil
}

func checkNode(node ast.Node, t reflect.Type, path string, given map[string]bool) error {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	switch n := node.(type) {
	case *ast.SequenceNode:
		for _, v := range n.Values {
			if err := checkNode(v, t, path, given); err != nil {
				return err
			}
		}
	case ast.MapNode:
		for it := n.MapRange(); it.Next(); {
			if err := checkKey(it.KeyValue(), t, path, given); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkKey(entry *ast.MappingValueNode, t reflect.Type, path string, given map[string]bool) error {
	token := entry.Key.GetToken()
	var names []string
	for i := range t.NumField() {
		name := keyOf(t.Field(i))
		if name != "" && name == token.Value {
			given[path+name] = true
			if err := checkValue(entry, t.Field(i).Type, path+name); err != nil {
				return err
			}
			return checkNode(entry.Value, t.Field(i).Type, path+name+".", given)
		}
		if name != "" {
			names = append(names, name)
		}
	}
	err := fmt.Errorf("line %d: unknown key %s%s", token.Position.Line, path, token.Value)
	return structure.Hint(err, nearest(token.Value, names))
}

// keyOf is the YAML key of a field; empty where it has none.
func keyOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return name
}

// nearest proposes the name that may have been meant.
func nearest(word string, names []string) string {
	if best, near := structure.Nearest(word, names); near {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return "known here: " + strings.Join(names, " ")
}
