package sandbox_test

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
)

// A request whose body does not come must not hold up a reset, which waits until no
// request is being answered, and with it all others.
func slowClientsHoldNobodyUp(t *testing.T, b *box) {
	query := url.Values{"client_id": {world.ID("clinic").String()}, "redirect_uri": {world.RedirectURI}}
	for _, path := range []string{"/sign-in?" + query.Encode(), "/?" + query.Encode(), "/auth/login"} {
		slow, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
		require.NoError(t, err)
		_, err = slow.Write([]byte("POST " + path + " HTTP/1.1\r\nHost: localhost\r\n" +
			"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n"))
		require.NoError(t, err)
		_, err = slow.Read(make([]byte, len("HTTP/1.1 100 Continue\r\n"))) // the body is being read
		require.NoError(t, err)

		done := make(chan int, 1)
		go func() { done <- b.call(t, http.MethodPost, "/_sandbox/reset", nil, nil) }()
		select {
		case status := <-done:
			require.Equal(t, http.StatusNoContent, status)
		case <-time.After(10 * time.Second):
			t.Errorf("a slow POST %s holds a reset up", path)
		}
		require.NoError(t, slow.Close())
	}
}

// An answer that its client does not read must not hold up a reset either.
func clientsThatDoNotReadHoldNobodyUp(t *testing.T, b *box) {
	deaf, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	require.NoError(t, err)
	defer deaf.Close()
	require.NoError(t, deaf.(*net.TCPConn).SetReadBuffer(4096))
	const large = "GET /api/v2/dictionaries HTTP/1.1\r\nHost: localhost\r\n\r\n"
	_, err = deaf.Write([]byte(strings.Repeat(large, 32))) // more than all buffers between server and client hold
	require.NoError(t, err)
	for range 3 {
		_, err = deaf.Read(make([]byte, 1)) // answers are being sent
		require.NoError(t, err)
		done := make(chan int, 1)
		go func() { done <- b.call(t, http.MethodPost, "/_sandbox/reset", nil, nil) }()
		select {
		case status := <-done:
			require.Equal(t, http.StatusNoContent, status)
		case <-time.After(10 * time.Second):
			t.Error("a client that does not read holds a reset up")
			return
		}
	}
}

// A page whose name was made to lead to the sandbox (DNS rebinding) neither reads nor changes it, nor does a page that
// a browser knows to be of another site.
func hostilePagesAreRefused(t *testing.T, b *box) {
	for _, path := range []string{"/_sandbox/world", "/_sandbox/reset", "/api/divisions", "/docs/", "/sign-in", "/openapi.json"} {
		for name, change := range map[string]func(*http.Request){
			"other name": func(r *http.Request) { r.Host = "evil.example" },
			"other site": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				request, err := http.NewRequestWithContext(t.Context(), method, b.url+path, http.NoBody)
				require.NoError(t, err)
				change(request)
				response, err := http.DefaultClient.Do(request)
				require.NoError(t, err)
				require.NoError(t, response.Body.Close())
				require.Equal(t, http.StatusForbidden, response.StatusCode, "%s: %s %s", name, method, path)
			}
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/_sandbox/reset", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Sec-Fetch-Site", "same-site") // another port of this machine
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusForbidden, response.StatusCode)
}

// No page of another site holds one of ours in a frame.
func pagesCannotBeFramed(t *testing.T, b *box) {
	for _, path := range []string{
		"/docs/", "/docs/try/", "/docs/rules/", "/_sandbox/docs/", "/_sandbox/explain/last", "/_sandbox/coverage?format=html",
	} {
		header, _ := b.get(t, path)
		require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'self'", path)
		require.Contains(t, header.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
		require.Equal(t, "deny", header.Get("X-Frame-Options"), path)
	}
}
