package envelope_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
)

// BenchmarkEncode builds meta and encodes the answer of Create Division.
func BenchmarkEncode(b *testing.B) {
	ctx := envelope.WithRequest(b.Context(), &envelope.Request{
		URL: "http://127.0.0.1:8080/api/divisions", ID: "8a8bdd7c-6d8d-4d0c-9d3f-2a9b7c1f5e10",
	})
	division := api.Division{
		ID: "d290f1ee-6c54-4b01-90e6-d701748f0851", LegalEntityID: "c8aadb87-ecb9-41ca-9ad4-ffdfe1dd89c9",
		Name: "Бориспільське відділення Клініки Ноунейм", Type: "CLINIC", Status: api.DivisionStatusACTIVE, Email: "email@example.com",
		Addresses: json.RawMessage(`[{"type":"RESIDENCE","country":"UA","area":"Житомирська","region":"Бердичівський","settlement":"Бердичів",` +
			`"settlement_type":"CITY","settlement_id":"adaa4abf-f530-461c-bcbf-a0ac210d955b","street":"вул. Ніжинська","building":"15"}]`),
		Phones: json.RawMessage(`[{"type":"MOBILE","number":"+380503410870"}]`),
	}
	b.ReportAllocs()
	for b.Loop() {
		answer := api.CreateDivision200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: division}
		require.NoError(b, json.NewEncoder(io.Discard).Encode(answer))
	}
}
