package publish

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"esoz/openapi"
	"esoz/openapi/tree"
)

// published is one for all tests that only read it.
func published(t *testing.T) *yaml.Node {
	t.Helper()
	root, err := sharedDocument()
	require.NoError(t, err)
	return root
}

var sharedDocument = sync.OnceValues(parsePublished)

func parsePublished() (*yaml.Node, error) {
	content, err := National.YAML()
	if err != nil {
		return nil, err
	}
	return tree.Parse(content)
}

func TestThePublishedDocumentIsValid(t *testing.T) {
	t.Parallel()
	content, err := National.JSON() // YAML says the same
	require.NoError(t, err)
	doc, err := openapi3.NewLoader().LoadFromData(content)
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableMultiError()))
}

func TestYAMLAndJSONSayTheSame(t *testing.T) {
	t.Parallel()
	inYAML, err := National.YAML()
	require.NoError(t, err)
	inJSON, err := National.JSON()
	require.NoError(t, err)
	var fromYAML, fromJSON any
	require.NoError(t, yaml.Unmarshal(inYAML, &fromYAML))
	require.NoError(t, json.Unmarshal(inJSON, &fromJSON))
	asJSON, err := json.Marshal(fromYAML)
	require.NoError(t, err)
	again, err := json.Marshal(fromJSON)
	require.NoError(t, err)
	require.Equal(t, string(asJSON), string(again))
}

func TestTheSameContractGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		first func() ([]byte, error) // rendered once
		make  func(string) (*yaml.Node, error)
		write func(*yaml.Node) ([]byte, error)
	}{
		"YAML":     {National.YAML, document, tree.YAML},
		"JSON":     {National.JSON, document, tree.JSON},
		"3.1 YAML": {National.YAML31, document31, tree.YAML},
	} {
		first, err := tt.first()
		require.NoError(t, err)
		second, err := render(tt.make, "", tt.write)
		require.NoError(t, err)
		require.Equal(t, string(first), string(second), name)
	}
}

// additions are the only keys that the published document has and the contract has not.
var additions = []string{
	"x-codeSamples", "x-scopes", addedInVersion, "url", "source_url",
}

