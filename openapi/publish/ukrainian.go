package publish

import (
	"fmt"
	"maps"
	"strings"

	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

// ukrainian holds the Ukrainian texts of the document.
type ukrainian struct {
	Operations map[string]string // summaries by operationId
	Tags       map[string]string // descriptions by name
	Scopes     map[string]string // descriptions by scope
	Rules      map[string]string // checks by rule id
	Texts      map[string]string // descriptions, and summaries of examples, by the English text
}

func readUkrainian(content []byte) (*ukrainian, error) {
	var u ukrainian
	if err := yaml.Unmarshal(content, &u); err != nil {
		return nil, fmt.Errorf("read the Ukrainian texts: %w", err)
	}
	for english, text := range maps.Clone(u.Texts) {
		u.Texts[oneLine(english)] = text
	}
	return &u, nil
}

// add puts the texts beside the English ones.
func (u *ukrainian) add(root *yaml.Node) {
	for _, tag := range tree.Items(tree.At(root, "tags")) {
		put(tag, "x-description-uk", u.Tags[tree.Text(tag, "name")])
	}
	for _, scheme := range tree.Entries(tree.At(root, "components", "securitySchemes")) {
		for _, flow := range tree.Entries(tree.At(scheme, "flows")) {
			u.addScopes(flow)
		}
	}
	u.addChecks(tree.At(root, "x-rules"))
	for op := range operations(root) {
		put(op.node, "x-summary-uk", u.Operations[op.id])
		u.addChecks(tree.At(op.node, "x-rules"))
	}
	u.addTexts(root)
}

// addScopes puts the scopes of a flow once more beside it: they are no objects that could hold two texts.
func (u *ukrainian) addScopes(flow *yaml.Node) {
	scopes := tree.Mapping()
	for scope := range tree.Entries(tree.At(flow, "scopes")) {
		put(scopes, scope, u.Scopes[scope])
	}
	tree.Set(flow, "x-scopes-uk", scopes)
}

func (u *ukrainian) addChecks(rules *yaml.Node) {
	for _, rule := range tree.Items(rules) {
		put(rule, "x-check-uk", u.Rules[tree.Text(rule, "id")])
	}
}

// addTexts goes through everything but values and extensions.
func (u *ukrainian) addTexts(n *yaml.Node) {
	put(n, "x-description-uk", u.Texts[oneLine(tree.Text(n, "description"))])
	for key, value := range tree.Entries(n) {
		switch {
		case key == "properties": // whose keys are names
			for _, property := range tree.Entries(value) {
				u.addTexts(property)
			}
		case key == "examples":
			u.addSummaries(value)
		case key != "example" && !strings.HasPrefix(key, "x-"):
			u.addTexts(value)
		}
	}
	for _, value := range tree.Items(n) {
		u.addTexts(value)
	}
}

// addSummaries gives examples their texts. Those of refusals are named by the rule that they show.
func (u *ukrainian) addSummaries(examples *yaml.Node) {
	for name, example := range tree.Entries(examples) {
		summary := u.Rules[name]
		if summary == "" {
			summary = u.Texts[oneLine(tree.Text(example, "summary"))]
		}
		put(example, "x-summary-uk", summary)
		put(example, "x-description-uk", u.Texts[oneLine(tree.Text(example, "description"))])
	}
}

func put(n *yaml.Node, key, text string) {
	if text != "" {
		tree.Set(n, key, text)
	}
}

// oneLine makes texts comparable that were folded differently.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
