package testkit

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"esoz/internal/app"
)

// Canary returns a confidential value that a text tells, "" when it tells none:
// what the world has of people and their secrets, the server's keys, and
// whatever has the form of a phone.
func Canary(text string) string {
	text = strings.ToLower(text)
	known := canaries()
	for i := 0; i+beginning <= len(text); i++ {
		for _, word := range known[text[i:i+beginning]] {
			if strings.HasPrefix(text[i:], word) {
				return word
			}
		}
	}
	if strings.Contains(text, "380") {
		return phone.FindString(text)
	}
	return ""
}

// phone is one of no world, which a test has made up.
var phone = regexp.MustCompile(`(\+|%2b)380[0-9]{9}`)

// beginning is how many bytes of a canary lead to it.
const beginning = 4

// canaries are the confidential values in small letters, also as they stand in
// an address, by their first bytes.
var canaries = sync.OnceValue(func() map[string][]string {
	known := map[string][]string{}
	for _, value := range append(World().Confidential(), serverKey, patientKey) {
		forms := []string{value, url.QueryEscape(value), url.PathEscape(value)}
		for _, form := range slices.Compact(forms) {
			word := strings.ToLower(form)
			known[word[:beginning]] = append(known[word[:beginning]], word)
		}
	}
	return known
})

// watch listens to what a server tells: lines of its log, spans, metrics. It
// fails the test when it hears a canary.
type watch struct {
	fail func(format string, args ...any)

	mu   sync.Mutex
	over bool
}

// hear judges a text, line by line.
func (w *watch) hear(where, text string) {
	if Canary(text) == "" {
		return
	}
	for line := range strings.Lines(text) {
		if word := Canary(line); word != "" {
			w.tell("%s tells %q: %s", where, word, line)
		}
	}
}

func (w *watch) tell(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.over {
		w.fail(format, args...)
	}
}

// end forgets the test, which is about to end.
func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
}

// Write hears a line of a log.
func (w *watch) Write(line []byte) (int, error) {
	w.hear("the log", string(line))
	return len(line), nil
}

// handler hears every line that a logger could write.
func (w *watch) handler() slog.Handler {
	return slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})
}

// tracer makes spans and hears them when they end, beside more that do.
func (w *watch) tracer(more sdktrace.SpanExporter) trace.Tracer {
	to := []sdktrace.TracerProviderOption{sdktrace.WithSyncer(w)}
	if more != nil {
		to = append(to, sdktrace.WithSyncer(more))
	}
	return sdktrace.NewTracerProvider(to...).Tracer("esoz")
}

// ExportSpans implements sdktrace.SpanExporter.
func (w *watch) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, span := range spans {
		w.hear("a span", fmt.Sprintln(span.Name(), span.Attributes(), span.Events(), span.Links(), span.Status()))
	}
	return nil
}

// Shutdown implements sdktrace.SpanExporter.
func (w *watch) Shutdown(context.Context) error { return nil }

// metrics hears what the server's own page of metrics tells.
func (w *watch) metrics(a *app.App, metrics prometheus.Gatherer) {
	page := httptest.NewRecorder()
	a.AdminHandler(metrics).ServeHTTP(page, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "http://localhost/metrics", http.NoBody))
	w.hear("the page of metrics", page.Body.String())
}
