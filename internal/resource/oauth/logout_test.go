package oauth_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/seal"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func logout(value string) world.Request {
	return testkit.As(value, http.MethodPost, "/auth/logout", nil)
}

// A session is an access token, its refresh token and all access tokens of that one.
func TestLogoutEndsTheSession(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	session := login(t, s)
	access, _ := gives(t, s, exchange(consent(t, s, session.Value, "user:read").Value))
	sibling, _ := gives(t, s, refresh(access.Details.RefreshToken))
	leaving, _ := gives(t, s, refresh(access.Details.RefreshToken))
	other, _ := gives(t, s, exchange(consent(t, s, session.Value, "user:read").Value))

	answer := s.Send(t, logout(leaving.Value))
	require.Equal(t, http.StatusOK, answer.Status)
	require.JSONEq(t, "{}", string(answer.Body.Data))
	for _, ended := range []token{access, sibling, leaving} {
		require.False(t, lives(t, s, ended.Value))
	}
	refuses(t, s, refresh(access.Details.RefreshToken), "token.create.grant_expired")
	refuses(t, s, logout(leaving.Value), "gateway.token.expired")

	for _, stays := range []token{session, other} {
		require.True(t, lives(t, s, stays.Value))
	}
	gives(t, s, refresh(other.Details.RefreshToken))
}

// If a token has no refresh token, only this token ends.
func TestLogoutOfALogin(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	session := login(t, s)
	access, _ := gives(t, s, exchange(consent(t, s, session.Value, "user:read").Value))
	require.Equal(t, http.StatusOK, s.Send(t, logout(session.Value)).Status)
	require.False(t, lives(t, s, session.Value))
	require.True(t, lives(t, s, access.Value))
	require.True(t, lives(t, s, world.TokenValue("doctor")))
}

func TestParallelLogouts(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	first, _ := gives(t, s, passing(t, s, "createToken"))
	tokens := []token{first}
	for range 7 {
		next, _ := gives(t, s, refresh(first.Details.RefreshToken))
		tokens = append(tokens, next)
	}
	counts := all(t, len(tokens), func(i int) *testkit.Response { return s.Send(t, logout(tokens[i].Value)) })
	require.Equal(t, map[string]int{"": 1, "gateway.token.expired": 7}, counts, "they are tokens of one session")
}

// A logout that waits for another logout of a later second gets the answer of an
// expired token.
func TestLogoutOvertakesLogout(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	session := login(t, s)
	answer := overtaken(t, s, "access_token", session.Value, logout(session.Value))
	require.Equal(t, []string{"gateway.token.expired"}, answer.Rules())
}

// overtaken sends a request. While it waits for the row of a token, another logout
// ends the token, with an expiry one second later.
func overtaken(t *testing.T, s *testkit.Server, name, value string, request world.Request) *testkit.Response {
	t.Helper()
	other, err := s.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer other.Rollback(context.Background()) //nolint:errcheck // it is committed, or the test has failed
	_, err = other.Exec(t.Context(), "UPDATE mithril.tokens SET expires_at = $1 WHERE name = $2 AND value_hash = $3",
		s.Clock.Now().Unix()+1, name, seal.Token(value))
	require.NoError(t, err)
	answer := make(chan *testkit.Response, 1)
	go func() { answer <- s.Send(t, request) }()
	require.Eventually(t, func() bool {
		return s.Count(t, "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 1
	}, time.Minute, 5*time.Millisecond)
	require.NoError(t, other.Commit(t.Context()))
	return <-answer
}

// No refresh that runs parallel to a logout leaves a valid token.
func TestLogoutAgainstRefresh(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	session := login(t, s)
	for range 5 {
		access, _ := gives(t, s, exchange(consent(t, s, session.Value, "division:read").Value))
		counts := all(t, 9, func(i int) *testkit.Response {
			if i == 4 {
				return s.Send(t, logout(access.Value))
			}
			return s.Send(t, refresh(access.Details.RefreshToken))
		})
		require.Equal(t, 9, counts[""]+counts["token.create.grant_expired"])
		require.Zero(t, number(t, s, "SELECT count(*) FROM mithril.tokens WHERE user_id = $1 AND expires_at > $2 AND id <> $3 AND name <> 'authorization_code'",
			world.ID("login_user"), s.Clock.Now().Unix(), session.ID))
	}
}
