package main

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

// The short names that the bundler reads and changes documents by.
var (
	entries  = tree.Entries
	items    = tree.Items
	at       = tree.At
	text     = tree.Text
	set      = tree.Set
	mapping  = tree.Mapping
	sequence = tree.Sequence
	scalar   = tree.Scalar
	clone    = tree.Clone
	remove   = tree.Delete
)

// insertBefore puts a new key in front of another one, or at the end when that one is missing.
func insertBefore(n *yaml.Node, next, key string, value *yaml.Node) {
	i := 0
	for i < len(n.Content) && n.Content[i].Value != next {
		i += 2
	}
	n.Content = slices.Insert(n.Content, i, scalar(key), value)
}

func flow(n *yaml.Node) *yaml.Node {
	n.Style = yaml.FlowStyle
	return n
}

// normalise prepares what an author wrote for the bundled document: no comments, no aliases, and no scalar that another
// YAML reader could take for something else than we do.
func normalise(n *yaml.Node, where string, p *problems) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = clone(n.Alias)
	}
	n.HeadComment, n.LineComment, n.FootComment, n.Anchor = "", "", "", ""
	if n.Kind == yaml.ScalarNode && (n.Tag == "!!timestamp" || n.Tag == "!!str" && n.Style == 0 && tree.IsOldBoolean(n.Value)) {
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
