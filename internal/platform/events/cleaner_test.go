package events_test

import (
	"strconv"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/events"
	"esoz/internal/platform/postgres"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestCleanerKeepsTheYoungAndTheNewest(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.With("EVENTS_EXPIRATION", "30"), testkit.Idle())
	_, err := srv.Pool.Exec(t.Context(), "DELETE FROM event_manager.events")
	require.NoError(t, err)
	now := srv.Clock.Now()
	ages := map[int]uuid.UUID{}
	for _, days := range []int{0, 1, 2, 29, 31} {
		ages[days] = uuid.New()
		require.NoError(t, postgres.InTx(t.Context(), srv.Pool, func(tx pgx.Tx) error {
			return events.Write(t.Context(), tx, events.Event{
				ID: ages[days], Type: events.StatusChange, EntityType: "Person", EntityID: uuid.New(), Attribute: "status",
				NewValue: strconv.Itoa(days), At: now.AddDate(0, 0, -days), ChangedBy: uuid.New(),
			})
		}))
	}
	cleaner := &events.Cleaner{Pool: srv.Pool, Clock: srv.Clock, Config: srv.Config}
	srv.Set(t, map[string]string{"MAX_EVENTS": "100"})
	require.NoError(t, cleaner.Run(t.Context()))
	require.Equal(t, 5, srv.Count(t, "event_manager.events"), "the newest 100 stay, however old")
	srv.Set(t, map[string]string{"MAX_EVENTS": "1"})
	require.NoError(t, cleaner.Run(t.Context()))
	require.Equal(t, 4, srv.Count(t, "event_manager.events"), "MAX_EVENTS does not cut what is younger than EVENTS_EXPIRATION")
	require.Zero(t, srv.Count(t, "event_manager.events WHERE id = $1", ages[31]))
}
