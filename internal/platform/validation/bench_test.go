package validation_test

import (
	"encoding/json"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/platform/validation"
	"esoz/openapi"
)

// everywhere are the codes of every dictionary.
type everywhere []string

func (c everywhere) Codes(string) []string { return c }
func (everywhere) IsOpen(string) bool      { return false }

// BenchmarkCreateDivisionBody decodes a body of the contract's examples and checks it
// against the schema, with formats and dictionaries. (The body is not of testkit, which
// imports this package: all that it needs would be compiled once more.)
func BenchmarkCreateDivisionBody(b *testing.B) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	require.NoError(b, err)
	create := doc.Paths.Find("/api/divisions").Post
	body, err := validation.NewBody(create)
	require.NoError(b, err)
	// Every dictionary has the values of the body.
	codes := []string{"RESIDENCE", "REGISTRATION", "UA", "CITY", "STREET", "MOBILE", "CLINIC"}
	formats := validation.NewFormats(validation.DictionaryNames(doc), everywhere(codes))
	raw, err := json.Marshal(create.RequestBody.Value.Content.Get("application/json").Examples["clinic"].Value.Value)
	require.NoError(b, err)
	on := func(rules.ID) bool { return true }
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		value, err := validation.Decode(raw)
		require.NoError(b, err)
		if refusal := body.Check(value, formats, on).Refusal(); refusal != nil {
			require.NoError(b, refusal)
		}
	}
}
