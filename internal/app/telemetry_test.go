package app_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"esoz/internal/app"
	"esoz/internal/platform/config"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

const (
	traceID     = "4bf92f3577b34da6a3ce929d0e0e4736"
	callersSpan = "00f067aa0ba902b7"
)

// A request continues the trace of its caller; its calls of both databases are in it,
// and its log lines name it. The message that it causes has a trace of its own, linked
// to the request. A refused call is marked, without the text of its error.
func TestTraceOfARequest(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewInMemoryExporter()
	var log lines
	srv := testkit.New(t, testkit.WithProvider(&busy{}), testkit.WithSpans(spans),
		testkit.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	send := func(method, path string, body any) {
		request := testkit.As(world.TokenValue("doctor"), method, path, body)
		r := srv.Send(t, request.Header("traceparent", "00-"+traceID+"-"+callersSpan+"-01"))
		require.Less(t, r.Status, 300, "%s", r.Raw)
	}
	named := func(name string) []tracetest.SpanStub {
		return slices.DeleteFunc(spans.GetSpans(), func(s tracetest.SpanStub) bool { return s.Name != name })
	}
	send(http.MethodPost, "/api/verifications", map[string]string{"phone_number": "+380501234567"})
	require.Eventually(t, func() bool { return len(named("send_sms")) == 2 }, time.Minute, 20*time.Millisecond)
	send(http.MethodGet, "/api/patients/"+world.ID("patient").String()+"/approvals", nil)

	request := named("initializeVerification")
	require.Len(t, request, 1)
	require.Equal(t, traceID, request[0].SpanContext.TraceID().String())
	require.Equal(t, callersSpan, request[0].Parent.SpanID().String())
	inserts := named("PostgreSQL InsertVerification")
	require.Len(t, inserts, 1)
	require.Equal(t, request[0].SpanContext.SpanID(), inserts[0].Parent.SpanID())
	require.NotEmpty(t, named("document store find"))
	require.Equal(t, traceID, named("document store find")[0].SpanContext.TraceID().String())

	tries := named("send_sms")
	require.NotEqual(t, traceID, tries[0].SpanContext.TraceID().String())
	for i, code := range []codes.Code{codes.Error, codes.Unset} { // busy refuses the first
		require.Equal(t, code, tries[i].Status.Code)
		require.Empty(t, tries[i].Status.Description)
		require.Len(t, tries[i].Links, 1)
		require.Equal(t, request[0].SpanContext.SpanID(), tries[i].Links[0].SpanContext.SpanID())
		call := named("SMS provider busy")[i]
		require.Equal(t, code, call.Status.Code)
		require.Equal(t, tries[i].SpanContext.SpanID(), call.Parent.SpanID())
	}
	require.Contains(t, log.String(), "operation=initializeVerification status=200")
	require.Contains(t, log.String(), "trace_id="+traceID)
}

// A time in a log line says its unit.
func TestTimesAreLoggedInMilliseconds(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	app.NewLogger(&out, &config.Config{LogFormat: config.LogJSON}).Info("request", "took", 1500*time.Microsecond)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &fields))
	require.NotContains(t, fields, "took")
	require.InDelta(t, 1.5, fields["took_ms"], 0)

	out.Reset()
	app.NewLogger(&out, &config.Config{LogFormat: config.LogText}).Info("request", "took", 1500*time.Microsecond)
	require.Contains(t, out.String(), " took_ms=1.5\n")
}
