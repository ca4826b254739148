package auth_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func logout(value string) world.Request {
	return testkit.As(value, http.MethodPost, "/auth/logout", nil)
}

// A session is an access token, its refresh token and what that one gave.
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

// A token without a refresh token ends alone.
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

// No refresh slips through beside a logout.
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
