package app_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/testkit"
)

// Calls are counted per token and operation. Calls of public operations are
// counted per address, even if a token is sent.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.With("RATE_LIMIT_PER_MINUTE", "2"))
	const regions = "/api/uaddresses/regions"
	for _, c := range []struct {
		name, token, path string
		left              string
		refused           bool
	}{
		{name: "first", token: "sandbox-owner", path: divisions, left: "1"},
		{name: "second", token: "sandbox-owner", path: divisions, left: "0"},
		{name: "third", token: "sandbox-owner", path: divisions, left: "0", refused: true},
		{name: "another token", token: "sandbox-doctor", path: divisions, left: "1"},
		{name: "another operation", token: "sandbox-owner", path: "/api/dictionaries", left: "1"},
		{name: "first of the address", path: regions, left: "1"},
		{name: "second of the address", token: "sandbox-owner", path: regions, left: "0"},
		{name: "third of the address", token: "sandbox-doctor", path: regions, left: "0", refused: true},
	} {
		r := s.Send(t, testkit.As(c.token, http.MethodGet, c.path, nil))
		require.Equal(t, c.refused, r.Status == http.StatusTooManyRequests, "%s: %s", c.name, r.Raw)
		require.Equal(t, "2", r.Header.Get("RateLimit-Limit"), c.name)
		require.Equal(t, c.left, r.Header.Get("RateLimit-Remaining"), c.name)
		require.Regexp(t, `^([1-9]|[1-5][0-9]|60)$`, r.Header.Get("RateLimit-Reset"), c.name)
		require.Equal(t, "2", r.Header.Get("X-RateLimit-Limit-Minute"), c.name)
		require.Equal(t, c.left, r.Header.Get("X-RateLimit-Remaining-Minute"), c.name)
		if c.refused {
			require.Equal(t, r.Header.Get("RateLimit-Reset"), r.Header.Get("Retry-After"))
			require.Equal(t, []string{string(rules.GatewayRateLimit)}, r.Rules())
		}
	}
}

func TestWithoutALimitNothingIsCounted(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	require.Empty(t, s.Send(t, as("sandbox-owner")).Header.Get("RateLimit-Limit"))
}

// Who guesses tokens is stopped by the address, also when the next guess is right, and leaves one row.
func TestGuessedTokens(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.With("RATE_LIMIT_PER_MINUTE", "3"), testkit.With("TRUSTED_PROXIES", "127.0.0.0/8,::1/128"))
	from := func(address, token, path string) *testkit.Response {
		return s.Send(t, testkit.As(token, http.MethodGet, path, nil).Header("X-Forwarded-For", address))
	}
	const guesser, other = "198.51.100.1", "198.51.100.2"
	for guess, path := range []string{divisions, "/api/events", divisions} { // one count for all operations
		require.Equal(t, []string{string(rules.GatewayTokenUnknown)}, from(guesser, "guess-"+strconv.Itoa(guess), path).Rules())
	}
	refused := from(guesser, "guess-again", divisions)
	require.Equal(t, []string{string(rules.GatewayRateLimit)}, refused.Rules())
	require.Equal(t, "0", refused.Header.Get("RateLimit-Remaining"))
	require.NotEmpty(t, refused.Header.Get("Retry-After"))
	require.Equal(t, http.StatusTooManyRequests, from(guesser, "sandbox-owner", divisions).Status)
	require.Equal(t, http.StatusOK, from(other, "sandbox-owner", divisions).Status)
	require.Equal(t, 1, s.Count(t, "mithril.rate_limits WHERE key LIKE 'unknown token %'"))

	s.Clock.Advance(time.Minute)
	require.Equal(t, http.StatusOK, from(guesser, "sandbox-owner", divisions).Status)
}

// X-Forwarded-For counts only from a trusted proxy.
func TestAddressBehindAProxy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		proxies string
		second  int
	}{
		"trusted":  {"127.0.0.0/8,::1/128", http.StatusOK},
		"stranger": {"10.0.0.0/8", http.StatusTooManyRequests},
		"none":     {"", http.StatusTooManyRequests},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testkit.New(t, testkit.With("RATE_LIMIT_PER_MINUTE", "1"), testkit.With("TRUSTED_PROXIES", c.proxies))
			from := func(address string) int {
				r := testkit.As("", http.MethodGet, "/api/uaddresses/regions", nil)
				return s.Send(t, r.Header("X-Forwarded-For", address)).Status
			}
			require.Equal(t, http.StatusOK, from("198.51.100.1"))
			require.Equal(t, c.second, from("198.51.100.2"))
			require.Equal(t, http.StatusTooManyRequests, from("198.51.100.1"))
		})
	}
}

func TestQueryEncoding(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	for query, rule := range map[string]rules.ID{
		"?name=%zz": rules.RequestURL, "?x=%": rules.RequestURL, "?%2=1": rules.RequestURL, "?name=%00&x=%q": rules.RequestURL,
		"?name=%ff": rules.RequestQuery,
	} {
		require.Equal(t, []string{string(rule)}, s.Send(t, testkit.As("sandbox-owner", http.MethodGet, divisions+query, nil)).Rules(), query)
	}
	// The URL is checked before the body.
	create := testkit.As("sandbox-owner", http.MethodPost, divisions+"?x=%zz", nil).Sending("application/json", "{")
	require.Equal(t, []string{string(rules.RequestURL)}, s.Send(t, create).Rules())
	// A semicolon is part of the value.
	r := s.Send(t, testkit.As("sandbox-owner", http.MethodGet, divisions+"?name=a;b", nil))
	require.Equal(t, http.StatusOK, r.Status)
	require.EqualValues(t, 0, r.Body.Paging["total_entries"], "the filter is not dropped")
}

// Without CORS_ORIGINS no answer has CORS headers. With it only listed origins get
// them, also with refusals.
func TestCORS(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	const mine, other = "https://mis.example.com", "https://other.example.com"
	send := func(method, path, origin string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", http.MethodPost)
		answer := httptest.NewRecorder()
		s.Handler.ServeHTTP(answer, r)
		return answer
	}
	preflight := send(http.MethodOptions, "/api/dictionaries", mine)
	require.Equal(t, http.StatusForbidden, preflight.Code)
	require.Empty(t, preflight.Header().Get("Access-Control-Allow-Origin"))
	require.Empty(t, send(http.MethodGet, "/api/dictionaries", mine).Header().Get("Access-Control-Allow-Origin"))

	s.Set(t, map[string]string{"CORS_ORIGINS": mine})
	preflight = send(http.MethodOptions, divisions, mine)
	require.Equal(t, http.StatusNoContent, preflight.Code)
	require.Equal(t, mine, preflight.Header().Get("Access-Control-Allow-Origin"))
	require.Contains(t, preflight.Header().Get("Access-Control-Allow-Headers"), "API-key")
	require.Contains(t, preflight.Header().Get("Access-Control-Allow-Methods"), http.MethodPatch)
	require.Empty(t, send(http.MethodOptions, divisions, other).Header().Get("Access-Control-Allow-Origin"))
	require.Equal(t, mine, send(http.MethodGet, "/api/dictionaries", mine).Header().Get("Access-Control-Allow-Origin"))
	refused := send(http.MethodGet, divisions, mine)
	require.Equal(t, http.StatusUnauthorized, refused.Code)
	require.Equal(t, mine, refused.Header().Get("Access-Control-Allow-Origin"))
	require.Empty(t, send(http.MethodGet, "/api/dictionaries", other).Header().Get("Access-Control-Allow-Origin"))
}
