package distill

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/goccy/go-yaml/ast"

	"mlff/structure"
)

// checkValue finds values that a key cannot have, so that errors have the line they are on and words of our own. It gives
// a list to a key that takes one and has a single value.
func checkValue(entry *ast.MappingValueNode, t reflect.Type, path string) error {
	node := entry.Value
	if t.Kind() == reflect.Slice {
		if scalar(node) && node.Type() != ast.NullType {
			list := ast.Sequence(node.GetToken(), true)
			list.Values = []ast.Node{node}
			entry.Value = list
		}
		if _, ok := node.(ast.MapNode); ok && node.Type() != ast.AliasType {
			return valueError(node, path, "takes a list, such as [a.extxyz]")
		}
	}
	return checkScalars(entry.Value, t, path)
}

// checkScalars checks a node that is a value, or a list of them.
func checkScalars(node ast.Node, t reflect.Type, path string) error {
	if list, ok := node.(*ast.SequenceNode); ok {
		switch t.Kind() {
		case reflect.Array:
			if len(list.Values) != t.Len() {
				return valueError(node, path, fmt.Sprintf("takes %d values, not %d", t.Len(), len(list.Values)))
			}
		case reflect.Slice:
		default:
			return valueError(node, path, "takes one value, not a list")
		}
		for _, v := range list.Values {
			if err := checkScalars(v, t.Elem(), path); err != nil {
				return err
			}
		}
		return nil
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if !scalar(node) || node.Type() == ast.NullType {
		if _, ok := node.(ast.MapNode); ok && node.Type() == ast.MappingType && t.Kind() != reflect.Struct && t.Kind() != reflect.Map {
			return valueError(node, path, "takes a value, not keys")
		}
		return nil
	}
	return checkScalar(node, t, path)
}

// scalar tells whether a node is a plain value; those behind anchors and tags are left to the YAML reader.
func scalar(node ast.Node) bool {
	_, ok := node.(ast.ScalarNode)
	return ok && node.Type() != ast.AliasType && node.Type() != ast.AnchorType && node.Type() != ast.TagType && node.Type() != ast.MergeKeyType
}

func checkScalar(node ast.Node, t reflect.Type, path string) error {
	text := node.GetToken().Value
	if v, ok := reflect.New(t).Interface().(interface{ Set(string) error }); ok {
		if err := v.Set(text); err != nil {
			return valueError(node, path, err.Error())
		}
		return nil
	}
	quoted := fmt.Sprintf("%q", text)
	switch t.Kind() {
	case reflect.Int:
		if node.Type() != ast.IntegerType {
			return valueError(node, path, quoted+" is not a whole number")
		}
	case reflect.Uint64:
		n, ok := node.(*ast.IntegerNode)
		if _, negative := nodeInt(n); !ok || negative {
			return valueError(node, path, quoted+" is not a whole number from 0")
		}
	case reflect.Float64:
		_, plain := node.(*ast.StringNode) // 7e-3 is one to the YAML reader, which makes a number of it all the same
		if _, err := strconv.ParseFloat(text, 64); plain && err != nil || node.Type() == ast.BoolType {
			return valueError(node, path, quoted+" is not a number")
		}
	case reflect.Bool:
		if node.Type() != ast.BoolType {
			return valueError(node, path, quoted+" is neither true nor false")
		}
	case reflect.Struct:
		if t != reflect.TypeFor[Source]() {
			return structure.Hint(valueError(node, path, "takes keys, not "+quoted), fmt.Sprintf("write %s: {key: value}", path))
		}
	}
	return nil
}

// nodeInt tells whether an integer is negative.
func nodeInt(n *ast.IntegerNode) (value int64, negative bool) {
	if n == nil {
		return 0, false
	}
	value, ok := n.Value.(int64)
	return value, ok && value < 0
}

func valueError(node ast.Node, path, what string) error {
	return fmt.Errorf("line %d: %s: %s", node.GetToken().Position.Line, path, what)
}
