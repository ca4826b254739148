package validation_test

import (
	"encoding/json"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/platform/validation"
	"esoz/internal/testkit"
	"esoz/openapi"
)

// everywhere are the codes of every dictionary.
type everywhere []string

func (c everywhere) Codes(string) []string { return c }
func (everywhere) IsOpen(string) bool      { return false }

// BenchmarkCreateDivisionBody decodes a passing body and checks it against the
// schema, with formats and dictionaries.
func BenchmarkCreateDivisionBody(b *testing.B) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	require.NoError(b, err)
	body, err := validation.NewBody(doc.Paths.Find("/api/divisions").Post)
	require.NoError(b, err)
	// Every dictionary has the values of the body.
	codes := []string{"RESIDENCE", "UA", "CITY", "STREET", "MOBILE", "CLINIC"}
	formats := validation.NewFormats(validation.DictionaryNames(doc), everywhere(codes))
	create, ok := testkit.World().Passing("createDivision")
	require.True(b, ok)
	raw, err := json.Marshal(create.Request.Body)
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
