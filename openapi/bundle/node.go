package main

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The document is worked on as YAML nodes, because maps would lose the order that its authors chose.

// entries yields the keys and values of a mapping; nothing for any other node.
func entries(n *yaml.Node) iter.Seq2[string, *yaml.Node] {
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

// items returns the elements of a sequence; nothing for any other node.
func items(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

// at follows keys down through mappings; nil when one is missing.
func at(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		var found *yaml.Node
		for k, v := range entries(n) {
			if k == key {
				found = v
			}
		}
		n = found
	}
	return n
}

// text is the value of a scalar below n, "" when there is none.
func text(n *yaml.Node, keys ...string) string {
	if n = at(n, keys...); n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// set gives a mapping's key a value.
func set(n *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content[i+1] = value
			return
		}
	}
	n.Content = append(n.Content, scalar(key), value)
}

// insertBefore puts a new key in front of another one, or at the end when that one is missing.
func insertBefore(n *yaml.Node, next, key string, value *yaml.Node) {
	i := 0
	for i < len(n.Content) && n.Content[i].Value != next {
		i += 2
	}
	n.Content = slices.Insert(n.Content, i, scalar(key), value)
}

// mapping builds a mapping from keys and values in turn; a value is a node, a string or an int.
func mapping(keysAndValues ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, v := range keysAndValues {
		n.Content = append(n.Content, node(v))
	}
	return n
}

func sequence(elements ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: elements}
}

func flow(n *yaml.Node) *yaml.Node {
	n.Style = yaml.FlowStyle
	return n
}

func scalar(value string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(value)
	if isOldBoolean(value) {
		n.Style = yaml.SingleQuotedStyle
	}
	return n
}

func node(v any) *yaml.Node {
	switch v := v.(type) {
	case *yaml.Node:
		return v
	case string:
		return scalar(v)
	case int:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: fmt.Sprint(v)}
	default:
		panic(fmt.Sprintf("no YAML node for %T", v))
	}
}

// clone copies a tree, so that two places of the document never share a node.
func clone(n *yaml.Node) *yaml.Node {
	c := *n
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		c.Content[i] = clone(child)
	}
	return &c
}

// normalise prepares what an author wrote for the bundled document: no comments, no aliases, and no scalar that another
// YAML reader could take for something else than we do.
func normalise(n *yaml.Node, where string, p *problems) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = clone(n.Alias)
	}
	n.HeadComment, n.LineComment, n.FootComment, n.Anchor = "", "", "", ""
	if n.Kind == yaml.ScalarNode && (n.Tag == "!!timestamp" || n.Tag == "!!str" && n.Style == 0 && isOldBoolean(n.Value)) {
		n.Tag, n.Style = "!!str", yaml.SingleQuotedStyle
	}
	if n.Kind == yaml.MappingNode {
		seen := map[string]bool{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Value == "<<" {
				p.add(where, key, "merge keys (<<) are not supported")
			}
			if seen[key.Value] {
				p.add(where, key, "key %q stands twice in one mapping", key.Value)
			}
			seen[key.Value] = true
		}
	}
	for i, child := range n.Content {
		n.Content[i] = normalise(child, where, p)
	}
	return n
}

// isOldBoolean tells the words that YAML 1.1 readers take for booleans.
func isOldBoolean(value string) bool {
	switch strings.ToLower(value) {
	case "y", "n", "yes", "no", "on", "off":
		return true
	}
	return false
}
