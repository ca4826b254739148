package testkit_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// Tests of one process share the engines and nothing else.
func TestServersAreIsolated(t *testing.T) {
	t.Parallel()
	one, two := testkit.New(t), testkit.New(t)
	require.NotEqual(t, one.URL, two.URL)

	_, err := one.Pool.Exec(t.Context(), "DELETE FROM mithril.tokens")
	require.NoError(t, err)
	request := testkit.As("sandbox-doctor", http.MethodDelete, "/api/divisions", nil)
	require.Equal(t, http.StatusUnauthorized, one.Send(t, request).Status)
	require.Equal(t, http.StatusForbidden, two.Send(t, request).Status)
}
