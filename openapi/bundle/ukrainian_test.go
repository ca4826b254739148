package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"esoz/openapi"
	"esoz/openapi/tree"
)

const testUkrainian = `
operations: {}
rules:
  gateway.psk: Ключ правильний
  gateway.token: Токен дійсний
  gateway.scope: Дозвіл є
  request.json: Тіло — JSON
  thing.update.token: Токен дійсний
  thing.update.schema: Структура правильна
  thing.update.zip: Індекси — цифри
  thing.update.status: Річ нова
scopes: {thing:write: Писати}
texts:
  done: готово
`

func TestRulesGetTheirUkrainianWording(t *testing.T) {
	c, err := bundle(sources(testRoot, testThings))
	require.NoError(t, err)
	require.NoError(t, c.readUkrainian([]byte(testUkrainian)))
	require.NoError(t, c.checkUkrainian())
	code, err := c.goRules()
	require.NoError(t, err)
	require.Contains(t, string(code), `CheckUK:     "Індекси — цифри"`)
}

func TestFaultsOfUkrainianTextsAreTold(t *testing.T) {
	tests := map[string]struct {
		old, new string
		want     string
	}{
		"rule without Ukrainian": {"  gateway.psk: Ключ правильний\n", "", `root.yaml: rule gateway.psk: line 6: uk.yaml: rules has no Ukrainian wording of "c"`},
		"unknown rule":           {"request.json:", "request.jason:", `uk.yaml: line 7: rules: the contract has no "request.jason"; change or remove it`},
		"unknown operation":      {"operations: {}", "operations: {deleteThing: Вилучити}", `operations: the contract has no "deleteThing"`},
		"unknown tag":            {"operations: {}", "tags: {Things: Речі}", `tags: the contract has no "Things"`},
		"unknown scope":          {"thing:write", "thing:read", `scopes: the contract has no "thing:read"`},
		"text that is gone":      {"done:", "was done:", `uk.yaml: line 14: texts: the contract has no "was done"`},
		"long text that is gone": {"done: готово", "\"was done\\n\\ntwice\": готово", `the contract has no "was done …"`},
		"text of a rule":         {"done:", "zips are digits:", `texts: the contract has no "zips are digits"`},
		"empty text":             {"done: готово", "done: ' '", `uk.yaml: line 14: texts: "done" has no text`},
		"text twice":             {"done: готово", "done: готово\n  done: зроблено", `key "done" stands twice in one mapping`},
		"unknown section":        {"texts:", "text:", `unknown section "text"`},
		"no YAML":                {"operations: {}", "operations: {", "uk.yaml: yaml:"},
		"nothing":                {testUkrainian, "", "uk.yaml: is empty"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, testUkrainian, tt.old)
			c, err := bundle(sources(testRoot, testThings))
			require.NoError(t, err)
			err = c.readUkrainian([]byte(strings.Replace(testUkrainian, tt.old, tt.new, 1)))
			if err == nil {
				err = c.checkUkrainian()
			}
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestNamesOfPropertiesAreNotTakenForTexts(t *testing.T) {
	things := strings.Replace(testThings, "required: [name]", "required: [name], properties: {description: {description: about it}, examples: {description: some}}", 1)
	c, err := bundle(sources(testRoot, things))
	require.NoError(t, err)
	texts := at(c.english(), textsUK)
	require.NotNil(t, at(texts, "about it"))
	require.NotNil(t, at(texts, "some"))
}

func TestWhatIsNotTranslatedCanBePasted(t *testing.T) {
	c, err := bundle(sources(testRoot, testThings))
	require.NoError(t, err)
	require.NoError(t, c.readUkrainian([]byte("rules: {gateway.psk: Ключ правильний}\nscopes: {thing:write: Писати}\ntexts: {done: готово}")))
	missing, err := tree.YAML(c.untranslated())
	require.NoError(t, err)
	require.Contains(t, string(missing), "\n  thing.update.zip: zips are digits\n")
	require.NotContains(t, string(missing), "gateway.psk")
	require.NotContains(t, string(missing), scopesUK)

	require.NoError(t, c.readUkrainian(missing))
	rest, err := tree.YAML(c.untranslated())
	require.NoError(t, err)
	require.Equal(t, "scopes:\n  thing:write: Write\nrules:\n  gateway.psk: c\ntexts:\n  done: done\n", string(rest))
}

// realContract reads the real sources and texts.
func realContract(t *testing.T) *contract {
	t.Helper()
	c, err := bundle(os.DirFS("../src"))
	require.NoError(t, err)
	require.NoError(t, c.readUkrainian(openapi.Ukrainian))
	return c
}

// New texts may come first and be translated later, but not many.
func TestTheContractIsInUkrainian(t *testing.T) {
	c := realContract(t)
	for section, texts := range entries(c.english()) {
		var keys []string
		for key := range entries(texts) {
			keys = append(keys, key)
		}
		requireMost(t, c, section, keys)
	}
	requireMost(t, c, textsUK, propertyDescriptions(c.root))
}

func requireMost(t *testing.T, c *contract, section string, keys []string) {
	t.Helper()
	translated := 0
	for _, key := range keys {
		if at(c.ukrainian, section, key) != nil {
			translated++
		}
	}
	share := 100 * float64(translated) / float64(len(keys))
	require.GreaterOrEqual(t, share, 98.0, "percent of %s in Ukrainian; `go run ./openapi/bundle missing` prints what is not", section)
}

// propertyDescriptions are those of all properties of all schemas at and below n.
func propertyDescriptions(n *yaml.Node) []string {
	var found []string
	for key, value := range entries(n) {
		if key != "properties" {
			found = append(found, propertyDescriptions(value)...)
			continue
		}
		for _, schema := range entries(value) {
			if description := text(schema, "description"); description != "" {
				found = append(found, description)
			}
			found = append(found, propertyDescriptions(schema)...)
		}
	}
	for _, element := range items(n) {
		found = append(found, propertyDescriptions(element)...)
	}
	return found
}

// TestUkrainianTextsAreUkrainian finds English that was pasted and left, and proves that a translation names every field,
// value and setting that the English text names.
func TestUkrainianTextsAreUkrainian(t *testing.T) {
	code := regexp.MustCompile("`[^`]+`|[a-z]+_[a-z_]+|[A-Z]+_[A-Z_]+")
	letters := regexp.MustCompile(`[A-Za-z]`)
	c := realContract(t)
	english := c.english()
	for section, translations := range entries(c.ukrainian) {
		for key, translation := range entries(translations) {
			original := text(english, section, key)
			for _, word := range code.FindAllString(original, -1) {
				require.Contains(t, translation.Value, word, "%s: %s", section, key)
			}
			if letters.MatchString(code.ReplaceAllString(original, "")) {
				require.NotEqual(t, original, translation.Value, "%s: %s", section, key)
			}
		}
	}
}
