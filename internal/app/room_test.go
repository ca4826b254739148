package app_test

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/testkit"
)

// A request that comes while as many others are answered as the setting allows is told to come again. A lock of the test
// keeps the other one.
func TestRequestsUnderWay(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle(), testkit.With("MAX_REQUESTS_UNDER_WAY", "1"), testkit.With("REQUEST_TIMEOUT", "1m"))
	require.Equal(t, http.StatusOK, s.Send(t, as("sandbox-owner")).Status)

	lock, err := s.Pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = lock.Exec(t.Context(), "LOCK TABLE prm.divisions")
	require.NoError(t, err)
	held := make(chan int, 1)
	go func() { held <- s.Send(t, as("sandbox-owner")).Status }()
	require.Eventually(t, func() bool {
		return s.Count(t, "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 1
	}, time.Minute, 10*time.Millisecond)

	refused := s.Send(t, as("sandbox-owner"))
	require.Equal(t, http.StatusServiceUnavailable, refused.Status)
	require.Equal(t, "1", refused.Header.Get("Retry-After"))

	require.NoError(t, lock.Rollback(t.Context()))
	require.Equal(t, http.StatusOK, <-held)
	require.Equal(t, http.StatusOK, s.Send(t, as("sandbox-owner")).Status)
}

// The deadline of a request covers the writing of its answer: a client that does not read is cut off.
func TestDeadlineOfWriting(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle(), testkit.With("REQUEST_TIMEOUT", "1s"))
	deaf, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	require.NoError(t, err)
	defer deaf.Close()
	require.NoError(t, deaf.(*net.TCPConn).SetReadBuffer(4096))
	const large = "GET /api/v2/dictionaries HTTP/1.1\r\nHost: localhost\r\n\r\n"
	_, err = deaf.Write([]byte(strings.Repeat(large, 32))) // more than all buffers between server and client hold
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := deaf.Write([]byte("\n"))
		return err != nil
	}, time.Minute, 50*time.Millisecond)
}
