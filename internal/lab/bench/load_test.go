package bench

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
)

// echoing answers with the status that the path names.
func echoing(t *testing.T) (baseURL string, seen *atomic.Int64) {
	t.Helper()
	seen = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		if r.URL.Path == "/refused" {
			w.WriteHeader(http.StatusConflict)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, seen
}

func to(path string, right ...int) request {
	return request{Request: world.Request{Method: http.MethodGet, Path: path}, right: right}
}

func TestWrongAnswersAreCounted(t *testing.T) {
	t.Parallel()
	baseURL, seen := echoing(t)
	all, err := targets(baseURL, to("/fine", 200), to("/refused", 202, 409), to("/refused", 200))
	require.NoError(t, err)
	r, err := closedLoop(t.Context(), once(all), 2, time.Minute)
	require.NoError(t, err)
	require.EqualValues(t, 3, seen.Load())
	require.Equal(t, 3, r.Requests)
	require.Equal(t, 1, r.Wrong)
	require.Equal(t, "GET /refused: 409 in place of [200] 409 Conflict", r.Example)
	require.Positive(t, r.Time)
	require.Positive(t, r.P99)
}

func TestOpenLoopKeepsItsRate(t *testing.T) {
	t.Parallel()
	baseURL, _ := echoing(t)
	all, err := targets(baseURL, to("/fine", 200))
	require.NoError(t, err)
	r, err := openLoop(t.Context(), inTurns(all), 2, 100, 500*time.Millisecond)
	require.NoError(t, err)
	require.InDelta(t, 50, r.Requests, 2)
	require.Zero(t, r.Wrong)
}

func TestLoadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	baseURL, _ := echoing(t)
	all, err := targets(baseURL, to("/fine", 200))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = closedLoop(ctx, inTurns(all), 2, time.Hour)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
