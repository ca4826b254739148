package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// The observer is called once for every answer, also without an operation.
func TestObserver(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var seen []Exchange
	s.Observe = func(_ context.Context, e Exchange) { seen = append(seen, e) }
	handler, err := s.Handler(broken{})
	require.NoError(t, err)
	for _, c := range []struct {
		method, path string
		want         Exchange
	}{
		{http.MethodGet, "/api/dictionaries", Exchange{Operation: "listDictionaries", Route: "/api/dictionaries", Status: 500}},
		{http.MethodGet, "/api/none/+380671112233", Exchange{Status: 404, Rules: []rules.ID{rules.GatewayPath}}},
		{http.MethodDelete, "/api/uaddresses/settlements/1", Exchange{Route: "/api/uaddresses/settlements/{id}", Status: 403, Rules: []rules.ID{rules.GatewayMethod}}},
		{
			http.MethodPatch, "/api/service_requests/1/actions/release",
			Exchange{
				Operation: "releaseServiceRequest", Route: "/api/service_requests/{service_request_id}/actions/release", Status: 401,
				Rules: []rules.ID{rules.ServiceRequestReleaseToken}, Guard: rules.GatewayTokenMissing,
				Facts: []fault.Fact{{
					Rule: rules.ServiceRequestReleaseToken, What: "Authorization", Expected: "Bearer and a token", Found: "nothing",
				}},
			},
		},
	} {
		seen = nil
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(c.method, c.path, http.NoBody))
		require.Len(t, seen, 1, c.path)
		require.Positive(t, seen[0].Took)
		c.want.Took = seen[0].Took
		c.want.RequestID, c.want.Method, c.want.Config = answer.Header().Get("X-Request-Id"), c.method, s.Config.Get()
		require.Equal(t, c.want, seen[0])
	}
}

// Only a sandbox tells its clients what checks found, and what would surprise.
func TestOnlyASandboxHints(t *testing.T) {
	t.Parallel()
	for _, sandbox := range []bool{false, true} {
		s := newServer(t)
		s.ShowRules = sandbox
		recorder := httptest.NewRecorder()
		answer := echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", http.NoBody), recorder)
		refusal := fault.Refuse(rules.GatewayScope).With(fault.Fact{What: "scopes", Expected: "a:read", Hint: "missing scopes: a:read"})
		s.refuse(refusal, answer)
		require.Equal(t, sandbox, recorder.Header().Get("X-Sandbox-Hint") == "missing scopes: a:read")
		require.NotContains(t, recorder.Body.String(), "a:read")

		recorder = httptest.NewRecorder()
		answer = echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", http.NoBody), recorder)
		s.warnBeforeAnswer(answer.Response(), &envelope.Request{Warnings: []string{"one", "two"}})
		require.NoError(t, answer.NoContent(http.StatusOK))
		require.Equal(t, sandbox, len(recorder.Header().Values("X-Sandbox-Warning")) == 2)
	}
}

// BenchmarkObserver compares requests with and without an observer.
func BenchmarkObserver(b *testing.B) {
	for name, observe := range map[string]Observer{"none": nil, "one": func(context.Context, Exchange) {}} {
		b.Run(name, func(b *testing.B) {
			s := newServer(b)
			s.Observe = observe
			handler, err := s.Handler(broken{})
			require.NoError(b, err)
			req := httptest.NewRequest(http.MethodDelete, "/api/uaddresses/regions", http.NoBody)
			b.ReportAllocs()
			for b.Loop() {
				handler.ServeHTTP(httptest.NewRecorder(), req)
			}
		})
	}
}