// Formats, servers and keys have tests of their own.
func TestWithoutTheAdditionsItIsTheContract(t *testing.T) {
	t.Parallel()
	contract, err := tree.Parse(openapi.Document)
	require.NoError(t, err)
	root, err := parsePublished()
	require.NoError(t, err)
	eachSchema(contract, usualFormats)
	setServer(contract, "")
	for op := range operations(contract) {
		setKeys(op.node, true)
	}
	strip(root, contract)
	want, err := tree.YAML(contract)
	require.NoError(t, err)
	got, err := tree.YAML(root)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

// strip takes the additions out of n that other has not.
func strip(n, other *yaml.Node) {
	for _, key := range additions {
		if tree.At(other, key) == nil {
			tree.Delete(n, key)
		}
	}
	for key, value := range tree.Entries(n) {
		if counterpart := tree.At(other, key); counterpart != nil {
			strip(value, counterpart)
		}
	}
	for i, value := range tree.Items(n) {
		if i < len(tree.Items(other)) {
			strip(value, other.Content[i])
		}
	}
}

func TestEveryOperationIsCompleted(t *testing.T) {
	t.Parallel()
	found := 0
	for op := range operations(published(t)) {
		found++
		require.Regexp(t, `^\d+\.\d+\.\d+$`, tree.Text(op.node, addedInVersion), op.id)
		require.NotNil(t, tree.At(op.node, "x-scopes"), op.id)
		var labels []string
		for _, sample := range tree.Items(tree.At(op.node, "x-codeSamples")) {
			labels = append(labels, tree.Text(sample, "label"))
			require.NotEmpty(t, tree.Text(sample, "source"), op.id)
		}
		require.Equal(t, []string{"curl", "Go", "TypeScript", "Python", "C#", "PHP"}, labels, op.id)
	}
	require.Greater(t, found, 30)
}

func TestScopesAreThoseOfTheToken(t *testing.T) {
	t.Parallel()
	scopes := map[string][]string{}
	for op := range operations(published(t)) {
		for _, scope := range tree.Items(tree.At(op.node, "x-scopes")) {
			scopes[op.id] = append(scopes[op.id], scope.Value)
		}
	}
	require.Equal(t, []string{"device_dispense:stop"}, scopes["stopDeviceDispense"])
	require.Empty(t, scopes["listDictionaries"])
}

// What ajv and generators know. They warn of any other format, and of a length beside a format that has a type.
func TestReadersKnowTheFormats(t *testing.T) {
	t.Parallel()
	found := map[string]int{}
	eachSchema(published(t), func(schema *yaml.Node) {
		format := tree.Text(schema, "format")
		if found[format]++; slices.Contains(typedFormats, format) {
			require.Nil(t, tree.At(schema, "maxLength"))
		}
	})
	delete(found, "")
	require.Subset(t, knownFormats, slices.Collect(maps.Keys(found)))
	require.NotZero(t, found["uuid"])

	division := tree.At(published(t), "components", "schemas", "DivisionRequest", "properties")
	require.Equal(t, "ua-name", tree.Text(division, "name", "x-format"))
	require.Equal(t, "dictionary:DIVISION_TYPE", tree.Text(division, "type", "x-format"))
}

func TestEachDeploymentHasItsServersAndKeys(t *testing.T) {
	t.Parallel()
	contract, err := tree.Parse(openapi.Document)
	require.NoError(t, err)
	public := map[string]bool{}
	for op := range operations(contract) {
		public[op.id] = len(tree.Items(tree.At(op.node, "security"))) == 0
	}
	require.True(t, public["listDictionaries"])
	const all, token, hosted = "apiKey customPsk oauth2", "apiKey oauth2", "apiKey customPsk"
	for base, want := range map[string]struct {
		server, oauth string
		token, public []string // the ways to call an operation
	}{
		"":                      {BaseURL, BaseURL, []string{all}, []string{hosted}},
		"http://127.0.0.1:8080": {"http://127.0.0.1:8080", BaseURL, []string{token, all}, []string{"", hosted}},
		"https://esoz.test":     {"https://esoz.test", "https://esoz.test", []string{token, all}, []string{"", hosted}},
	} {
		root, err := document(base)
		require.NoError(t, err)
		require.Equal(t, want.server, tree.Text(tree.Items(tree.At(root, "servers"))[0], "url"))
		flow := tree.At(root, "components", "securitySchemes", "oauth2", "flows", "authorizationCode")
		require.Equal(t, want.oauth+"/sign-in", tree.Text(flow, "authorizationUrl"))
		require.Equal(t, want.oauth+"/oauth/tokens", tree.Text(flow, "tokenUrl"))
		require.Equal(t, want.oauth+"/oauth/tokens", tree.Text(flow, "refreshUrl"))
		for op := range operations(root) {
			ways := want.token
			if public[op.id] {
				ways = want.public
			}
			var got []string
			for _, requirement := range tree.Items(tree.At(op.node, "security")) {
				var keys []string
				for key := range tree.Entries(requirement) {
					keys = append(keys, key)
				}
				slices.Sort(keys)
				got = append(got, strings.Join(keys, " "))
			}
			require.Equal(t, ways, got, op.id)
		}
	}
}

func TestSourcesHaveAddresses(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"wiki Get approvals 2115600961":                          wikiPage + "2115600961",
		"Wiki, Update division 17218732574":                      wikiPage + "17218732574",
		"General MIS API 9.13.6, Create division":                "https://ehealthmisapi1.docs.apiary.io/",
		"Medical events MIS API, Get approvals":                  "https://ehealthmedicaleventsapi.docs.apiary.io/",
		"ESOZ, API-005-022-0003 Create Division":                 "https://esoz.docs.apiary.io/",
		"seed 001, API-005-004-002-0084":                         "",
		"IL 2019 core/declaration_requests/api/v1/resend_otp.ex": "https://github.com/ehealth-ua/ehealth.api",
	} {
		require.Equal(t, want, SourceURL(source), source)
	}

	for op := range operations(published(t)) {
		if op.id != "stopDeviceDispense" {
			continue
		}
		urls := tree.Items(tree.At(op.node, "x-source"))
		require.True(t, slices.ContainsFunc(urls, func(n *yaml.Node) bool {
			return tree.Text(n, "url") == wikiPage+"17575543374"
		}))
		require.True(t, slices.ContainsFunc(tree.Items(tree.At(op.node, "x-rules")), func(n *yaml.Node) bool {
			return tree.Text(n, "source_url") == wikiPage+"18426200466"
		}))
	}
}
