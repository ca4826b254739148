package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"esoz/internal/platform/auth"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/tracing"
)

// Metrics of the public API. Labels are operation and rule ids, never data.
type Metrics struct {
	requests  *prometheus.CounterVec
	refusals  *prometheus.CounterVec
	durations *prometheus.HistogramVec
}

// NewMetrics registers the metrics.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "esoz_requests_total", Help: "Requests by operation and status code.",
		}, []string{"operation", "code"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "esoz_refusals_total", Help: "Refusals by operation and rule id.",
		}, []string{"operation", "rule"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "esoz_request_duration_seconds", Help: "Time from the first byte read to the answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"operation"}),
	}
	registry.MustRegister(m.requests, m.refusals, m.durations)
	return m
}

const (
	operationKey = "operation"
	refusalKey   = "refusal"
	clientKey    = "client"
	spanKey      = "span"
)

// Names for requests without an operation.
const (
	unknownPath   = "unknownPath"
	unknownMethod = "unknownMethod"
)

func setRefusal(c echo.Context, refusal *fault.Error) { c.Set(refusalKey, refusal) }

// observe names the operation for finish and opens its span.
func (s *Server) observe(operationID string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Set(operationKey, operationID)
			ctx := tracing.Continue(c.Request().Context(), propagation.HeaderCarrier(c.Request().Header))
			ctx, span := s.Tracer.Start(ctx, operationID, trace.WithSpanKind(trace.SpanKindServer))
			if trace.SpanContextFromContext(ctx).IsValid() { // else tracing is off, and so is the caller's
				c.SetRequest(c.Request().WithContext(ctx))
			}
			c.Set(spanKey, span)
			return next(c)
		}
	}
}

// finish writes the answer of an error, then the access line and the metrics.
// The path is not logged: it may hold a phone number.
func (s *Server) finish(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		elapsed := clock.Stopwatch()
		if err := next(c); err != nil {
			c.Error(err)
		}
		took := elapsed()

		operationID, _ := c.Get(operationKey).(string)
		if operationID == "" {
			operationID = unknownPath
		}
		status := c.Response().Status
		endSpan(c, status)
		s.Metrics.requests.WithLabelValues(operationID, strconv.Itoa(status)).Inc()
		s.Metrics.durations.WithLabelValues(operationID).Observe(took.Seconds())

		ctx := c.Request().Context()
		refusal, _ := c.Get(refusalKey).(*fault.Error)
		if refusal != nil {
			for _, id := range refusal.Rules {
				s.Metrics.refusals.WithLabelValues(operationID, string(id)).Inc()
			}
		}
		if s.Logger.Enabled(ctx, slog.LevelInfo) {
			s.Logger.LogAttrs(ctx, slog.LevelInfo, "request", accessLine(ctx, operationID, status, took, refusal)...)
		}
		if s.Observe != nil {
			s.Observe(ctx, s.exchange(c, operationID, took))
		}
		return nil
	}
}

// endSpan ends the span of a request, which has the status of its answer.
func endSpan(c echo.Context, status int) {
	span, ok := c.Get(spanKey).(trace.Span)
	if !ok {
		return // no operation
	}
	span.SetAttributes(attribute.Int("http.response.status_code", status))
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

// accessLine returns the attributes of a request's log line. refusal may be nil.
func accessLine(ctx context.Context, operationID string, status int, took time.Duration, refusal *fault.Error) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("request_id", envelope.RequestFrom(ctx).ID), slog.String("operation", operationID),
		slog.Int("status", status), slog.Duration("took", took),
	}
	if who := auth.From(ctx); who.ClientID != [16]byte{} {
		attrs = append(attrs, slog.String("client_id", who.ClientID.String()), slog.String("user_id", who.UserID.String()))
	}
	if refusal != nil && len(refusal.Rules) > 0 {
		attrs = append(attrs, slog.String("rules", joinIDs(refusal.Rules)))
	}
	return attrs
}

// echoPath turns /api/jobs/{id} into /api/jobs/:id.
func echoPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

var echoParameter = regexp.MustCompile(`:([^/]+)`)

// contractPath turns /api/jobs/:id into /api/jobs/{id}.
func contractPath(path string) string { return echoParameter.ReplaceAllString(path, "{$1}") }
