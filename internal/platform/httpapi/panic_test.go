package httpapi

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace/noop"

	"esoz/gen/api"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/openapi"
)

// broken returns no answer from one public operation and panics in all others: in ListDictionaries explicitly, in the
// rest because the embedded interface is nil.
type broken struct{ api.StrictServerInterface }

func (broken) ListRegions(context.Context, api.ListRegionsRequestObject) (api.ListRegionsResponseObject, error) {
	return nil, nil //nolint:nilnil // what the test is about
}

// ListDictionaries panics with a value of the request.
func (broken) ListDictionaries(context.Context, api.ListDictionariesRequestObject) (api.ListDictionariesResponseObject, error) {
	panic("cannot send to " + canary)
}

const canary = "+380931234574"

// newServer returns a server without databases.
func newServer(t testing.TB) *Server {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Requests)
	require.NoError(t, err)
	return &Server{
		Document: doc, Clock: clock.New(), Logger: slog.New(slog.DiscardHandler), Metrics: NewMetrics(prometheus.NewRegistry()),
		Tracer: noop.NewTracerProvider().Tracer(""),
		Config: config.NewLive(&config.Config{RequestTimeout: 1e9, MaxPageSize: 300, MaxBodyBytes: 1 << 20, PublicBaseURL: "http://esoz"}),
	}
}

// If an operation panics or returns nothing, the client gets a 500 with its request
// id and without the cause. The log has the stack, but no values.
func TestBrokenOperations(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	server := newServer(t)
	server.Logger = slog.New(slog.NewTextHandler(&lines, nil))
	handler, err := server.Handler(broken{})
	require.NoError(t, err)
	for path, why := range map[string]string{
		"/api/dictionaries":       "a panic with a value",
		"/api/v2/dictionaries":    "a panic of the runtime",
		"/api/uaddresses/regions": "no answer and no error",
	} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		require.Equal(t, http.StatusInternalServerError, answer.Code, why)
		require.JSONEq(t, `{"meta":{"code":500,"type":"object","url":"http://esoz`+path+`","request_id":"`+answer.Header().Get("X-Request-Id")+`"},
			"error":{"type":"internal_error","message":"Remote server internal error"}}`, answer.Body.String(), why)
	}
	require.Contains(t, lines.String(), "panic: a value of type string")
	require.Contains(t, lines.String(), "panic: runtime error: invalid memory address or nil pointer dereference")
	require.Contains(t, lines.String(), "panic_test.go")
	require.NotContains(t, lines.String(), canary[1:])
}
