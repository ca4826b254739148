package publish

import (
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/openapi/tree"
)

func TestEverythingSaysItInUkrainianToo(t *testing.T) {
	t.Parallel()
	root := published(t)
	ukrainian := func(text, what string) {
		t.Helper()
		require.NotEmpty(t, text, what)
	}
	for _, tag := range tree.Items(tree.At(root, "tags")) {
		ukrainian(tree.Text(tag, "x-description-uk"), tree.Text(tag, "name"))
	}
	flow := tree.At(root, "components", "securitySchemes", "oauth2", "flows", "authorizationCode")
	for scope := range tree.Entries(tree.At(flow, "scopes")) {
		ukrainian(tree.Text(flow, "x-scopes-uk", scope), scope)
	}
	for op := range operations(root) {
		ukrainian(tree.Text(op.node, "x-summary-uk"), op.id)
		ukrainian(tree.Text(op.node, "x-description-uk"), op.id)
		for _, parameter := range op.parameters {
			ukrainian(tree.Text(follow(root, parameter), "x-description-uk"), op.id+" "+tree.Text(parameter, "name"))
		}
		for _, rule := range tree.Items(tree.At(op.node, "x-rules")) {
			ukrainian(tree.Text(rule, "x-check-uk"), tree.Text(rule, "id"))
		}
	}
	for name, schema := range tree.Entries(tree.At(root, "components", "schemas")) {
		ukrainian(tree.Text(schema, "x-description-uk"), name)
		for property, value := range tree.Entries(tree.At(schema, "properties")) {
			if tree.Text(value, "description") != "" {
				ukrainian(tree.Text(value, "x-description-uk"), name+"."+property)
			}
		}
	}
}

func TestExamplesOfRefusalsSayTheCheckInUkrainian(t *testing.T) {
	t.Parallel()
	root := published(t)
	conflicts := tree.At(root, "paths", "/api/divisions/{id}/actions/activate", "patch", "responses", "409", "content", "application/json", "examples")
	found := 0
	for rule, shown := range tree.Entries(conflicts) {
		found++
		known, _ := rules.Get(rules.ID(rule))
		require.Equal(t, known.CheckUK, tree.Text(shown, "x-summary-uk"), rule)
		require.NotNil(t, tree.At(shown, "value"))
	}
	require.NotZero(t, found)
}
