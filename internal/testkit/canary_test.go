package testkit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"

	"esoz/internal/sandbox/world"
)

// ear is a watch whose findings are kept.
type ear struct {
	watch
	heard []string
}

func newEar() *ear {
	e := &ear{}
	e.fail = func(format string, args ...any) { e.heard = append(e.heard, fmt.Sprintf(format, args...)) }
	return e
}

// Every way of telling something confidential is heard.
func TestCanariesAreHeard(t *testing.T) {
	t.Parallel()
	ctx, srv := context.Background(), New(t, Idle())
	for way, tell := range map[string]func(e *ear, logger *slog.Logger){
		"a message":          func(_ *ear, l *slog.Logger) { l.Info("sent to " + world.PatientPhone) },
		"an attribute":       func(_ *ear, l *slog.Logger) { l.Debug("found", "name", "Іваненко") },
		"an error":           func(_ *ear, l *slog.Logger) { l.Error("failed", "error", errors.New("no user "+world.LoginEmail)) },
		"other letters":      func(_ *ear, l *slog.Logger) { l.Info(strings.ToUpper(world.LoginEmail)) },
		"an address":         func(_ *ear, l *slog.Logger) { l.Info("/api/verifications/" + url.PathEscape(world.SilentPhone)) },
		"a query":            func(_ *ear, l *slog.Logger) { l.Info("?last_name=" + url.QueryEscape("Іваненко")) },
		"a phone of nobody":  func(_ *ear, l *slog.Logger) { l.Info("+380671112233") },
		"an escaped phone":   func(_ *ear, l *slog.Logger) { l.Info("%2B380671112233") },
		"a token":            func(_ *ear, l *slog.Logger) { l.Info("by " + world.TokenValue("doctor")) },
		"an API-key":         func(_ *ear, l *slog.Logger) { l.Info("by " + world.MISKey) },
		"a password":         func(_ *ear, l *slog.Logger) { l.Info("by " + world.LoginPassword) },
		"a client's secret":  func(_ *ear, l *slog.Logger) { l.Info("by " + world.Secret("clinic")) },
		"the server's key":   func(_ *ear, l *slog.Logger) { l.Info("with " + serverKey) },
		"a date of birth":    func(_ *ear, l *slog.Logger) { l.Info("born 1985-07-05") },
		"a name of a group":  func(_ *ear, l *slog.Logger) { l.WithGroup("Левченко").Info("hidden", "a", 1) },
		"one line of many":   func(e *ear, _ *slog.Logger) { e.hear("a file", "nothing\nПетро\nnothing") },
		"the name of a span": func(e *ear, _ *slog.Logger) { _, s := e.tracer(nil).Start(ctx, world.PatientPhone); s.End() },
		"what a span says": func(e *ear, _ *slog.Logger) {
			_, s := e.tracer(nil).Start(ctx, "getVerification")
			s.SetAttributes(attribute.String("phone", world.PatientPhone))
			s.End()
		},
		"an event of a span": func(e *ear, _ *slog.Logger) {
			_, s := e.tracer(nil).Start(ctx, "getVerification")
			s.RecordError(errors.New("no " + world.PatientPhone))
			s.End()
		},
		"the state of a span": func(e *ear, _ *slog.Logger) {
			_, s := e.tracer(nil).Start(ctx, "getVerification")
			s.SetStatus(codes.Error, "no "+world.PatientPhone)
			s.End()
		},
		"a metric": func(e *ear, _ *slog.Logger) {
			metrics := prometheus.NewRegistry()
			counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "codes_total", Help: "Codes."}, []string{"phone"})
			metrics.MustRegister(counter)
			counter.WithLabelValues(world.PatientPhone).Inc()
			e.metrics(srv.App, metrics)
		},
	} {
		e := newEar()
		tell(e, slog.New(e.handler()))
		require.Len(t, e.heard, 1, "%s: %v", way, e.heard)
	}
}

// What a server must tell is no canary.
func TestWhatMayBeTold(t *testing.T) {
	t.Parallel()
	e := newEar()
	slog.New(e.handler()).Info("request", "request_id", world.ID("request").String()+"#380", "operation", "getVerification", "status", 404,
		"client_id", world.ID("clinic"), "user_id", world.ID("doctor"), "rules", "verification.get.not_found", "took", "380.931234ms")
	require.Empty(t, e.heard)
	e.end()
	e.hear("somebody", world.PatientPhone)
	require.Empty(t, e.heard, "the test has ended")
}

// The world has what can leak.
func TestWorldHasCanaries(t *testing.T) {
	t.Parallel()
	values := World().Confidential()
	for _, value := range []string{
		"Коваль", "1958-02-11", strings.TrimPrefix(world.ThirdPersonPhone, "+"), "doctor@example.com", world.LoginPassword,
		world.TokenValue("expired"), world.MISKeyUnbroken, world.Secret("pharmacy"), "слово", "Вінниця", "Консультація кардіолога",
	} {
		require.Contains(t, values, value)
	}
}
