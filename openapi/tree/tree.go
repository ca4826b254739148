// Package tree reads and changes YAML documents as nodes, because maps would lose the order that their authors chose.
package tree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Parse reads a document that holds a mapping.
func Parse(content []byte) (*yaml.Node, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, err
	}
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("holds no mapping")
	}
	return document.Content[0], nil
}

// Entries yields the keys and values of a mapping; nothing for any other node.
func Entries(n *yaml.Node) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, n.Content[i+1]) {
				return
			}
		}
	}
}

// Items returns the elements of a sequence; nothing for any other node.
func Items(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

// At follows keys down through mappings; nil when one is missing.
func At(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		var found *yaml.Node
		for k, v := range Entries(n) {
			if k == key {
				found = v
			}
		}
		n = found
	}
	return n
}

// Text is the value of a scalar below n, "" when there is none.
func Text(n *yaml.Node, keys ...string) string {
	if n = At(n, keys...); n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// Set gives a mapping's key a value: a node, a string or an int.
func Set(n *yaml.Node, key string, value any) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content[i+1] = node(value)
			return
		}
	}
	n.Content = append(n.Content, Scalar(key), node(value))
}

// Delete takes a key out of a mapping and returns its value, nil when it was not there.
func Delete(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			value := n.Content[i+1]
			n.Content = append(n.Content[:i:i], n.Content[i+2:]...)
			return value
		}
	}
	return nil
}

// Mapping builds a mapping from keys and values in turn; a value is a node, a string or an int.
func Mapping(keysAndValues ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, v := range keysAndValues {
		n.Content = append(n.Content, node(v))
	}
	return n
}

// Sequence builds a list; an element is a node, a string or an int.
func Sequence(elements ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for _, v := range elements {
		n.Content = append(n.Content, node(v))
	}
	return n
}

// Scalar is a text, quoted where an older YAML reader could take it for something else.
func Scalar(value string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(value)
	if IsOldBoolean(value) {
		n.Style = yaml.SingleQuotedStyle
	}
	return n
}

// IsOldBoolean tells the words that YAML 1.1 readers take for booleans.
func IsOldBoolean(value string) bool {
	switch strings.ToLower(value) {
	case "y", "n", "yes", "no", "on", "off":
		return true
	}
	return false
}

func node(v any) *yaml.Node {
	switch v := v.(type) {
	case *yaml.Node:
		return v
	case string:
		return Scalar(v)
	case int:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: fmt.Sprint(v)}
	default:
		panic(fmt.Sprintf("no YAML node for %T", v))
	}
}

// Clone copies a tree, so that two places of a document never share a node.
func Clone(n *yaml.Node) *yaml.Node {
	c := *n
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		c.Content[i] = Clone(child)
	}
	return &c
}

// YAML writes a tree; the same tree always gives the same bytes.
func YAML(n *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(n); err != nil {
		return nil, err
	}
	if err := encoder.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// JSON writes a tree with the keys in their order, indented.
func JSON(n *yaml.Node) ([]byte, error) {
	var compact, out bytes.Buffer
	if err := writeJSON(&compact, n); err != nil {
		return nil, err
	}
	if err := json.Indent(&out, compact.Bytes(), "", "  "); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func writeJSON(out *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.MappingNode:
		out.WriteByte('{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := writeValue(out, n.Content[i].Value); err != nil {
				return err
			}
			out.WriteByte(':')
			if err := writeJSON(out, n.Content[i+1]); err != nil {
				return err
			}
		}
		out.WriteByte('}')
	case yaml.SequenceNode:
		out.WriteByte('[')
		for i, child := range n.Content {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := writeJSON(out, child); err != nil {
				return err
			}
		}
		out.WriteByte(']')
	case yaml.ScalarNode:
		var value any
		if err := n.Decode(&value); err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
		return writeValue(out, value)
	default:
		return fmt.Errorf("line %d: no JSON for a YAML node of kind %d", n.Line, n.Kind)
	}
	return nil
}

// writeValue writes a scalar as people read it: < and & stay what they are.
func writeValue(out *bytes.Buffer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	out.Truncate(out.Len() - 1) // the encoder's line break
	return nil
}
