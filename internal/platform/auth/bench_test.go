package auth_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/auth"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// BenchmarkIdentify measures the token look-up of every request.
func BenchmarkIdentify(b *testing.B) {
	srv := testkit.New(b, testkit.Idle())
	authenticator := &auth.Authenticator{Pool: srv.Pool, Clock: srv.Clock, Config: srv.Config}
	b.ReportAllocs()
	for b.Loop() {
		_, err := authenticator.Identify(b.Context(), world.TokenValue("owner"), world.MISKey)
		require.NoError(b, err)
	}
}
