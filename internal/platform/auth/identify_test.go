package auth_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/auth"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestDeleteExpired(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	tokens := &auth.Authenticator{Pool: s.Pool, Clock: s.Clock}
	request := testkit.As(world.TokenValue("expired"), http.MethodGet, "/oauth/user", nil)
	_, end := kept(t, s, world.TokenValue("expired"))

	until(s, end, -30*24*time.Hour)
	require.NoError(t, tokens.DeleteExpired(t.Context()))
	refuses(t, s, request, "gateway.token.expired")
	until(s, end, -30*24*time.Hour-time.Second)
	require.NoError(t, tokens.DeleteExpired(t.Context()))
	refuses(t, s, request, "gateway.token.unknown")
	require.True(t, lives(t, s, world.TokenValue("doctor")))
}
