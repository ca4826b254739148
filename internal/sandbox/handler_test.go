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
		_, err = slow.Write([]byte("POST " + path + " HTTP/1.1\r\nHost: sandbox\r\n" +
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
