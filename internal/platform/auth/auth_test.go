package auth_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/auth"
	"esoz/internal/platform/seal"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestDeleteExpired(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	tokens := &auth.Authenticator{Pool: s.Pool, Clock: s.Clock, Config: s.Config}
	answered := func(name string) (status int, rules []string) {
		answer := s.Send(t, testkit.As(world.TokenValue(name), http.MethodGet, "/oauth/user", nil))
		return answer.Status, answer.Rules()
	}
	var end int64
	row := s.Pool.QueryRow(t.Context(), "SELECT expires_at FROM mithril.tokens WHERE value_hash = $1", seal.Token(world.TokenValue("expired")))
	require.NoError(t, row.Scan(&end))

	s.Clock.Set(time.Unix(end, 0).Add(30 * 24 * time.Hour))
	require.NoError(t, tokens.DeleteExpired(t.Context()))
	_, rules := answered("expired")
	require.Equal(t, []string{"gateway.token.expired"}, rules)

	s.Clock.Set(time.Unix(end, 0).Add(30*24*time.Hour + time.Second))
	require.NoError(t, tokens.DeleteExpired(t.Context()))
	_, rules = answered("expired")
	require.Equal(t, []string{"gateway.token.unknown"}, rules)
	status, _ := answered("doctor")
	require.Equal(t, http.StatusOK, status)
}
