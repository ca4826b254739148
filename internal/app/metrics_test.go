package app_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/sms"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// page is what ADMIN_ADDR shows of a server's metrics.
func page(srv *testkit.Server) string {
	answer := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/metrics", http.NoBody)
	srv.AdminHandler(srv.Metrics).ServeHTTP(answer, request)
	return answer.Body.String()
}

// busy refuses its first message.
type busy struct {
	mu    sync.Mutex
	calls int
}

func (*busy) Name() string { return "busy" }

func (b *busy) Send(context.Context, string, string) (gatewayID, status string, err error) {
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
