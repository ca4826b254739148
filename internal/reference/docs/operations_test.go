package main

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"esoz/openapi"
)

const repository = "../../.."

func TestEveryOperationIsListed(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	require.NoError(t, err)
	page, err := operationPage(repository)
	require.NoError(t, err)
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			require.Equal(t, 1, strings.Count(page, "["+op.OperationID+"](sandbox-world.md#"), op.OperationID)
		}
	}
	for _, seed := range []string{"000", "001", "002", "003", "004"} {
		require.Contains(t, page, "(seed "+seed+")")
	}
	require.Contains(t, page, "| `PATCH /api/medical_program_provision/{id}/actions/deactivate` | `medical_program_provision:write` | not yet | general.apib L6339 |")
	for _, item := range []string{"GET /api/dictionaries", "GET /api/divisions"} {
		require.Equal(t, 1, strings.Count(page, "`"+item+"`"), "served, and so not among those that are not yet")
	}
	require.Contains(t, page, "[code](../internal/resource/divisions/create.go)")
}

func TestFileWith(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{"b.go": []byte("one"), "a.go": []byte("one"), "c.go": []byte("two")}
	for pattern, want := range map[string]string{"one": "a.go", "t.o": "c.go"} {
		found, err := fileWith(files, pattern)
		require.NoError(t, err)
		require.Equal(t, want, found)
	}
	_, err := fileWith(files, "three")
	require.ErrorContains(t, err, "found in no file")
}
