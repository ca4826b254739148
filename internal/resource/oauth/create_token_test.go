package oauth_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// From a password to an access token and a refreshed one.
func TestFromPasswordToAccess(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := testkit.New(t, testkit.Idle(), testkit.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	const scope = "division:write division:read user:read approval:create otp:write service_request:use job:read"

	session, answer := gives(t, s, passing(t, s, "login"))
	require.Equal(t, "access_token", session.Name)
	require.Equal(t, "app:authorize", session.Details.Scope)
	require.Equal(t, "password", session.Details.GrantType)
	require.Empty(t, session.Details.RefreshToken)
	require.True(t, strings.HasSuffix(answer.Body.Meta["url"].(string), "/auth/login/"+session.ID.String()))

	code := consent(t, s, session.Value, scope)
	access, answer := gives(t, s, exchange(code.Value))
	require.True(t, strings.HasSuffix(answer.Body.Meta["url"].(string), "/oauth/tokens/"+access.ID.String()))
	require.Equal(t, "access_token", access.Name)
	require.Equal(t, world.ID("login_user"), access.UserID)
	require.Equal(t, world.ID("clinic"), access.Details.ClientID)
	require.Equal(t, scope, access.Details.Scope)
	require.Equal(t, "authorization_code", access.Details.GrantType)
	require.Equal(t, world.RedirectURI, access.Details.RedirectURI)
	require.NotEmpty(t, access.Details.RefreshToken)
	require.True(t, lives(t, s, access.Value))

	refreshed, _ := gives(t, s, refresh(access.Details.RefreshToken))
	require.Equal(t, "access_token", refreshed.Name)
	require.Equal(t, "refresh_token", refreshed.Details.GrantType)
	require.Equal(t, access.Details.RefreshToken, refreshed.Details.RefreshToken)
	require.ElementsMatch(t, strings.Fields(scope), strings.Fields(refreshed.Details.Scope))
	require.True(t, lives(t, s, refreshed.Value))
	require.True(t, lives(t, s, access.Value), "refreshing ends no token")

	codeDetails, _ := kept(t, s, code.Value)
	require.Equal(t, true, codeDetails["used"])
	now, lifetimes := s.Clock.Now().Unix(), map[string]int64{session.Value: 2592000, code.Value: 300, access.Value: 2592000, access.Details.RefreshToken: 2592000}
	for value, lifetime := range lifetimes {
		_, end := kept(t, s, value)
		require.InDelta(t, now+lifetime, end, 30)
	}
	everything := state(t, s) + log.String()
	for _, secret := range []string{session.Value, code.Value, access.Value, access.Details.RefreshToken, refreshed.Value, world.LoginPassword, world.Secret("clinic")} {
		require.NotContains(t, everything, secret, "secrets are neither kept nor logged")
	}
	require.NotEmpty(t, log.String())
}

func TestCodeIsExchangedOnce(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	before := number(t, s, "SELECT count(*) FROM mithril.tokens")
	counts := all(t, 12, func(int) *testkit.Response { return s.Send(t, passing(t, s, "createToken")) })
	require.Equal(t, map[string]int{"": 1, "token.create.grant_used": 11}, counts)
	require.Equal(t, before+2, number(t, s, "SELECT count(*) FROM mithril.tokens"), "one access token and one refresh token")
}

func TestGrantEndsAtItsSecond(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	session := login(t, s)
	var codes []token
	for range 3 {
		codes = append(codes, consent(t, s, session.Value, "user:read"))
	}
	until(s, codes[0].ExpiresAt, time.Second)
	access, _ := gives(t, s, exchange(codes[0].Value))
	until(s, codes[1].ExpiresAt, 0)
	refuses(t, s, exchange(codes[1].Value), "token.create.grant_expired")
	until(s, codes[2].ExpiresAt, -time.Second)
	refuses(t, s, exchange(codes[2].Value), "token.create.grant_expired")

	_, end := kept(t, s, access.Details.RefreshToken)
	until(s, end, time.Second)
	refreshed, _ := gives(t, s, refresh(access.Details.RefreshToken))
	until(s, end, 0)
	refuses(t, s, refresh(access.Details.RefreshToken), "token.create.grant_expired")
	until(s, end, -time.Second)
	refuses(t, s, refresh(access.Details.RefreshToken), "token.create.grant_expired")
	require.True(t, lives(t, s, refreshed.Value), "the last access token outlives the refresh token")

	until(s, refreshed.ExpiresAt, time.Second)
	require.True(t, lives(t, s, refreshed.Value))
	until(s, refreshed.ExpiresAt, 0)
	require.False(t, lives(t, s, refreshed.Value))
}

// A refreshed token has the scope that the user has granted so far, not that of the
// first token.
func TestRefreshFollowsTheGrant(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	session := login(t, s)
	access, _ := gives(t, s, exchange(consent(t, s, session.Value, "user:read").Value))
	consent(t, s, session.Value, "division:read")
	refreshed, _ := gives(t, s, refresh(access.Details.RefreshToken))
	require.Equal(t, "user:read", access.Details.Scope)
	require.Equal(t, "division:read user:read", refreshed.Details.Scope)

	later := consent(t, s, session.Value, "user:read")
	_, err := s.Pool.Exec(t.Context(), "DELETE FROM mithril.apps WHERE user_id = $1", world.ID("login_user"))
	require.NoError(t, err)
	refuses(t, s, refresh(access.Details.RefreshToken), "token.create.app")
	refuses(t, s, exchange(later.Value), "token.create.app")
}

// A logout between the checks and the write of a refresh ends the session, even
// with the expiry in a later second than the refresh.
func TestLogoutOvertakesRefresh(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	session := login(t, s)
	access, _ := gives(t, s, exchange(consent(t, s, session.Value, "user:read").Value))

	answer := overtaken(t, s, "refresh_token", access.Details.RefreshToken, refresh(access.Details.RefreshToken))
	require.Equal(t, []string{"token.create.grant_expired"}, answer.Rules())
}

func TestCodeMayBeANumber(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	request := passing(t, s, "createToken")
	refuses(t, s, with(t, request, object{"code": 299383828}), "token.create.grant")
	for _, code := range []any{true, object{}, []any{}} {
		refuses(t, s, with(t, request, object{"code": code}), "token.create.schema")
	}
}

// If two rules are violated, the earlier one answers, and nothing changes.
func TestExchangeOrder(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	request, before := passing(t, s, "createToken"), state(t, s)
	for _, c := range []struct {
		rules   []string
		changes object
	}{
		{[]string{"token.create.schema"}, object{"grant_type": nil, "client_id": 1}},
		{[]string{"token.create.grant_type_required"}, object{"grant_type": nil, "client_id": ""}},
		{[]string{"token.create.grant_type"}, object{"grant_type": "", "client_id": ""}},
		{
			[]string{"token.create.client_id", "token.create.client_secret", "token.create.code", "token.create.redirect_uri"},
			object{"client_id": "", "client_secret": "", "code": "", "redirect_uri": ""},
		},
		{
			[]string{"token.create.client_id", "token.create.client_secret", "token.create.refresh_token"},
			object{"grant_type": "refresh_token", "client_id": "", "client_secret": "", "code": "", "redirect_uri": ""},
		},
		{[]string{"token.create.redirect_uri"}, object{"redirect_uri": "", "client_secret": "wrong"}},
		{[]string{"token.create.connection"}, object{"client_secret": "wrong", "code": "unknown"}},
		{[]string{"token.create.grant"}, object{"code": "unknown", "redirect_uri": "https://example.org/"}},
		{[]string{"token.create.grant_client"}, object{"code": world.TokenValue("foreign_code"), "redirect_uri": "https://example.org/"}},
		{[]string{"token.create.grant_expired"}, object{"code": world.TokenValue("expired_code"), "redirect_uri": "https://example.org/"}},
		{[]string{"token.create.redirect"}, object{"code": world.TokenValue("revoked_code"), "redirect_uri": "https://example.org/"}},
		{[]string{"token.create.redirect"}, object{"code": world.TokenValue("used_code"), "redirect_uri": "https://example.org/"}},
		{[]string{"token.create.grant_client"}, object{
			"grant_type": "refresh_token", "refresh_token": world.TokenValue("expired_refresh"),
			"client_id": world.ID("other_clinic"), "client_secret": world.Secret("other_clinic"),
		}},
	} {
		refuses(t, s, with(t, request, c.changes), c.rules...)
	}

	// An expired code of another client, and a used code whose grant was revoked.
	for _, change := range []string{
		"UPDATE mithril.tokens SET expires_at = 0 WHERE id = '" + world.ID("token foreign_code").String() + "'",
		"UPDATE mithril.tokens SET details = details || '{\"used\": true}' WHERE id = '" + world.ID("token revoked_code").String() + "'",
	} {
		_, err := s.Pool.Exec(t.Context(), change)
		require.NoError(t, err)
	}
	changed := state(t, s)
	refuses(t, s, with(t, request, object{"code": world.TokenValue("foreign_code")}), "token.create.grant_client")
	refuses(t, s, with(t, request, object{"code": world.TokenValue("revoked_code")}), "token.create.app")
	require.Equal(t, changed, state(t, s))
	require.NotEqual(t, before, changed)

	gives(t, s, request)
}

// The operation needs no token and ignores one.
func TestExchangeIsPublic(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle(), testkit.With("GATEWAY_API_KEY", "required"))
	request := passing(t, s, "createToken").Header("API-key", "").Bearing("nonsense")
	require.Equal(t, http.StatusCreated, s.Send(t, request).Status)
}
