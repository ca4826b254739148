package app_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/sms"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// page is what ADMIN_ADDR shows of a server's metrics.
func page(srv *testkit.Server) string {
	answer := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "http://localhost/metrics", http.NoBody)
	srv.AdminHandler(srv.Metrics).ServeHTTP(answer, request)
	return answer.Body.String()
}

// busy refuses its first message.
type busy struct {
	mu    sync.Mutex
	calls int
}

func (*busy) Name() string { return "busy" }

func (b *busy) Send(context.Context, uuid.UUID, string, string) (gatewayID, status string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.calls++; b.calls == 1 {
		return "", "", fmt.Errorf("%w: refused with status 503", sms.ErrNotTaken)
	}
	return "SM1", "Accepted", nil
}

// lines is a log that a test may read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// An operator sees that the SMS provider refuses messages: a warning with the reason,
// and metrics.
func TestRefusedMessagesAreSeen(t *testing.T) {
	t.Parallel()
	var log lines
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	srv := testkit.New(t, testkit.WithProvider(&busy{}), testkit.WithLogger(logger))
	r := srv.Send(t, testkit.As(world.TokenValue("doctor"), http.MethodPost, "/api/verifications", map[string]string{"phone_number": "+380501234567"}))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	require.Eventually(t, func() bool {
		return strings.Contains(page(srv), `esoz_sms_total{provider="busy",result="accepted"} 1`)
	}, time.Minute, 20*time.Millisecond)
	require.Contains(t, page(srv), `esoz_sms_total{provider="busy",result="refused"} 1`)
	require.Contains(t, page(srv), `esoz_background_runs_total{kind="send_sms",result="failed"} 1`)
	require.Contains(t, log.String(), "background work failed")
	require.Contains(t, log.String(), "the provider did not take the message: refused with status 503")
}

// docs/operations names the metrics that there are, and all of them.
func TestDocumentedMetrics(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	srv.Send(t, testkit.As(world.TokenValue("doctor"), http.MethodPost, "/api/verifications", map[string]string{"phone_number": "+380501234567"}))
	for _, path := range []string{"/api/dictionaries", "/api/jobs/none", "/api/patients/" + world.ID("patient").String() + "/approvals"} {
		srv.Send(t, testkit.As(world.TokenValue("doctor"), http.MethodGet, path, nil))
	}
	families, err := srv.Metrics.Gather()
	require.NoError(t, err)
	exists := map[string]bool{}
	for _, family := range families {
		exists[family.GetName()] = true
	}
	metric := regexp.MustCompile(`\besoz_[a-z_]+`)
	parts := regexp.MustCompile(`_(bucket|count|sum)$`)
	named := func(file string) map[string]bool {
		text, err := os.ReadFile("../../docs/operations/" + file)
		require.NoError(t, err)
		found := map[string]bool{}
		for _, name := range metric.FindAllString(string(text), -1) {
			if !exists[name] {
				name = parts.ReplaceAllString(name, "")
			}
			found[name] = true
		}
		return found
	}
	require.Equal(t, exists, named("README.md"))
	require.Subset(t, slices.Collect(maps.Keys(exists)), slices.Collect(maps.Keys(named("alerts.yml"))))
}

// An engine that is away is seen, and does not cost the rest of the page.
func TestMetricsWithoutPostgreSQL(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	require.Contains(t, page(srv), `esoz_engine_up{engine="PostgreSQL"} 1`)
	require.Contains(t, page(srv), `esoz_queue_oldest_seconds{kind="carry_out"} 0`)
	_, err := srv.Pool.Exec(t.Context(), "ALTER SCHEMA river RENAME TO away")
	require.NoError(t, err)
	text := page(srv)
	require.Contains(t, text, `esoz_engine_up{engine="PostgreSQL"} 0`)
	require.Contains(t, text, `esoz_engine_up{engine="document store"} 1`)
	require.Contains(t, text, `esoz_jobs_total{operation="releaseServiceRequest",result="failed_with_error"} 0`)
	_, err = srv.Pool.Exec(t.Context(), "ALTER SCHEMA away RENAME TO river")
	require.NoError(t, err)
}

// Work that waits is seen with its age.
func TestQueueIsSeen(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	r := srv.Send(t, testkit.As(world.TokenValue("doctor"), http.MethodPost, "/api/verifications", map[string]string{"phone_number": "+380501234567"}))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	_, err := srv.Pool.Exec(t.Context(), "UPDATE river.river_job SET created_at = created_at - interval '1 hour'")
	require.NoError(t, err)
	require.Contains(t, page(srv), `esoz_queue_jobs{kind="send_sms",state="available"} 1`)
	require.Regexp(t, `esoz_queue_oldest_seconds\{kind="send_sms"\} 36\d\d`, page(srv))
}
