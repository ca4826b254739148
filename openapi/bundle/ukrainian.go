package main

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The sections of uk.yaml.
const (
	operationsUK = "operations" // summaries by operationId
	tagsUK       = "tags"       // descriptions by name
	scopesUK     = "scopes"     // descriptions by scope
	rulesUK      = "rules"      // the check by rule id
	textsUK      = "texts"      // descriptions, and summaries of examples, by the English text
)

const ukrainianFile = "uk.yaml"

// readUkrainian reads uk.yaml and gives the rules their wording from it.
func (c *contract) readUkrainian(content []byte) error {
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return fmt.Errorf("%s: %w", ukrainianFile, err)
	}
	if len(document.Content) == 0 {
		return fmt.Errorf("%s: is empty", ukrainianFile)
	}
	p := &problems{}
	c.ukrainian = normalise(document.Content[0], ukrainianFile, p)
	for r := range c.rules() {
		r.checkUK = text(c.ukrainian, rulesUK, r.ID)
	}
	return p.err()
}

// checkUkrainian finds the rules that have no Ukrainian wording, and what uk.yaml translates although the contract has no
// such thing. Other missing texts are left to a test, so that a field can be added before it is translated.
func (c *contract) checkUkrainian() error {
	p, english := &problems{}, c.english()
	for section, translations := range entries(c.ukrainian) {
		known := at(english, section)
		if known == nil {
			p.add(ukrainianFile, translations, "unknown section %q", section)
			continue
		}
		for key, translation := range entries(translations) {
			switch {
			case at(known, key) == nil:
				p.add(ukrainianFile, translation, "%s: the contract has no %q; change or remove it", section, abridged(key))
			case strings.TrimSpace(translation.Value) == "":
				p.add(ukrainianFile, translation, "%s: %q has no text", section, abridged(key))
			}
		}
	}
	for r := range c.rules() {
		if r.checkUK == "" {
			p.add(r.where, r.node, "%s: %s has no Ukrainian wording of %q", ukrainianFile, rulesUK, r.Check)
		}
	}
	return p.err()
}

// untranslated is what uk.yaml lacks, in its shape and with the English texts, to be pasted there and translated.
func (c *contract) untranslated() *yaml.Node {
	missing := mapping()
	for section, texts := range entries(c.english()) {
		for key, english := range entries(texts) {
			if at(c.ukrainian, section, key) != nil {
				continue
			}
			if at(missing, section) == nil {
				set(missing, section, mapping())
			}
			set(at(missing, section), key, english)
		}
	}
	return missing
}

// abridged is the first line of a text, which is enough to find it.
func abridged(text string) string {
	line, _, more := strings.Cut(strings.TrimSpace(text), "\n")
	if more {
		line += " …"
	}
	return line
}

// english is what uk.yaml translates, in its shape and with the English texts, in the order of the document.
func (c *contract) english() *yaml.Node {
	operations, tags, rules, texts := mapping(), mapping(), mapping(), mapping()
	for _, op := range c.operations {
		set(operations, op.id, scalar(text(op.node, "summary")))
	}
	for _, tag := range items(at(c.root, "tags")) {
		set(tags, text(tag, "name"), scalar(text(tag, "description")))
	}
	for r := range c.rules() {
		set(rules, r.ID, scalar(r.Check))
	}
	scopes := at(c.root, "components", "securitySchemes", "oauth2", "flows", "authorizationCode", "scopes")
	collectTexts(c.root, rules, texts)
	return mapping(operationsUK, operations, tagsUK, tags, scopesUK, clone(scopes), rulesUK, rules, textsUK, texts)
}

// collectTexts puts the descriptions and summaries at and below n into texts, but for those that have a section of their
// own: of operations, tags and scopes, and of the examples that show the answer of a rule.
func collectTexts(n, rules, texts *yaml.Node) {
	for key, value := range entries(n) {
		switch key {
		case "description", "summary":
			if value.Kind == yaml.ScalarNode && (key == "description" || at(n, "operationId") == nil) {
				set(texts, value.Value, scalar(value.Value))
			}
		case "properties": // whose keys are names
			for _, schema := range entries(value) {
				collectTexts(schema, rules, texts)
			}
		case "examples":
			for name, example := range entries(value) {
				if at(rules, name) == nil {
					set(texts, text(example, "summary"), scalar(text(example, "summary")))
				}
			}
		case "tags", "scopes", "x-rules", "example", "default", "enum":
		default:
			collectTexts(value, rules, texts)
		}
	}
	for _, element := range items(n) {
		collectTexts(element, rules, texts)
	}
}
