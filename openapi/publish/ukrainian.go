package publish

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"go.yaml.in/yaml/v3"

	"esoz/openapi"
	"esoz/openapi/tree"
)

// ukrainian holds the Ukrainian texts of the document.
type ukrainian struct {
	Operations map[string]string // summaries by operationId
	Tags       map[string]string // descriptions by name
	Rules      map[string]string // checks by rule id
	Texts      map[string]string // descriptions by the English one
}

func readUkrainian() (*ukrainian, error) {
	content, err := fs.ReadFile(openapi.Files, "uk.yaml")
	if errors.Is(err, fs.ErrNotExist) {
		return &ukrainian{}, nil
	}
	if err != nil {
		return nil, err
	}
	var raw ukrainian
	if err := yaml.Unmarshal(content, &raw); err != nil {
		return nil, fmt.Errorf("read uk.yaml: %w", err)
	}
	texts := raw
	texts.Texts = make(map[string]string, len(raw.Texts))
	for english, text := range raw.Texts {
		texts.Texts[oneLine(english)] = text
	}
	return &texts, nil
}

// add puts the texts beside the English ones.
func (u *ukrainian) add(root *yaml.Node) {
	for _, tag := range tree.Items(tree.At(root, "tags")) {
		put(tag, "x-description-uk", u.Tags[tree.Text(tag, "name")])
	}
	u.addChecks(tree.At(root, "x-rules"))
	for op := range operations(root) {
		put(op.node, "x-summary-uk", u.Operations[op.id])
		u.addChecks(tree.At(op.node, "x-rules"))
	}
	u.addDescriptions(root)
}

func (u *ukrainian) addChecks(rules *yaml.Node) {
	for _, rule := range tree.Items(rules) {
		put(rule, "x-check-uk", u.Rules[tree.Text(rule, "id")])
	}
}

// addDescriptions goes through everything but examples and extensions.
func (u *ukrainian) addDescriptions(n *yaml.Node) {
	put(n, "x-description-uk", u.Texts[oneLine(tree.Text(n, "description"))])
	for key, value := range tree.Entries(n) {
		if key != "example" && key != "examples" && !strings.HasPrefix(key, "x-") {
			u.addDescriptions(value)
		}
	}
	for _, value := range tree.Items(n) {
		u.addDescriptions(value)
	}
}

func put(n *yaml.Node, key, text string) {
	if text != "" {
		tree.Set(n, key, text)
	}
}

// oneLine makes texts comparable that were folded differently.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
