package sandbox_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
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

		require.True(t, b.resetsWithin(t, 25*time.Second), "a slow POST %s holds a reset up", path) // bodies have 30 s
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
		require.True(t, b.resetsWithin(t, 50*time.Second), "a client that does not read holds a reset up")
	}
}

// resetsWithin waits for a reset at most so long, which is less than the server gives a request.
func (b *box) resetsWithin(t *testing.T, most time.Duration) bool {
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/_sandbox/reset", http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	if errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusNoContent, response.StatusCode)
	return true
}

// A page whose name was made to lead to the sandbox (DNS rebinding) neither reads nor changes it, nor does a page that
// a browser knows to be of another site.
func hostilePagesAreRefused(t *testing.T, b *box) {
	for _, path := range []string{
		"/_sandbox/world", "/_sandbox/reset", "/_sandbox/requests", "/_sandbox/live", "/api/divisions", "/docs/", "/console/", "/sign-in", "/openapi.json",
	} {
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

// Behind a proxy that serves the sandbox under a path, the pages lead to what is there, and their commands go through it.
func pagesWorkUnderAPath(t *testing.T, b *box) {
	own, err := url.Parse(b.url)
	require.NoError(t, err)
	proxy := httptest.NewServer(http.StripPrefix("/esoz", httputil.NewSingleHostReverseProxy(own)))
	defer proxy.Close()
	base := proxy.URL + "/esoz"
	require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/_sandbox/config", map[string]string{"PUBLIC_BASE_URL": base}, nil))
	defer b.reset(t)

	fetch := func(address, accept string) string {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
		require.NoError(t, err)
		request.Header.Set("Accept", accept)
		response, err := http.DefaultClient.Do(request) // follows redirects
		require.NoError(t, err)
		defer response.Body.Close()
		raw, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, response.StatusCode, address)
		return string(raw)
	}
	testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil))
	link := regexp.MustCompile(`(?:src|href)="([^"#]+)"`)
	for _, path := range []string{
		"/", "/docs", "/docs/", "/docs/rules", "/docs/rules/createDivision", "/_sandbox/docs", "/_sandbox/docs/",
		"/_sandbox/explain/last", "/console", "/console/requests/1", "/_sandbox/coverage?format=html", "/_sandbox/docs/uk", "/_sandbox/docs/uk/concepts",
	} {
		content := fetch(base+path, "text/html")
		require.NotEmpty(t, link.FindAllStringSubmatch(content, -1), path)
		for _, found := range link.FindAllStringSubmatch(content, -1) {
			require.False(t, strings.HasPrefix(found[1], "/"), "%s leads to %s", path, found[1])
		}
	}
	require.Contains(t, fetch(base+"/docs/rules/createDivision/", ""), base+"/api/divisions")
}

// A sandbox that other machines reach is started on purpose only, prints an address that can be called, and says on each
// page that it is public.
func TestPublic(t *testing.T) {
	t.Parallel()
	options := sandbox.Options{Listen: "0.0.0.0:0", Ephemeral: true, Out: io.Discard, Logger: slog.New(slog.DiscardHandler)}
	require.ErrorContains(t, sandbox.Run(t.Context(), options), "--i-know-this-is-public")

	b := startBox(t, func(o *sandbox.Options) { o.Listen, o.Public = "0.0.0.0:0", true })
	require.NotContains(t, b.url, "0.0.0.0")
	require.NotContains(t, b.url, "[::]")
	require.Contains(t, b.out.String(), b.url+"/docs/")
	testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil))
	for _, path := range []string{"/console/", "/docs/", "/docs/rules/createDivision/", "/_sandbox/docs/", "/_sandbox/docs/uk/", "/_sandbox/coverage?format=html"} {
		_, page := b.get(t, path)
		require.Contains(t, string(page), "This sandbox is public.", path)
	}
}

// No page of another site holds one of ours in a frame.
func pagesCannotBeFramed(t *testing.T, b *box) {
	for _, path := range []string{
		"/console/", "/console/requests", "/docs/", "/docs/rules/createDivision/", "/_sandbox/docs/", "/_sandbox/docs/en/concepts/", "/_sandbox/explain/last",
		"/_sandbox/coverage?format=html",
	} {
		header, _ := b.get(t, path)
		require.Regexp(t, "default-src '(self|none)'", header.Get("Content-Security-Policy"), path)
		require.Contains(t, header.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
		require.Equal(t, "deny", header.Get("X-Frame-Options"), path)
	}
}

// One bar stands on every page, and leads from each to the others.
func pagesHaveTheBar(t *testing.T, b *box) {
	for path, status := range map[string]int{
		"/console/": 200, "/console/requests/1": 200, "/docs/": 200, "/docs/rules/createDivision/": 200,
		"/docs/rules/errors/": 200, "/_sandbox/docs/": 200, "/_sandbox/coverage?format=html": 200, "/_sandbox/explain/last": 200,
		"/_sandbox/docs/en/": 200, "/_sandbox/docs/uk/concepts/": 200, "/_sandbox/docs/uk/nothing/": 404, "/docs/nothing": 404, "/docs/rules/nothing/": 404, "/_sandbox/nothing": 404, "/openapi.nothing": 404,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+path, http.NoBody)
		require.NoError(t, err)
		request.Header.Set("Accept", "text/html,*/*;q=0.8")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		raw, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, status, response.StatusCode, path)
		require.Contains(t, response.Header.Get("Content-Type"), "text/html", path)
		require.Contains(t, response.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
		bar := regexp.MustCompile(`(?s)<header class="bar" data-root="([^"]*)">.*?</header>`).FindStringSubmatch(string(raw))
		require.NotNil(t, bar, path)
		require.Contains(t, string(raw), `assets/bar.js"`, path)
		root, err := url.Parse(b.url + path)
		require.NoError(t, err)
		root, err = root.Parse(bar[1])
		require.NoError(t, err)
		require.Equal(t, b.url+"/", root.String(), path)
		for _, name := range []string{"Console", "Reference", "Errors", "Coverage", "Sandbox API"} {
			require.Contains(t, bar[0], ">"+name+"</a>", path)
		}
	}
	header, raw := b.get(t, "/console/")
	require.Contains(t, header.Get("Content-Security-Policy"), "script-src 'self'; style-src 'self'; connect-src 'self'")
	require.NotContains(t, string(raw), "<style")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/_sandbox/nothing", http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Contains(t, response.Header.Get("Content-Type"), "text/plain", "a program gets no page")
}
