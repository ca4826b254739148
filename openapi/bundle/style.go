package main

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

// maxFlow is the longest list of scalars that stays on one line.
const maxFlow = 100

// numeric are texts that YAML 1.1 readers take for numbers to the base of 60 or for times.
var numeric = regexp.MustCompile(`^[-+]?[0-9]+(:[0-9]+)+|^[0-9]{4}-[0-9]{2}-[0-9]{2}|^[-+][0-9]+$`)

// isNoText tells the texts that are something else without quotes.
func isNoText(value string) bool {
	return (&yaml.Node{Kind: yaml.ScalarNode, Value: value}).ShortTag() != "!!str"
}

// restyle makes the look of the document independent of how the sources are written: references and short lists stand
// on one line, everything else in blocks.
func restyle(n *yaml.Node) {
	n.Style = 0
	switch n.Kind {
	case yaml.ScalarNode:
		switch {
		case strings.Contains(n.Value, "\n"):
			n.Style = yaml.LiteralStyle
		case n.Tag == "!!str" && (tree.IsOldBoolean(n.Value) || numeric.MatchString(n.Value) || isNoText(n.Value)):
			n.Style = yaml.SingleQuotedStyle
		}
	case yaml.MappingNode:
		if len(n.Content) == 0 || len(n.Content) == 2 && n.Content[0].Value == "$ref" {
			n.Style = yaml.FlowStyle
		}
	case yaml.SequenceNode:
		length := 0
		for _, item := range n.Content {
			length += len(item.Value) + 2
			if item.Kind != yaml.ScalarNode {
				length = maxFlow + 1
			}
		}
		if length <= maxFlow {
			n.Style = yaml.FlowStyle
		}
	}
	for _, child := range n.Content {
		restyle(child)
	}
}
