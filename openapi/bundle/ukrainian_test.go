package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

func TestUkrainianTextsStandBesideTheEnglishOnes(t *testing.T) {
	root, err := tree.Parse([]byte(`
schemas:
  Thing:
    description: It.
    uk: Це.
    properties:
      description: {type: string, description: Text., uk: Текст., example: {description: Text., uk: Текст.}}
      uk: {type: string}
operation:
  summary: Do
  description: Does.
  uk: {summary: Робити, description: Робить.}
x-rules:
  - {check: c, uk: п, description: d}
`))
	require.NoError(t, err)
	spellUkrainian(root)
	written, err := tree.YAML(root)
	require.NoError(t, err)
	require.Equal(t, `schemas:
  Thing:
    description: It.
    x-description-uk: Це.
    properties:
      description: {type: string, description: Text., x-description-uk: Текст., example: {description: Text., uk: Текст.}}
      uk: {type: string}
operation:
  summary: Do
  x-summary-uk: Робити
  description: Does.
  x-description-uk: Робить.
x-rules:
  - {check: c, x-check-uk: п, description: d}
`, string(written))
}

func realContract(t *testing.T) *contract {
	t.Helper()
	c, err := bundle(os.DirFS("../src"), os.DirFS("../examples"))
	require.NoError(t, err)
	return c
}

// TestUkrainianTextsAreUkrainian finds English that was pasted and left, and proves that a translation names every field,
// value and setting that the English text names.
func TestUkrainianTextsAreUkrainian(t *testing.T) {
	code := regexp.MustCompile("`[^`]+`|[a-z]+_[a-z_]+|[A-Z]+_[A-Z_]+")
	letters := regexp.MustCompile(`[A-Za-z]`)
	found := 0
	eachObject(realContract(t).root, func(n *yaml.Node) {
		for _, field := range textFields {
			english, translation := text(n, field), text(n, ukrainian(field))
			if translation == "" {
				continue
			}
			found++
			for _, word := range code.FindAllString(english, -1) {
				require.Contains(t, translation, word)
			}
			if letters.MatchString(code.ReplaceAllString(english, "")) {
				require.NotEqual(t, english, translation)
			}
		}
	})
	require.Greater(t, found, 1500, "the walk has lost its way")
}
