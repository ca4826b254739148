package oauth

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/auth"
)

func TestFits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		registered, address string
		want                bool
	}{
		{"https://example.com/callback", "https://example.com/callback", true},
		{"https://example.com/callback/", "https://example.com/callback", true},
		{"https://example.com/callback", "https://example.com/callback/", true},
		{"https://example.com/callback", "https://example.com/callback/a/b?c=d", true},
		{"https://example.com/callback", "https://example.com/callback?a=b", true},
		{"https://example.com", "https://example.com/", true},
		{"https://example.com/callback", "https://example.com/callbacks", false},
		{"https://example.com/callback", "https://example.com/callback#a", false},
		{"https://example.com/callback", "https://example.com/", false},
		{"https://example.com/callback", "http://example.com/callback", false},
		{"https://example.com/callback", "https://example.com/CALLBACK", false},
		{"https://example.com", "https://example.com.org/", false},
		{"https://example.com", "https://example.com@example.org/", false},
		{"https://example.com/callback", "https://example.org/?https://example.com/callback", false},
		{"https://example.com/call.ack", "https://example.com/callback", false},
		{"https://example.com/callback", "https://example.com/callback/\r\nSet-Cookie: a=b", false},
		{"https://example.com/callback", "https://example.com/callback/../other", false},
		{"https://example.com/callback", "https://example.com/callback/a/%2e%2E/%2e./other", false},
		{"https://example.com/callback", `https://example.com/callback/..\other`, false},
		{"https://example.com/callback", "https://example.com/callback/..a/b..?c=../d", true},
		{"https://example.com/callback", "", false},
	} {
		require.Equal(t, c.want, fits(c.registered, c.address), "%q under %q", c.address, c.registered)
	}
}

func TestWithCode(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://example.com/callback":       "https://example.com/callback?code=a-b_",
		"https://example.com/callback/":      "https://example.com/callback/?code=a-b_",
		"https://example.com/callback?a=b":   "https://example.com/callback?a=b&code=a-b_",
		"https://example.com/callback/#c?d":  "https://example.com/callback/?code=a-b_#c?d",
		"https://example.com/callback?a=b#c": "https://example.com/callback?a=b&code=a-b_#c",
	} {
		require.Equal(t, want, withCode(address, "a-b_"))
	}
}

func TestScopeOf(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"b:write", "a:read"}, scopeOf(" b:write  a:read b:write\t"))
	require.Empty(t, scopeOf(" \n"))
}

func TestCodeOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sent any
		want string
	}{{"cTdHUE9j", "cTdHUE9j"}, {float64(299383828), "299383828"}, {1e15, "1000000000000000"}, {nil, ""}, {true, ""}} {
		require.Equal(t, c.want, codeOf(c.sent))
	}
}

func TestNewToken(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 25, 10, 45, 16, 123456000, time.UTC)
	one, two := newToken(auth.AccessToken, uuid.New(), now, 300, details{}), newToken(auth.AccessToken, uuid.New(), now, 300, details{})
	require.NotEqual(t, one.Value, two.Value)
	raw, err := base64.RawURLEncoding.DecodeString(one.Value)
	require.NoError(t, err)
	require.Len(t, raw, 32)

	end := now.Truncate(time.Second).Add(300 * time.Second)
	require.Equal(t, end.Unix(), one.ExpiresAt)
	require.False(t, one.expired(end.Add(-time.Microsecond)))
	require.True(t, one.expired(end), "at its very second it has ended")
	require.True(t, one.expired(end.Add(time.Second)))
}
