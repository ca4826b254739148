package main

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// spellUkrainian puts a Ukrainian text where readers of the document look for it. In the sources `uk` stands beside the
// text that it translates, or is a mapping when there are two.
func spellUkrainian(n *yaml.Node) {
	eachObject(n, func(n *yaml.Node) {
		switch uk := remove(n, "uk"); {
		case uk == nil:
		case uk.Kind == yaml.MappingNode:
			for field, translation := range entries(uk) {
				insertAfter(n, field, ukrainian(field), translation)
			}
		default:
			field := "description"
			if i := slices.IndexFunc(textFields, func(field string) bool { return at(n, field) != nil }); i >= 0 {
				field = textFields[i]
			}
			insertAfter(n, field, ukrainian(field), uk)
		}
	})
}

// textFields are the fields that people read. A rule's description is none: it is a part of its answer.
var textFields = []string{"check", "summary", "description"}

func ukrainian(field string) string { return "x-" + field + "-uk" }

// checkUkrainian finds texts that stand in one language only.
func checkUkrainian(s source, p *problems) {
	eachObject(s.root, func(n *yaml.Node) {
		for key, value := range entries(n) {
			field, isUkrainian := strings.CutSuffix(strings.TrimPrefix(key, "x-"), "-uk")
			if isUkrainian && at(n, field) == nil {
				p.add(s.name, value, "translates a %s that is not there", field)
			}
		}
		for _, field := range textFields {
			english, translation := strings.TrimSpace(text(n, field)), strings.TrimSpace(text(n, ukrainian(field)))
			isAnswer := field == "description" && at(n, "check") != nil
			if english != "" && translation == "" && !isAnswer {
				p.add(s.name, at(n, field), "%s %q has no Ukrainian text beside it", field, abridged(english))
			}
		}
	})
}

// eachObject visits the mappings at and below n whose keys are fields, not names or values.
func eachObject(n *yaml.Node, visit func(n *yaml.Node)) {
	if n.Kind == yaml.MappingNode {
		visit(n)
	}
	for key, value := range entries(n) {
		switch key {
		case "example", "default", "enum", "value", "params", "scopes", "x-scopes-uk":
		case "properties", "examples":
			for _, member := range entries(value) {
				eachObject(member, visit)
			}
		default:
			eachObject(value, visit)
		}
	}
	for _, item := range items(n) {
		eachObject(item, visit)
	}
}

// abridged is the first line of a text, which is enough to find it.
func abridged(text string) string {
	line, _, more := strings.Cut(text, "\n")
	if more {
		line += " …"
	}
	return line
}

// insertAfter puts a new key behind another one.
func insertAfter(n *yaml.Node, previous, key string, value *yaml.Node) {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == previous {
			n.Content = slices.Insert(n.Content, i+2, scalar(key), value)
			return
		}
	}
	set(n, key, value)
}
