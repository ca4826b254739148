package app_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"esoz/internal/testkit"
)

// A server that is asked to stop says so at once, answers for SHUTDOWN_DELAY what
// still comes, lets requests under way finish, and ends its admin address last.
func TestStopping(t *testing.T) {
	t.Parallel()
	listen := func() net.Listener {
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		return listener
	}
	free := listen()
	require.NoError(t, free.Close())
	admin, public := "http://"+free.Addr().String(), listen()
	url := "http://" + public.Addr().String()
	srv := testkit.New(t, testkit.Idle(), testkit.With("ADMIN_ADDR", free.Addr().String()), testkit.With("SHUTDOWN_DELAY", "4s"))

	begun, release := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(begun)
			<-release
		}
		_, _ = io.WriteString(w, "answered")
	})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ctx, public, handler, prometheus.NewRegistry()) }()

	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	get := func(url string) (status int, closes bool) {
		response, err := client.Get(url)
		if err != nil {
			return 0, false
		}
		defer response.Body.Close()
		_, err = io.Copy(io.Discard, response.Body)
		require.NoError(t, err)
		return response.StatusCode, response.Close
	}
	is := func(url string, want int) func() bool {
		return func() bool { status, _ := get(url); return status == want }
	}
	require.Eventually(t, is(admin+"/readyz", http.StatusNoContent), time.Minute, 5*time.Millisecond)
	slow := make(chan int, 1)
	go func() { status, _ := get(url + "/slow"); slow <- status }()
	<-begun
	status, closes := get(url)
	require.Equal(t, http.StatusOK, status)
	require.False(t, closes)

	stop()
	require.Eventually(t, is(admin+"/readyz", http.StatusServiceUnavailable), 2*time.Second, time.Millisecond)
	status, closes = get(url)
	require.Equal(t, http.StatusOK, status, "proxies have not noticed yet")
	require.True(t, closes, "the next request goes elsewhere")

	require.Eventually(t, is(url, 0), time.Minute, 5*time.Millisecond, "it accepts nothing more")
	require.True(t, is(admin+"/readyz", http.StatusServiceUnavailable)(), "while requests are under way the admin address answers")
	close(release)
	require.Equal(t, http.StatusOK, <-slow)
	require.NoError(t, <-ended)
	require.True(t, is(admin+"/healthz", 0)())
}
