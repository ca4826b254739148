package app_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// Workers are told of a job also when it comes right after another. Those that
// they are not told of wait until the workers look by themselves, up to a second.
func TestEveryJobIsAnnounced(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, s.Pool.Config().ConnConfig)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(ctx, `LISTEN "river.river_insert"`)
	require.NoError(t, err)

	for _, phone := range []string{"+380501234561", "+380501234562", "+380501234563"} {
		r := s.Send(t, testkit.As(world.TokenValue("doctor"), http.MethodPost, "/api/verifications", map[string]string{"phone_number": phone}))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		_, err = conn.WaitForNotification(ctx)
		require.NoError(t, err, "the SMS to %s", phone)
	}
}
